//! What a session says about itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::token::{Snapshot, Zone};

/// The state of a session's tokens at one moment. It holds no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStatus {
    /// In which part of its life the access token is.
    pub state: SessionState,
    /// How many token pairs this session has had; it only grows.
    pub generation: u64,
    /// How long the access token is still valid; zero without one.
    pub remaining: Duration,
    /// How long the session waits before it tries to obtain a pair again; zero if it may do so at once.
    pub next_attempt: Duration,
    /// Whether a login or refresh is under way.
    pub renewing: bool,
}

/// In which part of its life the access token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionState {
    /// There is no token yet; the first call logs in.
    Empty,
    /// The token is used as it is.
    Fresh,
    /// The token is used while a new one is obtained in the background.
    Expiring,
    /// The token has ended, or ends within two seconds. The next call waits for a new one.
    Expired,
    /// The server refused the token although it was new.
    Rejected,
    /// The session was logged out; `login()` opens it again.
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

/// What a session and its clones have done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// Login calls made.
    pub logins: u64,
    /// Refresh calls made.
    pub refreshes: u64,
    /// Attempts beyond the first, of all calls.
    pub retries: u64,
    /// API calls made, each counted once however many attempts it took.
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
