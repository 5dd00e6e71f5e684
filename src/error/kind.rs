//! The kinds of errors.

/// The kind of an [`Error`](crate::Error).
///
/// More kinds may be added, so a `match` needs a wildcard arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration of the session or its environment is wrong. Nothing was sent.
    Configuration,
    /// The server refused the key and secret at login.
    InvalidCredentials,
    /// The server refused the access token and then a new one, or the signature or timestamp of a webhook is invalid.
    Unauthorized,
    /// The server refuses this client (403): its address is not on the IP allow-list, or the feature is off.
    Forbidden,
    /// The session is logged out. `login()` opens it again.
    LoggedOut,
    /// The object does not exist, or this client has no access to it.
    NotFound,
    /// The request is invalid. It was refused before it was sent, or by the server (400, 422).
    InvalidRequest,
    /// The wallet does not cover the order.
    InsufficientFunds,
    /// An order with this client reference exists, and it is not known to be this one: its content differs, or an
    /// earlier call may have placed it and the server does not show its content.
    DuplicateReference,
    /// The client sent too many requests. [`Error::retry_after`](crate::Error::retry_after) says how long to wait.
    RateLimited,
    /// The server or a gateway failed (5xx).
    Server,
    /// The connection failed.
    Network,
    /// A timeout or deadline passed.
    Timeout,
    /// The response cannot be read, or does not match the request.
    InvalidResponse,
    /// The token store failed.
    Store,
}
