//! Where a flight ends: the outcome its waiters share, and the guard that brings it there in every case.

use std::sync::{Arc, OnceLock};
use std::thread::{self, ThreadId};

use parking_lot::Condvar;

use super::Gate;
use crate::token::Reason;

/// Where the callers that wait for a flight are told how it went.
pub(super) struct Landing<E> {
    pub(super) flight: u64,
    /// Whether `login()` started it.
    pub(super) asked: bool,
    pub(super) leader: OnceLock<ThreadId>,
    pub(super) outcome: OnceLock<Outcome<E>>,
    pub(super) landed: Condvar,
}

#[derive(Clone)]
pub(super) enum Outcome<E> {
    Published,
    Failed(E),
    /// Nothing a waiter could share: it asks again.
    Inconclusive,
}

impl<E: Clone> Landing<E> {
    pub(super) fn new(flight: u64, asked: bool) -> Self {
        Landing { flight, asked, leader: OnceLock::new(), outcome: OnceLock::new(), landed: Condvar::new() }
    }

    /// Sets the outcome, unless there is one, and wakes everybody. The caller holds the lock.
    pub(super) fn land(&self, outcome: Outcome<E>) -> Outcome<E> {
        let outcome = self.outcome.get_or_init(|| outcome).clone();
        self.landed.notify_all();
        outcome
    }
}

/// Ends a flight in every case: by its outcome, or, when the leader panics, by giving it up.
///
/// It exists from the moment a caller is told to lead, because even asking the clock for a deadline runs code that
/// may panic.
pub(super) struct LeaderGuard<'a, A: Clone, R, E: Reason> {
    gate: &'a Gate<A, R, E>,
    landing: Arc<Landing<E>>,
    armed: bool,
}

impl<'a, A: Clone, R, E: Reason> LeaderGuard<'a, A, R, E> {
    pub(super) fn new(gate: &'a Gate<A, R, E>, landing: Arc<Landing<E>>) -> Self {
        LeaderGuard { gate, landing, armed: true }
    }

    pub(super) fn flight(&self) -> u64 {
        self.landing.flight
    }

    /// Notes the calling thread as the leader, so that it is never made to wait for itself.
    pub(super) fn lead(&self) {
        // A flight has one leader, so there is nobody to be in its place.
        self.landing.leader.set(thread::current().id()).unwrap_or_default();
    }

    /// Leaves the flight to the guard of whoever leads it now.
    pub(super) fn hand_over(mut self) {
        self.armed = false;
    }

    pub(super) fn land(self, outcome: Outcome<E>) -> Outcome<E> {
        let _state = self.gate.state.lock();
        self.landing.land(outcome)
        // The guard's own drop follows and finds the outcome set and the flight gone.
    }
}

impl<A: Clone, R, E: Reason> Drop for LeaderGuard<'_, A, R, E> {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let mut state = self.gate.state.lock();
        state.machine.abandon(self.landing.flight);
        self.landing.land(Outcome::Inconclusive);
    }
}
