//! The error type of the crate: opaque, one word wide, without secrets or body bytes.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroize;

mod kind;
mod server_text;
mod shown;
mod unreadable;

pub use kind::ErrorKind;
use server_text::redacted;
pub(crate) use server_text::{SHORTEST_SECRET, printable};
pub use unreadable::Unreadable;

use crate::http::Route;

/// Any error of this crate.
///
/// Match on its [`kind`](Error::kind). Its text is one line that names the route and, if no connection was made, the
/// host and port. It does not include the cause, which [`source`](StdError::source) returns.
///
/// ```text
/// GET /api/v1/products/:id: there is no such object, or this client may not see it (404 NOT_FOUND): no such product
/// POST /auth/login: no connection to the server api.example.com:443 within the time limit
/// ```
///
/// An error is one word wide. It never holds bytes of a request or response, a URL with a query, a token, or the code
/// of a gift card or an eSIM.
///
/// If a login fails, all threads that waited for it get clones of its error.
#[derive(Clone)]
pub struct Error(Box<ErrorData>);

#[derive(Clone)]
struct ErrorData {
    kind: ErrorKind,
    route: Option<Box<str>>,
    message: Cow<'static, str>,
    status: Option<u16>,
    code: Option<Box<str>>,
    server_message: Option<Box<str>>,
    request_id: Option<Box<str>>,
    retry_after: Option<Duration>,
    may_have_executed: bool,
    client_reference: Option<Box<str>>,
    unreadable: Option<Unreadable>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    /// The source may hold anything, so only the caller prints it.
    has_foreign_source: bool,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Box::new(ErrorData {
            kind,
            route: None,
            message: message.into(),
            status: None,
            code: None,
            server_message: None,
            request_id: None,
            retry_after: None,
            may_have_executed: false,
            client_reference: None,
            unreadable: None,
            source: None,
            has_foreign_source: false,
        }))
    }

    /// Creates the error of a [`TokenStore`](crate::store::TokenStore) that is unavailable.
    ///
    /// `message` says what failed, and `cause` why: both are shown to the user and must hold no secret. The kind is
    /// [`Store`](ErrorKind::Store).
    ///
    /// ```
    /// use popup_rewards::{Error, ErrorKind};
    ///
    /// let cause = std::io::Error::other("no space left on device");
    /// let error = Error::store("failed to write the token file", cause);
    /// assert_eq!(error.kind(), ErrorKind::Store);
    /// ```
    pub fn store(
        message: impl Into<Cow<'static, str>>,
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        let mut error = Error::new(ErrorKind::Store, message);
        error.0.source = Some(cause.into().into());
        error
    }

    /// The error of a closure of the caller's, which is kept as the source. An error of this crate stays as it is.
    pub(crate) fn of_user_code(message: &'static str, cause: Box<dyn StdError + Send + Sync>) -> Self {
        cause.downcast::<Error>().map_or_else(
            |foreign| {
                let mut error = Error::configuration(message);
                error.0.source = Some(foreign.into());
                error.0.has_foreign_source = true;
                error
            },
            |own| *own,
        )
    }

    /// Returns the text of the error and its cause, unless the cause is foreign.
    pub(crate) fn in_full(&self) -> String {
        let cause = self.source().filter(|_| !self.0.has_foreign_source);
        cause.map_or_else(|| self.to_string(), |cause| format!("{self}: {cause}"))
    }

    pub(crate) fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::Configuration, message)
    }

    pub(crate) fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::InvalidRequest, message)
    }

    pub(crate) fn invalid_response(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::InvalidResponse, message)
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Names the route of the call that failed, unless the error is that of another call, such as the login.
    pub(crate) fn with_route(self, route: &Route) -> Self {
        if self.0.route.is_some() {
            return self;
        }
        self.with_route_text(route.shown().as_deref())
    }

    pub(crate) fn with_route_text(mut self, route: Option<&str>) -> Self {
        self.0.route = route.map(printable);
        self
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_code(mut self, code: Option<&str>) -> Self {
        self.0.code = code.map(printable);
        self
    }

    pub(crate) fn with_server_message(mut self, message: Option<&str>) -> Self {
        self.0.server_message = message.map(printable);
        self
    }

    pub(crate) fn with_request_id(mut self, id: Option<&str>) -> Self {
        if id.is_some() {
            self.0.request_id = id.map(printable);
        }
        self
    }

    pub(crate) fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.0.retry_after = after;
        self
    }

    pub(crate) fn with_client_reference(mut self, reference: &str) -> Self {
        self.0.client_reference = Some(printable(reference));
        self
    }

    pub(crate) fn with_may_have_executed(mut self, may: bool) -> Self {
        self.0.may_have_executed = may;
        self
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.kind = kind;
        self.0.message = message.into();
        self
    }

    /// Removes a secret from the server's texts, in case the server repeats it.
    pub(crate) fn redact(mut self, secret: &str) -> Self {
        if secret.len() >= SHORTEST_SECRET {
            for text in [&mut self.0.code, &mut self.0.server_message, &mut self.0.request_id] {
                if let Some(text) = text
                    && let Some(without) = redacted(text, secret)
                {
                    text.zeroize();
                    *text = without;
                }
            }
        }
        self
    }

    /// The error of one unreadable item of a list.
    pub(crate) fn of_item(item: Unreadable) -> Self {
        let mut error = item.error().clone();
        error.0.unreadable = Some(item);
        error
    }

    /// Returns the kind of the error, to match on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the method and the path of the call that failed, with placeholders, such as `GET /api/v1/products/:id`.
    /// `None` if the error is not that of a call.
    ///
    /// If a login or refresh failed, it is that of the login or refresh, and not that of the call that needed it. For a
    /// [`RawCall`](crate::RawCall) it is the path that you gave, without a query.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.0.route.as_deref()
    }

    /// Returns the HTTP status of the response. `None` if there was no response. A status of 407 comes from a proxy.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns the server's `error.code`, such as `VALIDATION_FAILURE`. Match on this, never on a message.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Whether the response had the API's own error body. Without it, the refusal may come from a gateway, and says
    /// nothing about a key, a token or an order.
    pub(crate) fn is_from_api(&self) -> bool {
        self.0.code.is_some()
    }

    /// Returns the server's message. It may change at any time: show it, but do not match on it.
    #[must_use]
    pub fn server_message(&self) -> Option<&str> {
        self.0.server_message.as_deref()
    }

    /// Returns the `X-Request-Id` of the response, to quote in a support ticket.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns how long to wait before a retry. `None` if neither the server nor the session states a time.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same call may succeed later.
    ///
    /// Before you retry an order, check [`may_have_executed`](Error::may_have_executed) too.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        use ErrorKind::{Network, RateLimited, Server, Timeout};
        matches!(self.0.kind, RateLimited | Server | Network | Timeout)
    }

    /// Whether the call may have taken effect although it failed.
    ///
    /// If true, the order may exist. Look it up by its client reference with
    /// [`find_order`](crate::Session::find_order).
    ///
    /// If false, *this* call placed nothing, but an *earlier* call with the same reference may have. Keep the reference
    /// until a call returns the order, or until a lookup some minutes later finds nothing.
    #[must_use]
    pub fn may_have_executed(&self) -> bool {
        self.0.may_have_executed
    }

    /// Returns the unreadable item of a list that caused this error. `None` for any other error.
    ///
    /// An iterator such as [`products`](crate::Session::products) continues after such an error and ends after any
    /// other.
    #[must_use]
    pub fn unreadable(&self) -> Option<&Unreadable> {
        self.0.unreadable.as_ref()
    }

    /// Returns the client reference of the order that this error is about. `None` if it is not about an order.
    #[must_use]
    pub fn client_reference(&self) -> Option<&str> {
        self.0.client_reference.as_deref()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source: &(dyn StdError + 'static) = self.0.source.as_deref()?;
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
