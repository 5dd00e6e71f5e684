//! The API's error object.

use http::StatusCode;
use serde_json::json;

use super::server_response::ServerResponse;

/// The API's error object and the status it is sent with.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    name: &'static str,
    code: &'static str,
    message: String,
    retry_after: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, name: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        ApiError { status, name, code, message: message.into(), retry_after: None }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        ApiError::new(StatusCode::BAD_REQUEST, "ValidationException", "VALIDATION_FAILURE", message)
    }

    pub(super) fn syntax() -> Self {
        ApiError::new(StatusCode::BAD_REQUEST, "SyntaxError", "SYNTAX_ERROR", "Invalid request body")
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        ApiError::new(StatusCode::BAD_REQUEST, "BadRequestError", "BAD_REQUEST", message)
    }

    pub(super) fn query() -> Self {
        ApiError::bad_request("Invalid query parameters")
    }

    pub(super) fn insufficient_funds() -> Self {
        let message = "Insufficient wallet balance";
        ApiError::new(StatusCode::BAD_REQUEST, "BadRequestError", "INSUFFICIENT_FUNDS", message)
    }

    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        ApiError::new(StatusCode::UNAUTHORIZED, "UnauthorizedError", "UNAUTHORIZED", message)
    }

    pub(super) fn forbidden() -> Self {
        let message = "IP address not authorized";
        ApiError::new(StatusCode::FORBIDDEN, "ForbiddenError", "FORBIDDEN", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        ApiError::new(StatusCode::NOT_FOUND, "NotFoundError", "NOT_FOUND", message)
    }

    pub(super) fn too_many_requests(seconds: u64) -> Self {
        let message = format!("Rate limit exceeded. Retry after {seconds} seconds.");
        let status = StatusCode::TOO_MANY_REQUESTS;
        let error = ApiError::new(status, "TooManyRequestsError", "TOO_MANY_REQUESTS", message);
        ApiError { retry_after: Some(seconds), ..error }
    }

    /// The error a server would send with a status that a fault chose.
    pub(super) fn with_status(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => ApiError::bad_request("Bad request"),
            StatusCode::UNAUTHORIZED => ApiError::unauthorized("Invalid or expired access token"),
            StatusCode::FORBIDDEN => ApiError::forbidden(),
            StatusCode::NOT_FOUND => ApiError::not_found("Not found"),
            StatusCode::TOO_MANY_REQUESTS => ApiError::too_many_requests(1),
            _ => {
                ApiError::new(status, "InternalServerError", "INTERNAL_SERVER_ERROR", "Something went wrong")
            }
        }
    }
}

impl From<ApiError> for ServerResponse {
    fn from(error: ApiError) -> Self {
        let ApiError { status, name, code, message, retry_after } = error;
        let body = json!({ "error": { "name": name, "code": code, "message": message } });
        let response = ServerResponse::json(status, &body);
        match retry_after {
            Some(seconds) => response.header("retry-after", &seconds),
            None => response,
        }
    }
}
