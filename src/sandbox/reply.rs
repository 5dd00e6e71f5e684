//! What a handler answers: a body, or a refusal in the API's error shape.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

use super::state::State;

/// What every handler returns.
pub(super) type Answer = Result<Reply, Refusal>;

pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The answer is not ready: at the moment given (on the sandbox's clock) it is made anew.
    pub(super) later: Option<Later>,
}

pub(super) struct Later {
    pub(super) at: OffsetDateTime,
    pub(super) then: Box<dyn FnOnce(&mut State) -> Answer + Send>,
}

impl Reply {
    pub(super) fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Reply { status, headers, body: body.into(), later: None }
    }

    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // The bodies are this module's own types, which all have a JSON form.
        Reply::new(status, "application/json", serde_json::to_vec(body).unwrap_or_default())
    }

    pub(super) fn ok(body: &impl Serialize) -> Self {
        Reply::json(StatusCode::OK, body)
    }

    /// The envelope of the auth routes.
    pub(super) fn enveloped(data: &impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Envelope<'a, T> {
            success: bool,
            data: &'a T,
        }
        Reply::ok(&Envelope { success: true, data })
    }

    pub(super) fn header(mut self, name: &'static str, value: &impl ToString) -> Self {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

/// A refusal: one error object with the status it travels under.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    name: &'static str,
    code: &'static str,
    message: String,
    retry_after: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, name: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Refusal { status, name, code, message: message.into(), retry_after: None }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, "ValidationException", "VALIDATION_FAILURE", message)
    }

    pub(super) fn syntax() -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, "SyntaxError", "SYNTAX_ERROR", "Invalid request body")
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, "BadRequestError", "BAD_REQUEST", message)
    }

    pub(super) fn query() -> Self {
        Refusal::bad_request("Invalid query parameters")
    }

    pub(super) fn insufficient_funds() -> Self {
        let message = "Insufficient wallet balance";
        Refusal::new(StatusCode::BAD_REQUEST, "BadRequestError", "INSUFFICIENT_FUNDS", message)
    }

    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::UNAUTHORIZED, "UnauthorizedError", "UNAUTHORIZED", message)
    }

    pub(super) fn forbidden() -> Self {
        let message = "IP address not authorized";
        Refusal::new(StatusCode::FORBIDDEN, "ForbiddenError", "FORBIDDEN", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::NOT_FOUND, "NotFoundError", "NOT_FOUND", message)
    }

    pub(super) fn too_many_requests(seconds: u64) -> Self {
        let message = format!("Rate limit exceeded. Retry after {seconds} seconds.");
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut refusal = Refusal::new(status, "TooManyRequestsError", "TOO_MANY_REQUESTS", message);
        refusal.retry_after = Some(seconds);
        refusal
    }

    /// What a server would say under this status when it was told to.
    pub(super) fn scripted(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Refusal::bad_request("Bad request"),
            StatusCode::UNAUTHORIZED => Refusal::unauthorized("Invalid or expired access token"),
            StatusCode::FORBIDDEN => Refusal::forbidden(),
            StatusCode::NOT_FOUND => Refusal::not_found("Not found"),
            StatusCode::TOO_MANY_REQUESTS => Refusal::too_many_requests(1),
            _ => Refusal::new(status, "InternalServerError", "INTERNAL_SERVER_ERROR", "Something went wrong"),
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, name, code, message, retry_after } = refusal;
        let reply =
            Reply::json(status, &json!({ "error": { "name": name, "code": code, "message": message } }));
        match retry_after {
            Some(seconds) => reply.header("retry-after", &seconds),
            None => reply,
        }
    }
}
