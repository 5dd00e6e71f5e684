//! Errors for the tests of callers.

use std::time::Duration;

use crate::{Error, ErrorKind};

/// Makes any [`Error`], for a fake in your tests. See [Test your own code](super#test-your-own-code).
///
/// It does not check that the parts go together: a test decides what its server says.
///
/// ```
/// use popup_rewards::ErrorKind;
/// use popup_rewards::sandbox::ErrorBuilder;
///
/// let error = ErrorBuilder::new(ErrorKind::NotFound)
///     .route("GET /api/v1/products/:id")
///     .status(404)
///     .code("NOT_FOUND")
///     .server_message("no such product")
///     .build();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.to_string(), "GET /api/v1/products/:id: made by a test (404 NOT_FOUND): no such product");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ErrorBuilder(Error);

impl ErrorBuilder {
    /// Starts with an error that has a kind and nothing else.
    pub fn new(kind: ErrorKind) -> Self {
        ErrorBuilder(Error::new(kind, "made by a test"))
    }

    /// Sets [`Error::route`].
    pub fn route(self, route: &str) -> Self {
        ErrorBuilder(self.0.with_route_text(Some(route)))
    }

    /// Sets [`Error::status`].
    pub fn status(self, status: u16) -> Self {
        ErrorBuilder(self.0.with_status(status))
    }

    /// Sets [`Error::code`].
    pub fn code(self, code: &str) -> Self {
        ErrorBuilder(self.0.with_code(Some(code)))
    }

    /// Sets [`Error::server_message`].
    pub fn server_message(self, message: &str) -> Self {
        ErrorBuilder(self.0.with_server_message(Some(message)))
    }

    /// Sets [`Error::request_id`].
    pub fn request_id(self, id: &str) -> Self {
        ErrorBuilder(self.0.with_request_id(Some(id)))
    }

    /// Sets [`Error::retry_after`].
    pub fn retry_after(self, after: Duration) -> Self {
        ErrorBuilder(self.0.with_retry_after(Some(after)))
    }

    /// Sets [`Error::may_have_executed`].
    pub fn may_have_executed(self, may: bool) -> Self {
        ErrorBuilder(self.0.with_may_have_executed(may))
    }

    /// Sets [`Error::client_reference`].
    pub fn client_reference(self, reference: &str) -> Self {
        ErrorBuilder(self.0.with_client_reference(reference))
    }

    /// Returns the error.
    #[must_use]
    pub fn build(self) -> Error {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_was_set_is_returned() {
        let after = Duration::from_secs(7);
        let error = ErrorBuilder::new(ErrorKind::RateLimited)
            .route("POST /api/v1/orders")
            .status(429)
            .code("TOO_MANY_REQUESTS")
            .server_message("slow down")
            .request_id("req-1")
            .retry_after(after)
            .may_have_executed(true)
            .client_reference("ref-1")
            .build();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::RateLimited, true));
        assert_eq!((error.route(), error.status()), (Some("POST /api/v1/orders"), Some(429)));
        assert_eq!((error.code(), error.server_message()), (Some("TOO_MANY_REQUESTS"), Some("slow down")));
        assert_eq!((error.request_id(), error.client_reference()), (Some("req-1"), Some("ref-1")));
        assert_eq!((error.retry_after(), error.may_have_executed()), (Some(after), true));
    }
}
