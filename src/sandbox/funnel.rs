//! The way of one request: counted, spoilt or executed, and answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::{Body, Incoming};
use parking_lot::Mutex;

use super::call::Call;
use super::faults::Fault;
use super::payload::Payload;
use super::reply::Reply;
use super::state::{Arrival, State};
use super::wire::http_date;
use crate::Clock;

/// The connection is to be closed without an answer.
#[derive(Debug)]
pub(super) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Dropped {}

/// The longest request body, in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// How often a held request looks whether its time has come: the clock it waits for can be moved.
const GLANCE: Duration = Duration::from_millis(5);

pub(super) async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Payload>, Dropped> {
    let (parts, body) = request.into_parts();
    let body = collect(body).await?;
    let call = Call::new(parts, body);
    let Arrival { fault, presented, at } = state.lock().arrive(&call);
    let (reply, spoil) = served(&state, &call, fault, at).await?;
    if let Some(token) = presented
        && matches!(reply.status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS)
    {
        state.lock().auth.forgive(&token);
    }
    Ok(dressed(&state, &call, reply, spoil.as_ref()))
}

/// Reads the whole request, so that what is dropped later was dropped after it had arrived.
async fn collect(mut body: Incoming) -> Result<Bytes, Dropped> {
    let mut whole = BytesMut::new();
    while let Some(frame) = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await {
        let data = frame.ok().and_then(|frame| frame.into_data().ok()).ok_or(Dropped)?;
        if whole.len() + data.len() > LONGEST_BODY {
            return Err(Dropped);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// Executes the request as far as the fault lets it; also says how the body is to be spoilt.
async fn served(
    state: &Mutex<State>,
    call: &Call,
    fault: Option<Fault>,
    arrived: Duration,
) -> Result<(Reply, Option<Fault>), Dropped> {
    let Some(mut fault) = fault else { return Ok((execute(state, call).await, None)) };
    loop {
        fault = match fault {
            Fault::After(pause, then) => {
                tokio::time::sleep(pause).await;
                *then
            }
            Fault::Held(by, then) => {
                hold(state, arrived.saturating_add(by)).await;
                match then {
                    Some(fault) => *fault,
                    None => return Ok((execute(state, call).await, None)),
                }
            }
            Fault::Times(_, fault) => *fault,
            fault => break before(state, call, fault).await,
        };
    }
}

/// Waits for a moment on the sandbox's clock.
async fn hold(state: &Mutex<State>, end: Duration) {
    let clock = state.lock().clock.clone();
    while clock.monotonic() < end {
        tokio::time::sleep(GLANCE).await;
    }
}

async fn before(state: &Mutex<State>, call: &Call, fault: Fault) -> Result<(Reply, Option<Fault>), Dropped> {
    if let Some(refusal) = fault.refusal() {
        return Ok((refusal, None));
    }
    match &fault {
        Fault::CloseBefore => return Err(Dropped),
        Fault::Hang => std::future::pending().await,
        Fault::Delay(pause) => tokio::time::sleep(*pause).await,
        _ => {}
    }
    let reply = execute(state, call).await;
    match &fault {
        Fault::CloseAfter => return Err(Dropped),
        Fault::HangAfter => std::future::pending().await,
        Fault::SlowAnswer(pause) => tokio::time::sleep(*pause).await,
        _ => {}
    }
    Ok((fault.disguise(reply), Some(fault)))
}

async fn execute(state: &Mutex<State>, call: &Call) -> Reply {
    let answer = state.lock().execute(call);
    let mut reply = answer.unwrap_or_else(Reply::from);
    if let Some(later) = reply.later.take() {
        while state.lock().now() < later.at {
            tokio::time::sleep(GLANCE).await;
        }
        let mut state = state.lock();
        state.settle();
        reply = (later.then)(&mut state).unwrap_or_else(Reply::from);
    }
    reply
}

/// Adds what every answer carries, and spoils the body.
fn dressed(state: &Mutex<State>, call: &Call, reply: Reply, spoil: Option<&Fault>) -> Response<Payload> {
    let payload = match spoil {
        Some(Fault::CutBody) => Payload::cut(&reply.body),
        Some(Fault::HugeBody(left)) => Payload::Huge { left: *left },
        _ => Payload::Whole(Some(reply.body)),
    };
    let mut response = Response::new(payload);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    let id = call.header("x-request-id").map_or_else(request_id, str::to_owned);
    let state = state.lock();
    let date = state.date_header.then(|| http_date(state.shown(state.now())));
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
