//! Handles one request: reads it, applies its fault, executes it and builds the response.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::{Body, Incoming};
use parking_lot::Mutex;

use super::faults::Fault;
use super::response_body::{ResponseBody, close_connection};
use super::server_request::ServerRequest;
use super::server_response::ServerResponse;
use super::server_state::{RequestContext, ServerState};
use super::timestamps::http_date;
use crate::Clock;

/// In bytes.
const MAX_REQUEST_BODY: usize = 1 << 20;

/// How often a waiting request reads the sandbox's clock. A test can advance it at any time.
const CLOCK_POLL: Duration = Duration::from_millis(5);

/// Returns the response, or an error that closes the connection without one.
pub(super) async fn respond(
    state: Arc<Mutex<ServerState>>,
    request: Request<Incoming>,
) -> io::Result<Response<ResponseBody>> {
    let (parts, body) = request.into_parts();
    let request = ServerRequest::new(parts, collect(body).await?);
    let RequestContext { fault, new_refresh_token, received_at } = state.lock().receive(&request);
    let (response, fault) = execute_with_fault(&state, &request, fault, received_at).await?;
    if let Some(token) = new_refresh_token
        && matches!(response.status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS)
    {
        state.lock().auth.forget_presented(&token);
    }
    Ok(finish(&state, &request, response, fault.as_ref()))
}

/// Reads the request in full. A fault must not close the connection before the request has arrived.
async fn collect(mut body: Incoming) -> io::Result<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await {
        let data = frame.ok().and_then(|frame| frame.into_data().ok()).ok_or_else(close_connection)?;
        if bytes.len() + data.len() > MAX_REQUEST_BODY {
            return Err(close_connection());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// Executes the request unless its fault prevents that. Also returns the fault if it may change the body.
async fn execute_with_fault(
    state: &Mutex<ServerState>,
    request: &ServerRequest,
    fault: Option<Fault>,
    received_at: Duration,
) -> io::Result<(ServerResponse, Option<Fault>)> {
    let Some(mut fault) = fault else { return Ok((execute(state, request).await, None)) };
    loop {
        fault = match fault {
            Fault::After(delay, then) => {
                tokio::time::sleep(delay).await;
                *then
            }
            Fault::Held(by, then) => {
                sleep_until(state, received_at.saturating_add(by)).await;
                match then {
                    Some(fault) => *fault,
                    None => return Ok((execute(state, request).await, None)),
                }
            }
            Fault::Times(_, fault) => *fault,
            fault => break apply(state, request, fault).await,
        };
    }
}

/// Waits until the sandbox's clock reads `end`.
async fn sleep_until(state: &Mutex<ServerState>, end: Duration) {
    let clock = state.lock().clock.clone();
    while clock.monotonic() < end {
        tokio::time::sleep(CLOCK_POLL).await;
    }
}

async fn apply(
    state: &Mutex<ServerState>,
    request: &ServerRequest,
    fault: Fault,
) -> io::Result<(ServerResponse, Option<Fault>)> {
    if let Some(response) = fault.response_without_executing() {
        return Ok((response, None));
    }
    match &fault {
        Fault::CloseBefore => return Err(close_connection()),
        Fault::Hang => std::future::pending().await,
        Fault::Delay(delay) => tokio::time::sleep(*delay).await,
        _ => {}
    }
    let response = execute(state, request).await;
    match &fault {
        Fault::CloseAfter => return Err(close_connection()),
        Fault::HangAfter => std::future::pending().await,
        Fault::SlowResponse(delay) => tokio::time::sleep(*delay).await,
        _ => {}
    }
    Ok((fault.replace(response), Some(fault)))
}

async fn execute(state: &Mutex<ServerState>, request: &ServerRequest) -> ServerResponse {
    let result = state.lock().execute(request);
    let mut response = result.unwrap_or_else(ServerResponse::from);
    if let Some(deferred) = response.deferred.take() {
        while state.lock().now() < deferred.at {
            tokio::time::sleep(CLOCK_POLL).await;
        }
        let mut state = state.lock();
        state.settle();
        response = (deferred.complete)(&mut state).unwrap_or_else(ServerResponse::from);
    }
    response
}

/// Adds the headers that every response carries, and applies the faults that change the body.
fn finish(
    state: &Mutex<ServerState>,
    request: &ServerRequest,
    response: ServerResponse,
    fault: Option<&Fault>,
) -> Response<ResponseBody> {
    let ServerResponse { status, headers, body, .. } = response;
    let mut response = Response::new(match fault {
        Some(Fault::CutBody) => ResponseBody::truncated(&body),
        Some(Fault::HugeBody(length)) => ResponseBody::Huge { remaining: *length },
        _ => ResponseBody::Full(Some(body)),
    });
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let id = request.header("x-request-id").map_or_else(request_id, str::to_owned);
    let state = state.lock();
    let date = state.date_header.then(|| http_date(state.skewed(state.now())));
    drop(state);
    for (name, value) in [("x-request-id", Some(id)), (header::DATE.as_str(), date)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(http::HeaderName::from_static(name), value);
        }
    }
    response
}

fn request_id() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(27).collect()
}
