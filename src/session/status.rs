//! The state and the counters of a session.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::token::{Snapshot, Zone};

/// The state of a session's tokens at one instant. It holds no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStatus {
    /// The phase of the access token's life.
    pub state: SessionState,
    /// The number of token pairs so far. It only grows.
    pub generation: u64,
    /// The remaining life of the access token; zero if there is none.
    pub remaining: Duration,
    /// How long the session waits before the next login or refresh; zero if it need not wait.
    pub next_attempt: Duration,
    /// Whether a login or refresh is under way.
    pub renewing: bool,
}

/// The phase of an access token's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionState {
    /// There is no token yet. The first call logs in.
    Empty,
    /// The token is valid.
    Fresh,
    /// The token is valid, and is being renewed in the background.
    Expiring,
    /// The token has expired, or expires within two seconds. The next call waits for a new one.
    Expired,
    /// The server refused the token before it was ever accepted.
    Rejected,
    /// The session was logged out. `login()` opens it again.
    LoggedOut,
}

impl SessionStatus {
    pub(super) fn of(snapshot: Snapshot) -> Self {
        let state = match snapshot.zone {
            _ if snapshot.closed => SessionState::LoggedOut,
            _ if snapshot.rejected => SessionState::Rejected,
            None => SessionState::Empty,
            Some(Zone::Fresh) => SessionState::Fresh,
            Some(Zone::Expiring) => SessionState::Expiring,
            Some(Zone::Expired) => SessionState::Expired,
        };
        SessionStatus {
            state,
            generation: snapshot.generation,
            remaining: snapshot.remaining,
            next_attempt: snapshot.next_attempt,
            renewing: snapshot.renewing,
        }
    }
}

/// The counters of a session and its clones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// Logins sent.
    pub logins: u64,
    /// Refreshes sent.
    pub refreshes: u64,
    /// Retries of API calls.
    pub retries: u64,
    /// API calls, each counted once, whatever its retries.
    pub calls: u64,
    /// How often a caller waited for a login or refresh.
    pub waits: u64,
}

/// The counters behind [`SessionStats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    logins: AtomicU64,
    refreshes: AtomicU64,
    retries: AtomicU64,
    calls: AtomicU64,
}

impl Counters {
    pub(super) fn login(&self) {
        self.logins.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refresh(&self) {
        self.refreshes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, waits: u64) -> SessionStats {
        SessionStats {
            logins: self.logins.load(Ordering::Relaxed),
            refreshes: self.refreshes.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
            waits,
        }
    }
}
