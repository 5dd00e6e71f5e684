//! The words that the machine, the cache and the session share.

use std::time::Duration;

use super::expiry::{Expiry, Zone};

/// What every blocking operation of the crate is: done, or to be polled again after a change, at the latest at
/// `until` on the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poll<R> {
    Ready(R),
    Wait {
        until: Duration,
        /// Only time ends this wait: there is no response to wait for.
        pause: bool,
    },
}

/// The settings the machine goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rules {
    /// How long a flight may take.
    pub(crate) flight_limit: Duration,
    /// Whether a refused login may succeed later because the credentials come from a closure.
    pub(crate) credentials_can_change: bool,
}

/// The template of an API call's path.
pub(crate) type RouteName = &'static str;

/// Why a caller gets no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    LoggedOut,
    TimedOut,
    /// The flight it waited for failed, or no auth call can leave before its deadline.
    Failed {
        retry_after: Duration,
    },
    /// The session's own rolling minute leaves no room for an auth call before its deadline.
    Limited {
        retry_after: Duration,
    },
    /// The server's tokens live for less than was asked for.
    TooLong {
        life: Duration,
    },
}

/// The auth calls that mint a pair of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AuthCall {
    Login,
    /// Asks the credentials closure, and logs in only if it gives others than those the server refused.
    LoginIfChanged,
    /// Presents the refresh token of the held pair. The cache moves it out, so that it exists nowhere else.
    Refresh,
}

/// What a flight does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Send(AuthCall),
    Over,
}

/// What the machine knows of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Granted {
    pub(crate) expiry: Expiry,
    /// Whether a refresh token came with it.
    pub(crate) refresh: bool,
}

/// Why an auth call brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Failure {
    /// Not a byte left.
    NotSent,
    /// Not a byte left, and none would the next time.
    Unsendable,
    /// The API refused the refresh token, or the credentials.
    Refused,
    /// 403, and any other 4xx on a login: nothing was spent, and nothing else would help.
    Forbidden,
    /// 429: nothing was spent.
    Limited { retry_after: Duration },
    /// It may have had its effect. `answered`: the API itself sent the 5xx, and not a gateway.
    Unknown { answered: bool, retry_after: Duration },
    /// A complete response that cannot be used.
    Unusable,
    /// The credentials are still those that the server refused; nothing was sent.
    Unchanged,
    /// The credentials closure still runs for an earlier flight; nothing was sent.
    Asking,
    /// The credentials closure failed, or the flight panicked.
    Aborted,
}

impl Failure {
    /// Whether the API counted the call.
    pub(super) fn counts(self) -> bool {
        use Failure::{Aborted, Asking, NotSent, Unchanged, Unknown, Unsendable};
        !matches!(self, NotSent | Unsendable | Unchanged | Asking | Aborted | Unknown { answered: false, .. })
    }

    /// Whether a refresh token that was presented is still good.
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

/// What becomes of what an auth call brought back, or had presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verdict {
    /// The new pair replaces the old one.
    Publish,
    /// The refresh token is unspent and goes back to its pair.
    PutBack,
    /// Nothing is kept; what was presented may be spent.
    Drop,
    /// The session was closed meanwhile.
    Late { revoke: bool },
}

/// What a call does about a 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum After401 {
    /// Retry with a token newer than the one refused. `last`: a flight brings it, and there is no second.
    Retry { newer_than: u64, last: bool },
    /// Retry at this instant with the same token: it is too young for every node to know it.
    RetrySame { at: Duration },
    /// Surface the 401. `given_up`: the token is not used any more.
    Surface { given_up: bool },
}

/// How a session is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Close {
    /// The server revokes every token of the client, so a pair that arrives late is revoked as well.
    Logout,
    /// Only this process forgets: the API can revoke all pairs of a client or none, so a late pair is dropped.
    Forget,
}

/// One caller that wants a token, with a deadline of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Waiter {
    /// The generation that the server has just refused.
    pub(super) newer_than: u64,
    pub(super) deadline: Duration,
    /// How many logouts there had been when the caller began. Any other number means `LoggedOut`.
    pub(super) closes: u64,
    /// How long the token has to live.
    pub(super) at_least: Duration,
    /// Only what a login mints will do.
    pub(super) login: bool,
    /// The flight whose outcome it shares.
    pub(super) joined: Option<u64>,
}

impl Waiter {
    pub(crate) fn new(newer_than: u64, deadline: Duration, closes: u64) -> Self {
        Waiter { newer_than, deadline, closes, at_least: Duration::ZERO, login: false, joined: None }
    }

    /// The same, for a token that has so long to live.
    pub(crate) fn at_least(self, life: Duration) -> Self {
        Waiter { at_least: life, ..self }
    }
}

/// What `status()` shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot {
    pub(crate) zone: Option<Zone>,
    pub(crate) generation: u64,
    pub(crate) remaining: Duration,
    pub(crate) next_attempt: Duration,
    pub(crate) closed: bool,
    pub(crate) given_up: bool,
    pub(crate) flying: bool,
}
