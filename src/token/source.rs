//! What the token cache asks of a session, and what it gives.

use std::io;
use std::task::Waker;
use std::time::Duration;

use super::expiry::Expiry;
use super::types::{Failure, Snapshot};
use crate::clock::Now;
use crate::{Error, EventKind, Result};

/// What an auth call brought.
#[derive(Debug)]
pub(crate) struct Pair<A, R> {
    pub(crate) access: A,
    /// Moved, never cloned: what is not put back cannot be presented again.
    pub(crate) refresh: Option<R>,
    pub(crate) expiry: Expiry,
}

/// The error of an auth call, and what it means for the engine.
#[derive(Debug)]
pub(crate) struct AuthError {
    pub(crate) failure: Failure,
    pub(crate) error: Error,
}

/// The result of an auth call.
pub(crate) type Minted<A, R> = Result<Pair<A, R>, AuthError>;

/// An access token and the generation it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant<A> {
    pub(crate) access: A,
    pub(crate) generation: u64,
}

/// What was held when the session was closed, and has to be revoked.
pub(crate) type HeldTokens<S> = (<S as Source>::Access, Option<<S as Source>::Refresh>);

/// One attempt to log in.
pub(crate) struct Attempt<'a> {
    /// Credentials are asked for once in a flight.
    pub(crate) flight: u64,
    /// Whether nothing is sent for credentials that the server has refused.
    pub(crate) if_changed: bool,
    pub(crate) deadline: Duration,
    /// Whether the session was not closed meanwhile.
    pub(crate) is_current: &'a dyn Fn() -> bool,
}

/// What the cache asks of a session. None of it runs under the lock.
pub(crate) trait Source: Send + Sync + 'static {
    type Access: Clone + Send + 'static;
    type Refresh: Send + 'static;

    fn now(&self) -> Now;
    /// From `0.0..1.0`.
    fn random(&self) -> f64;
    /// A thread is about to pause until a monotonic reading.
    fn pausing(&self, until: Duration);
    /// Registers for the jumps of a clock that can jump.
    fn on_jump(&self, waker: Waker);
    /// Runs a flight on a thread of its own.
    fn spawn(&self, flight: Box<dyn FnOnce() + Send>) -> io::Result<()>;
    fn login(&self, attempt: Attempt<'_>) -> Minted<Self::Access, Self::Refresh>;
    /// Presents a refresh token, by `deadline`.
    fn refresh(&self, token: &Self::Refresh, deadline: Duration) -> Minted<Self::Access, Self::Refresh>;
    /// Lets nothing more be sent over the connections there are. What comes later goes over new ones.
    fn close_connections(&self);
    /// Revokes all tokens of this client with what was held. `pause_until` waits between two attempts.
    fn revoke(
        &self,
        held: HeldTokens<Self>,
        deadline: Duration,
        pause_until: &dyn Fn(Duration),
    ) -> Result<()>
    where
        Self: Sized;
    /// The parent's access token, made fit for this process.
    fn forked(&self, access: &Self::Access) -> Self::Access;
    /// Tells the observer.
    fn observe(&self, kind: EventKind, snapshot: Snapshot, reason: Option<&Error>);
}
