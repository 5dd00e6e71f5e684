//! The one error type of the crate: opaque, one word wide, free of secrets and of body bytes.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::{Zeroize, Zeroizing};

/// What went wrong, in one word, for a `match`.
///
/// More kinds may be added, so a `match` needs a wildcard arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The session or its environment is set up wrongly; nothing was sent.
    Configuration,
    /// The server refused the key and secret at login.
    InvalidCredentials,
    /// The server refused the access token twice, the second time with a fresh one; or a webhook's signature or
    /// timestamp is not what it has to be.
    Unauthorized,
    /// The server answered 403: the address is not on the IP allow-list, or the feature is off.
    Forbidden,
    /// The session was logged out; `login()` opens it again.
    LoggedOut,
    /// The object does not exist or is not visible to this client.
    NotFound,
    /// The request is wrong, as found out before sending it or by the server (400, 422).
    InvalidRequest,
    /// The wallet does not cover the order.
    InsufficientFunds,
    /// Another order, with other content, already carries this client reference.
    DuplicateReference,
    /// Too many requests; [`Error::retry_after`] says when to come back.
    RateLimited,
    /// The server or a gateway failed (5xx).
    Server,
    /// The connection could not be made or broke.
    Network,
    /// A time limit ran out.
    Timeout,
    /// The answer could not be understood.
    InvalidResponse,
    /// The token store failed.
    Store,
}

/// An error of this crate.
///
/// It is one word wide, says what it is through [`kind`](Error::kind) and never holds request or response
/// bytes, a URL with a query, a token or a card code. Its text describes one layer; the cause, if there is
/// one, is in [`source`](StdError::source).
///
/// A clone is cheap and equal in every answer: threads that waited for the same login share its error.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    status: Option<u16>,
    code: Option<Box<str>>,
    server_message: Option<Box<str>>,
    request_id: Option<Box<str>>,
    retry_after: Option<Duration>,
    may_have_executed: bool,
    client_reference: Option<Box<str>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The longest server text an error keeps, in characters: enough for a sentence, too short for a page.
const TEXT_LIMIT: usize = 300;
/// A secret shorter than this would be found in any text.
pub(crate) const SHORTEST_SECRET: usize = 4;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            status: None,
            code: None,
            server_message: None,
            request_id: None,
            retry_after: None,
            may_have_executed: false,
            client_reference: None,
            source: None,
        }))
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
        self.0.client_reference = Some(reference.into());
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

    /// Takes a secret out of the texts the server sent, in case it echoed what it was given.
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

    /// What went wrong, for a `match`.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The HTTP status of the answer, if the server answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The server's `error.code`, such as `VALIDATION_FAILURE`. Branch on this, never on a message.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The server's own words. They may change at any time: show them, do not match on them.
    #[must_use]
    pub fn server_message(&self) -> Option<&str> {
        self.0.server_message.as_deref()
    }

    /// The `X-Request-Id` of the answer, to quote in a support ticket.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long to wait before the call has a chance again, if the server or the session said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same call may succeed later without any change.
    ///
    /// Look at [`may_have_executed`](Error::may_have_executed) too before an order is repeated.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        use ErrorKind::{Network, RateLimited, Server, Timeout};
        matches!(self.0.kind, RateLimited | Server | Network | Timeout)
    }

    /// Whether an order may exist although this call failed.
    ///
    /// If it is true, look the order up by its client reference, or repeat the call with the same reference.
    ///
    /// It speaks for this call. An order that an *earlier* call with the same reference may have placed can exist
    /// although this one says no: keep the reference until a call returns the order, or until a look for it
    /// ([`find_order`](crate::Session::find_order)) some minutes later finds nothing.
    #[must_use]
    pub fn may_have_executed(&self) -> bool {
        self.0.may_have_executed
    }

    /// The client reference of the order this error is about.
    #[must_use]
    pub fn client_reference(&self) -> Option<&str> {
        self.0.client_reference.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match (self.0.status, self.code()) {
            (Some(status), Some(code)) => write!(f, " ({status} {code})")?,
            (Some(status), None) => write!(f, " ({status})")?,
            (None, _) => {}
        }
        match self.server_message() {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind).field("message", &inner.message);
        field(&mut out, "status", inner.status.as_ref());
        field(&mut out, "code", inner.code.as_ref());
        field(&mut out, "server_message", inner.server_message.as_ref());
        field(&mut out, "request_id", inner.request_id.as_ref());
        field(&mut out, "retry_after", inner.retry_after.as_ref());
        field(&mut out, "may_have_executed", inner.may_have_executed.then_some(&true));
        field(&mut out, "client_reference", inner.client_reference.as_ref());
        field(&mut out, "source", inner.source.as_ref());
        out.finish()
    }
}

/// Shows a field only if there is something to show.
fn field<T: fmt::Debug>(out: &mut fmt::DebugStruct<'_, '_>, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        out.field(name, value);
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source: &(dyn StdError + 'static) = self.0.source.as_deref()?;
        Some(source)
    }
}

/// A server text made fit for one log line: no control characters, bounded length.
fn printable(text: &str) -> Box<str> {
    let fit = || text.chars().take(TEXT_LIMIT).map(|c| if c.is_control() { ' ' } else { c });
    // The size up front: a string that grows leaves pieces behind, and the text may repeat a token.
    let mut printable = String::with_capacity(fit().map(char::len_utf8).sum());
    printable.extend(fit());
    printable.into()
}

/// The text without the secret, if it holds it: whole, or its beginning where the text was cut to a bounded length.
fn redacted(text: &str, secret: &str) -> Option<Box<str>> {
    let without = Zeroizing::new(text.replace(secret, "[redacted]"));
    let is_cut = text.chars().count() == TEXT_LIMIT;
    let beginnings = (SHORTEST_SECRET..secret.len()).rev().filter(|_| is_cut);
    let before_cut = beginnings
        .filter_map(|length| secret.get(..length))
        .find_map(|beginning| without.strip_suffix(beginning))
        .map(|kept| format!("{kept}[redacted]"));
    match before_cut {
        Some(without) => Some(without.into()),
        None => text.contains(secret).then(|| without.as_str().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn the_text_is_one_layer_and_the_cause_is_the_source() {
        let error = Error::new(ErrorKind::Network, "the connection broke")
            .with_source(std::io::Error::other("reset by peer"));
        assert_eq!(error.to_string(), "the connection broke");
        assert_eq!(error.source().unwrap().to_string(), "reset by peer");
    }

    #[test]
    fn server_texts_are_bounded_and_keep_to_one_line() {
        let long = format!("first\nsecond\u{1b}[31m{}", "x".repeat(10_000));
        let error = Error::invalid_request("refused").with_status(400).with_server_message(Some(&long));
        assert!(error.to_string().len() < 400);
        assert!(!error.to_string().chars().any(char::is_control));
    }

    #[test]
    fn an_echoed_secret_is_taken_out() {
        let error = Error::invalid_request("refused")
            .with_server_message(Some("bad token s3cr3t-value!"))
            .redact("s3cr3t-value");
        assert_eq!(error.server_message(), Some("bad token [redacted]!"));
    }

    #[test]
    fn a_secret_that_the_bounded_length_has_cut_is_taken_out_too() {
        let secret = "0123456789".repeat(50);
        for before in [0, 1, 200, 290, 297] {
            let message = format!("{} {secret}", "x".repeat(before));
            let error = Error::invalid_request("refused").with_server_message(Some(&message)).redact(&secret);
            let shown = error.server_message().unwrap();
            assert!(!shown.contains("0123"), "{shown}");
            assert!(shown.starts_with(&"x".repeat(before)));
        }
    }
}
