//! What the gate needs of the world around it, and what it tells about a flight.

use std::time::Duration;

use crate::clock::Now;
use crate::token::{Attempt, Pair};

/// The world outside of the lock: time, the auth endpoints, and whoever watches.
pub(crate) trait Pilot<A, R, E> {
    fn now(&self) -> Now;
    fn random(&self) -> f64;
    fn sleep(&self, pause: Duration);
    /// Logs in, with an attempt that ends before the monotonic reading `deadline`.
    fn login(&self, deadline: Duration) -> Attempt<Pair<A, R>, R, E>;
    /// Presents a refresh token.
    fn refresh(&self, token: R, deadline: Duration) -> Attempt<Pair<A, R>, R, E>;
    /// Has the server revoke a pair that came too late to be kept. The leader has to be back by `deadline`.
    fn revoke(&self, pair: Pair<A, R>, deadline: Duration);
    /// The calling thread, which has to be back by `deadline`, has been elected to see to it that an early flight is
    /// led.
    fn elected(&self, flight: u64, deadline: Duration);
    /// A caller is about to wait for a flight.
    fn waiting(&self);
    /// One thing that happened in a flight; told in order, once the flight is over.
    fn tell(&self, event: FlightEvent<E>);
    /// The error of a caller whose deadline passed while it waited.
    fn timed_out(&self) -> E;
    /// The error of a caller that would wait for a flight it is leading itself.
    fn reentered(&self) -> E;
}

/// What happened in a flight.
#[derive(Clone, Debug)]
pub(crate) enum FlightEvent<E> {
    Published {
        by_refresh: bool,
    },
    /// The refresh token was refused; a login follows.
    RefreshRefused(E),
    /// The fate of a call is unknown; what it presented is never presented again.
    Unknown(E),
    /// The flight brought nothing.
    Failed(E),
    /// A pair came after the session was closed.
    Late {
        revoked: bool,
    },
}

impl<E: Clone> FlightEvent<E> {
    /// What is worth telling of an attempt that does not end the flight by itself.
    pub(super) fn of_failure<P, R>(attempt: &Attempt<P, R, E>, was_refresh: bool) -> Option<Self> {
        match attempt {
            Attempt::Refused(reason) if was_refresh => Some(FlightEvent::RefreshRefused(reason.clone())),
            Attempt::Unknown(reason) => Some(FlightEvent::Unknown(reason.clone())),
            _ => None,
        }
    }
}
