//! Types shared by the state machine, the cache and the session.

use std::time::Duration;

use super::expiry::{Expiry, Zone};

/// The result of polling a blocking operation.
///
/// After `Wait`, the caller polls again when the state changes, and no later than `until` on the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poll<R> {
    Ready(R),
    Wait {
        until: Duration,
        /// Whether this is a pause: no response is pending, and only time ends the wait.
        pause: bool,
    },
}

/// The settings of the state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TokenSettings {
    /// The longest a flight may take.
    pub(crate) flight_limit: Duration,
    /// Whether credentials come from a closure, which may return others after a refused login.
    pub(crate) credentials_can_change: bool,
    /// The longest that an auth call may take, if the tokens are shared through a store.
    pub(crate) shared: Option<Duration>,
}

/// The template of an API call's path.
pub(crate) type RouteName = &'static str;

/// The next step of a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Store(StoreStep),
    Call(AuthCall),
}

/// The steps that read or change the token store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StoreStep {
    /// Reads the entry.
    Load,
    /// Takes or extends the lease, and reads the entry again.
    Acquire,
    /// Takes the refresh token out of the entry, so that no other process can present it.
    Take,
}

/// The auth calls that obtain a token pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AuthCall {
    Login,
    /// Calls the credentials closure, and logs in only if the credentials differ from those the server refused.
    LoginIfChanged,
    /// Presents the current refresh token. The cache moves the token out, so no second copy exists.
    Refresh,
}

/// What the machine needs to know of a new token pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NewPair {
    pub(crate) expiry: Expiry,
    pub(crate) has_refresh: bool,
}

/// Why an auth call returned no pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Failure {
    /// No byte was sent.
    NotSent,
    /// No byte was sent, and a retry would send none either.
    Unsendable,
    /// The API refused the refresh token or the credentials.
    Refused,
    /// 403, or any other 4xx on a login. A presented refresh token is unspent, and another auth call would fail too.
    Forbidden,
    /// 429. A presented refresh token is unspent.
    Limited { retry_after: Duration },
    /// The call may have taken effect. `from_api`: the API itself sent the 5xx, not a gateway.
    Unknown { from_api: bool, retry_after: Duration },
    /// A complete response that cannot be used.
    Unusable,
    /// The credentials are those that the server refused. Nothing was sent.
    Unchanged,
    /// The credentials closure is still running for an earlier flight. Nothing was sent.
    ClosureBusy,
    /// The credentials closure failed, or the flight panicked.
    Aborted,
}

impl Failure {
    /// Whether the API counts the call towards its rate limit.
    pub(super) fn counts(self) -> bool {
        use Failure::{Aborted, ClosureBusy, NotSent, Unchanged, Unknown, Unsendable};
        !matches!(
            self,
            NotSent | Unsendable | Unchanged | ClosureBusy | Aborted | Unknown { from_api: false, .. }
        )
    }

    /// Whether a refresh token that was presented can be presented again.
    pub(super) fn leaves_unspent(self) -> bool {
        use Failure::{Forbidden, Limited, NotSent, Unsendable};
        matches!(self, NotSent | Unsendable | Forbidden | Limited { .. })
    }

    pub(super) fn retry_after(self) -> Option<Duration> {
        match self {
            Failure::Limited { retry_after } | Failure::Unknown { retry_after, .. } => Some(retry_after),
            _ => None,
        }
    }
}

/// What the machine needs to know of a stored entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stored {
    /// Grows with every pair. 0 if there is no entry, or none that can be read.
    pub(crate) version: u64,
    /// The expiry of the access token, if there is one.
    pub(crate) expiry: Option<Expiry>,
    /// Whether there is a refresh token that may be presented.
    pub(crate) has_refresh: bool,
    /// The rest of the pause after another process's login was refused, and the number of refusals in a row. Only if
    /// it had the credentials of this session.
    pub(crate) refused: Option<(Duration, u32)>,
}

/// The result of a [`StoreStep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StoreResult {
    /// `Load` or `Acquire` has read the entry.
    Read(Stored),
    /// Another process holds the lease.
    Held,
    /// `Take` has the refresh token.
    Taken,
    /// Another process changed the entry before `Take`.
    Changed,
    /// The store failed. What it was asked to write may have been written.
    Unavailable,
}

/// What the cache does with the result of a [`StoreStep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StoreDisposition {
    /// The stored access token replaces that of the session.
    Adopt,
    /// The refresh token that was taken moves into the cache.
    Keep,
    /// The error of a refused login that another process recorded is that of this flight.
    Refused,
    /// Nothing changes.
    Nothing,
}

/// Where the refresh token of the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Held {
    /// There is none, or it may be spent.
    None,
    /// In the cache, and nowhere else.
    Mine,
    /// In the store. A flight takes it out before it presents it.
    Shared,
}

/// The result of saving a pair in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Saved {
    As {
        version: u64,
    },
    /// Another process's pair is newer. Nothing was written.
    Superseded,
    /// The store failed. The pair may have been written, so its refresh token is not used here.
    Unknown,
}

/// What the cache does with the result of an auth call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Disposition {
    /// The new pair replaces the old one.
    Publish,
    /// The presented refresh token is unspent and returns to the cache.
    PutBack,
    /// Nothing is kept: a presented refresh token may be spent.
    Discard,
    /// The flight had already ended. `revoke`: the new pair must be revoked, not just dropped.
    Late { revoke: bool },
}

/// What a call does about a 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum After401 {
    /// Retry with a token newer than the refused one. `last`: the token comes from a flight. A call gets one such
    /// retry.
    Retry { newer_than: u64, last: bool },
    /// Retry at this instant with the same token: not every node may know it yet.
    RetrySame { at: Duration },
    /// Return the 401 to the caller. `rejected`: the token is not used any more.
    Surface { rejected: bool },
}

/// How a session is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Close {
    /// Revokes every token of the client, including a pair that arrives late.
    Logout,
    /// Drops the tokens of this process, including a pair that arrives late. The API cannot revoke one pair alone.
    Forget,
}

/// A caller that waits for a token, with its own deadline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Waiter {
    /// The generation that the server has just refused.
    pub(super) newer_than: u64,
    pub(super) deadline: Duration,
    /// The number of logouts when the caller began. If it has changed, the caller gets `LoggedOut`.
    pub(super) closes: u64,
    /// The least remaining life of the token.
    pub(super) at_least: Duration,
    /// Whether the token must come from a login.
    pub(super) login: bool,
    /// The flight whose outcome the caller shares.
    pub(super) joined: Option<u64>,
}

impl Waiter {
    pub(crate) fn new(newer_than: u64, deadline: Duration, closes: u64) -> Self {
        Waiter { newer_than, deadline, closes, at_least: Duration::ZERO, login: false, joined: None }
    }

    /// Requires a token with at least this remaining life.
    pub(crate) fn at_least(self, life: Duration) -> Self {
        Waiter { at_least: life, ..self }
    }
}

/// The state that `status()` reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot {
    pub(crate) zone: Option<Zone>,
    pub(crate) generation: u64,
    pub(crate) remaining: Duration,
    pub(crate) next_attempt: Duration,
    pub(crate) closed: bool,
    pub(crate) rejected: bool,
    pub(crate) renewing: bool,
}
