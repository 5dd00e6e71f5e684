//! The words the state machine and the world around it share.

use std::time::Duration;

use super::expiry::{Expiry, Zone};

/// The settings the machine goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rules {
    /// How many auth calls one flight may make: one and the retries.
    pub(crate) calls: u32,
    /// The pause before the first retry of a flight; it doubles up to `longest_pause`.
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
    /// Whether a refused login may succeed later because the credentials come from a closure.
    pub(crate) credentials_can_change: bool,
}

/// How the machine makes the errors that are its own.
pub(crate) trait Reason: Clone {
    fn logged_out() -> Self;
    /// No auth call may be made for so long.
    fn budget_used_up(wait: Duration) -> Self;
    /// Fresh tokens are refused again and again; no login for so long.
    fn rejected(wait: Duration) -> Self;
    /// A caller wants a token that stays valid for longer than tokens live.
    fn too_long(life: Duration) -> Self;
}

/// What a caller needs of a token.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Need {
    /// It must stay valid for so long.
    pub(crate) at_least: Duration,
    /// It must be newer than this generation, which the server has just refused.
    pub(crate) newer_than: u64,
}

/// What a caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer<A, E> {
    Use(Grant<A>),
    /// The same, and the caller has been elected to fly for everybody.
    UseAndLead(Grant<A>, u64),
    Lead(u64),
    Wait(u64),
    Refuse(E),
}

/// An access token with the generation it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant<A> {
    pub(crate) access: A,
    pub(crate) generation: u64,
}

/// A pair as the server gave it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pair<A, R> {
    pub(crate) access: A,
    pub(crate) refresh: R,
    pub(crate) expiry: Expiry,
}

/// How the session was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Close {
    /// The server revokes every token of the client, so a pair that arrives late is revoked as well.
    Logout,
    /// Only this process forgets: the API can revoke all pairs of a client or none, so a late pair is dropped.
    Forget,
}

/// What was held when the session was closed.
#[derive(Debug)]
pub(crate) struct Closed<A, R> {
    pub(crate) access: Option<A>,
    pub(crate) refresh: Option<R>,
}

/// What `status()` shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot {
    pub(crate) zone: Option<Zone>,
    pub(crate) generation: u64,
    pub(crate) remaining: Duration,
    pub(crate) next_attempt: Duration,
    pub(crate) closed: bool,
    pub(crate) rejected: bool,
    pub(crate) flying: bool,
}
