//! What went wrong, in one word.

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
    /// An order that is not known to be this one already has the client reference: it has other content, or was placed
    /// by an earlier call and does not show its content.
    DuplicateReference,
    /// Too many requests; [`Error::retry_after`](crate::Error::retry_after) says when to come back.
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
