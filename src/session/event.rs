//! What happens to a session's tokens.

use std::time::Duration;

use crate::ErrorKind;

/// The closure of [`observer`](super::SessionBuilder::observer).
pub(super) type Observer = Box<dyn Fn(&Event) + Send + Sync>;

/// A change of the session's tokens. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The generation of the token pair, or of the last one if there is none now. It only grows.
    pub generation: u64,
    /// The remaining life of the access token, if there is one.
    pub remaining: Option<Duration>,
    /// How long the session waits before the next login or refresh, if it has to.
    pub next_attempt: Option<Duration>,
    /// What went wrong, if something did.
    pub reason: Option<ErrorKind>,
    /// What went wrong, in words. It may change at any time: show it, but do not match on it.
    pub message: Option<String>,
}

/// The kinds of [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A login returned a new token pair.
    Minted,
    /// A refresh returned a new token pair.
    Refreshed,
    /// The session adopted a token pair that another process had stored.
    Adopted,
    /// The token store failed. The session goes on without it, and logs in for itself if it has to.
    StoreFailed,
    /// Every attempt to log in or refresh failed.
    Failed,
    /// The response to a login or refresh was lost. Its refresh token is not used again.
    Unknown,
    /// The server refused a token that had not expired.
    Rejected,
    /// The session was logged out, or forgot its tokens.
    LoggedOut,
}
