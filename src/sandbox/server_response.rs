//! What a handler returns.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use time::OffsetDateTime;

use super::api_error::ApiError;
use super::server_state::ServerState;

pub(super) type HandlerResult = Result<ServerResponse, ApiError>;

pub(super) struct ServerResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Replaces this response if the handler cannot complete it yet.
    pub(super) deferred: Option<DeferredResponse>,
}

pub(super) struct DeferredResponse {
    /// When to call `complete`, on the sandbox's clock.
    pub(super) at: OffsetDateTime,
    pub(super) complete: Box<dyn FnOnce(&mut ServerState) -> HandlerResult + Send>,
}

impl ServerResponse {
    pub(super) fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        ServerResponse { status, headers, body: body.into(), deferred: None }
    }

    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // The bodies are this module's own types, and all of them serialize.
        ServerResponse::new(status, "application/json", serde_json::to_vec(body).unwrap_or_default())
    }

    pub(super) fn ok(body: &impl Serialize) -> Self {
        ServerResponse::json(StatusCode::OK, body)
    }

    /// Wraps `data` in the envelope of the auth routes.
    pub(super) fn enveloped(data: &impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Envelope<'a, T> {
            success: bool,
            data: &'a T,
        }
        ServerResponse::ok(&Envelope { success: true, data })
    }

    pub(super) fn header(mut self, name: &'static str, value: &impl ToString) -> Self {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}
