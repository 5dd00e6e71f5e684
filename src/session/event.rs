//! The events of a session's tokens.

use std::time::Duration;

use crate::ErrorKind;

/// The closure of [`observer`](super::SessionBuilder::observer).
pub(super) type Observer = Box<dyn Fn(&Event) + Send + Sync>;

/// One thing that happened to the session's tokens.
///
/// It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The generation of the token pair it is about, or of the last pair there was; it only grows.
    pub generation: u64,
    /// How long the access token in use is still valid.
    pub remaining: Option<Duration>,
    /// The earliest next attempt to obtain a pair, if one has to wait.
    pub next_attempt: Option<Duration>,
    /// What went wrong, if something did.
    pub reason: Option<ErrorKind>,
}

/// The kinds of [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A login brought a token pair.
    Minted,
    /// A refresh brought a token pair.
    Refreshed,
    /// A pair that another process obtained was taken from the token store.
    Adopted,
    /// The attempts to obtain a pair failed.
    Failed,
    /// A call was lost: whether the server acted on it is unknown, and its refresh token is not used again.
    Unknown,
    /// The server refused a token that should have been valid.
    Rejected,
    /// The session was logged out, or forgot its tokens.
    LoggedOut,
}
