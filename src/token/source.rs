//! What the token cache needs from a session, and the types they exchange.

use std::io;
use std::task::Waker;
use std::time::Duration;

use super::expiry::Expiry;
use super::types::{Failure, Saved, Snapshot, Stored};
use crate::clock::Reading;
use crate::{Error, EventKind, Result};

#[derive(Debug)]
pub(crate) struct TokenPair<A, R> {
    pub(crate) access: A,
    /// Moved and never cloned, so a token that is not put back cannot be presented again.
    pub(crate) refresh: Option<R>,
    pub(crate) expiry: Expiry,
}

/// The error of an auth call, and what it means for the state machine.
#[derive(Debug)]
pub(crate) struct AuthError {
    pub(crate) failure: Failure,
    pub(crate) error: Error,
}

pub(crate) type AuthResult<A, R> = Result<TokenPair<A, R>, AuthError>;

/// An access token and the generation it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant<A> {
    pub(crate) access: A,
    pub(crate) generation: u64,
}

/// The pair that was current when the session closed, or that arrived after a logout.
pub(crate) type TokensToRevoke<S> = (<S as Source>::Access, Option<<S as Source>::Refresh>);

pub(crate) struct LoginAttempt<'a> {
    /// The credentials closure is called once per flight.
    pub(crate) flight: u64,
    /// Whether to send nothing for credentials that the server has refused.
    pub(crate) if_changed: bool,
    pub(crate) deadline: Duration,
    /// Whether the flight may send a call now: it has not ended, as it does when the session is closed, and its lease
    /// lasts.
    pub(crate) may_send: &'a dyn Fn() -> bool,
}

/// A pair to save in the store.
pub(crate) struct PairToSave<A, R> {
    /// The access token. `None` if the refresh token goes back into the entry it was taken from.
    pub(crate) access: Option<(A, Expiry)>,
    pub(crate) refresh: R,
    /// The highest version that this session has seen.
    pub(crate) seen: u64,
}

/// The token store, as one flight uses it. It remembers the entry that it read last.
pub(crate) trait FlightStore<A, R> {
    fn load(&mut self) -> Result<Stored>;
    /// Takes or extends the lease, and reads the entry. `None` if another process holds the lease.
    fn acquire(&mut self) -> Result<Option<Stored>>;
    /// Takes the refresh token out of the entry. `None` if another process has changed the entry.
    fn take(&mut self) -> Result<Option<R>>;
    /// Returns the access token of the entry, and wipes the rest.
    fn adopt(&mut self) -> Option<A>;
    /// Returns the error of the refused login that the entry records.
    fn refusal(&self) -> Error;
    /// Returns what was wrong with the entry, once.
    fn complaint(&mut self) -> Option<Error>;
    fn has_lease(&self) -> bool;
    /// Saves a pair. Writes nothing once `is_open` is false.
    fn save(&mut self, pair: &PairToSave<A, R>, is_open: &dyn Fn() -> bool) -> Result<Saved>;
    /// Records that the server refused the credentials, for the other processes.
    fn save_refusal(&mut self, pause: Duration, refusals: u32) -> Result<()>;
    /// Ends the lease.
    fn release(&mut self) -> Result<()>;
}

/// What the cache needs from a session. No method runs under the lock.
pub(crate) trait Source: Send + Sync + 'static {
    type Access: Clone + Send + 'static;
    type Refresh: Send + 'static;

    fn now(&self) -> Reading;
    /// Returns a number from `0.0..1.0`.
    fn random(&self) -> f64;
    /// Announces that this thread is about to pause until a monotonic reading.
    fn on_pause(&self, until: Duration);
    /// Registers a waker for the jumps of a clock.
    fn on_jump(&self, waker: Waker);
    /// Runs a flight on a new thread.
    fn spawn(&self, flight: Box<dyn FnOnce() + Send>) -> io::Result<()>;
    fn login(&self, attempt: LoginAttempt<'_>) -> AuthResult<Self::Access, Self::Refresh>;
    /// Presents a refresh token. Returns by `deadline`. Sends nothing if `may_send` is false.
    fn refresh(
        &self,
        token: &Self::Refresh,
        deadline: Duration,
        may_send: &dyn Fn() -> bool,
    ) -> AuthResult<Self::Access, Self::Refresh>;
    /// Returns the token store for a flight, if there is one.
    fn store(&self, flight: u64) -> Option<Box<dyn FlightStore<Self::Access, Self::Refresh> + '_>> {
        let _ = flight;
        None
    }
    /// Clears the entry of the store, if there is one, and returns its tokens.
    fn clear_store(&self) -> Result<Option<TokensToRevoke<Self>>>
    where
        Self: Sized,
    {
        Ok(None)
    }
    /// Stops all sending over the current connections. Later calls use new ones.
    fn close_connections(&self);
    /// Revokes all tokens of this client. `pause_until` waits between two attempts.
    fn revoke(
        &self,
        tokens: TokensToRevoke<Self>,
        deadline: Duration,
        pause_until: &dyn Fn(Duration),
    ) -> Result<()>
    where
        Self: Sized;
    /// Returns the parent's access token for use in a forked child.
    fn forked(&self, access: &Self::Access) -> Self::Access;
    /// Calls the observer.
    fn observe(&self, kind: EventKind, snapshot: Snapshot, reason: Option<&Error>);
}
