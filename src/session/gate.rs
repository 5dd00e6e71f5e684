//! The only place that locks and waits.
//!
//! One mutex guards the state machine of `token/` and is held for as long as it takes to look at it: never across
//! I/O, a pause, or code of the user. A caller that has to wait sleeps on the [`Landing`] of the flight it waits
//! for; the leader sets the landing's outcome under the mutex and wakes everybody. A leader that panics does the
//! same from a drop guard. Lock order: there is only one lock.

mod landing;
#[cfg(test)]
mod tests;

use std::cell::LazyCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use self::landing::{Landing, LeaderGuard, Outcome};
use super::pilot::{FlightEvent, Pilot};
use crate::clock::Now;
use crate::token::{
    Answer, Bounds, Close, Closed, End, Grant, Lifecycle, Need, Reason, Report, Rules, Snapshot, Step,
};

struct State<A, R, E> {
    machine: Lifecycle<A, R, E>,
    /// Of the newest flight.
    landing: Option<Arc<Landing<E>>>,
}

pub(crate) struct Gate<A, R, E> {
    state: Mutex<State<A, R, E>>,
    /// The newest generation the server has accepted on a call.
    accepted: AtomicU64,
}

/// What a caller does next, with everything it needs for it outside of the lock.
///
/// A leader gets its guard here, before any code that is not ours runs on its behalf.
enum Turn<'a, A: Clone, R, E: Reason> {
    Done(Grant<A>),
    Elected(LeaderGuard<'a, A, R, E>),
    Lead(LeaderGuard<'a, A, R, E>),
    Wait(Arc<Landing<E>>),
}

impl<A: Clone, R, E: Reason> Gate<A, R, E> {
    pub(crate) fn new(rules: Rules) -> Self {
        let state = State { machine: Lifecycle::new(rules), landing: None };
        Gate { state: Mutex::new(state), accepted: AtomicU64::new(0) }
    }

    /// What a caller picks of a token that is fresh, without a reference to the token itself being counted.
    pub(crate) fn peek<T>(&self, now: Now, need: Need, pick: impl FnOnce(&A) -> T) -> Option<T> {
        self.state.lock().machine.fresh(now, need).map(pick)
    }

    /// A token that meets a need; one is obtained if there is none. Returns by `deadline`, which is asked for
    /// once, and only when something has to be done.
    pub(crate) fn acquire(
        &self,
        need: Need,
        deadline: impl Fn() -> Duration,
        pilot: &impl Pilot<A, R, E>,
    ) -> Result<Grant<A>, E> {
        let deadline = LazyCell::new(deadline);
        let mut fruitless = false;
        loop {
            let outcome = match self.turn(pilot.now(), false, |machine, now| machine.ask(now, need))? {
                Turn::Done(grant) => return Ok(grant),
                // Whatever comes of it, the next look finds a token to use: the new one or the old one.
                Turn::Elected(guard) => {
                    pilot.elected(guard.flight(), *deadline);
                    guard.hand_over();
                    continue;
                }
                Turn::Lead(guard) => self.fly(guard, *deadline, pilot),
                Turn::Wait(landing) => self.wait(&landing, *deadline, pilot)?,
            };
            if matches!(outcome, Outcome::Inconclusive) {
                continue;
            }
            let now = pilot.now();
            let state = self.state.lock();
            if let Some(grant) = state.machine.stopgap(now, need) {
                return Ok(grant);
            }
            match outcome {
                Outcome::Failed(reason) => return Err(reason),
                _ if fruitless => return Err(state.machine.unmet()),
                _ => fruitless = true,
            }
        }
    }

    /// Logs in, or joins a flight that brings a new pair.
    pub(crate) fn login(&self, deadline: Duration, pilot: &impl Pilot<A, R, E>) -> Result<(), E> {
        let mut has_waited = false;
        loop {
            let outcome = match self.turn(pilot.now(), true, |machine, _| machine.ask_login(has_waited))? {
                Turn::Lead(guard) => match self.fly(guard, deadline, pilot) {
                    Outcome::Published => return Ok(()),
                    Outcome::Failed(reason) => return Err(reason),
                    // Only a logout takes the flight away from a leader that is still here.
                    Outcome::Inconclusive => return Err(E::logged_out()),
                },
                Turn::Wait(landing) => match self.wait(&landing, deadline, pilot)? {
                    // What another login() was told is this caller's answer too; any other flight may have failed
                    // on an answer from before, which a login that is asked for does not put up with.
                    Outcome::Failed(reason) if landing.asked => return Err(reason),
                    outcome => outcome,
                },
                Turn::Done(_) | Turn::Elected(_) => return Ok(()),
            };
            if matches!(outcome, Outcome::Published) {
                return Ok(());
            }
            has_waited = true;
        }
    }

    /// Leads the early flight the calling thread has been elected for, or started a thread for.
    pub(crate) fn fly_early(&self, flight: u64, deadline: Duration, pilot: &impl Pilot<A, R, E>) {
        let landing = self.state.lock().landing.clone();
        if let Some(landing) = landing.filter(|landing| landing.flight == flight) {
            self.fly(LeaderGuard::new(self, landing), deadline, pilot);
        }
    }

    fn turn(
        &self,
        now: Now,
        asked: bool,
        ask: impl FnOnce(&mut Lifecycle<A, R, E>, Now) -> Answer<A, E>,
    ) -> Result<Turn<'_, A, R, E>, E> {
        let mut state = self.state.lock();
        match ask(&mut state.machine, now) {
            Answer::Use(grant) => Ok(Turn::Done(grant)),
            Answer::UseAndLead(_, flight) => {
                Ok(Turn::Elected(LeaderGuard::new(self, state.open_landing(flight, false))))
            }
            Answer::Lead(flight) => Ok(Turn::Lead(LeaderGuard::new(self, state.open_landing(flight, asked)))),
            Answer::Wait(flight) => Ok(Turn::Wait(match &state.landing {
                Some(landing) if landing.flight == flight => landing.clone(),
                _ => state.open_landing(flight, false),
            })),
            Answer::Refuse(reason) => Err(reason),
        }
    }

    fn wait(
        &self,
        landing: &Landing<E>,
        deadline: Duration,
        pilot: &impl Pilot<A, R, E>,
    ) -> Result<Outcome<E>, E> {
        if landing.leader.get() == Some(&thread::current().id()) {
            return Err(pilot.reentered());
        }
        pilot.waiting();
        let patience = deadline.saturating_sub(pilot.now().monotonic);
        let mut state = self.state.lock();
        landing.landed.wait_while_for(&mut state, |_| landing.outcome.get().is_none(), patience);
        drop(state);
        landing.outcome.get().cloned().ok_or_else(|| pilot.timed_out())
    }

    fn fly(
        &self,
        guard: LeaderGuard<'_, A, R, E>,
        deadline: Duration,
        pilot: &impl Pilot<A, R, E>,
    ) -> Outcome<E> {
        guard.lead();
        let mut events = Vec::new();
        let end = self.attempts(guard.flight(), deadline, pilot, &mut events);
        if let End::Failed { reason, .. } = &end {
            events.push(FlightEvent::Failed(reason.clone()));
        }
        let outcome = guard.land(match end {
            End::Published => Outcome::Published,
            End::Failed { reason, early: false } => Outcome::Failed(reason),
            End::Failed { early: true, .. } | End::Superseded => Outcome::Inconclusive,
        });
        // Only now: an observer may use the session, and whoever waits should not wait for it.
        for event in events {
            pilot.tell(event);
        }
        outcome
    }

    fn attempts(
        &self,
        flight: u64,
        deadline: Duration,
        pilot: &impl Pilot<A, R, E>,
        events: &mut Vec<FlightEvent<E>>,
    ) -> End<E> {
        loop {
            let now = pilot.now();
            let step = self.state.lock().machine.step(flight, now);
            let (attempt, was_refresh) = match step {
                Step::Over(end) => return end,
                Step::Pause(pause) => {
                    pilot.sleep(pause);
                    continue;
                }
                Step::Refresh(token) => (pilot.refresh(token, deadline), true),
                Step::Login => (pilot.login(deadline), false),
            };
            events.extend(FlightEvent::of_failure(&attempt, was_refresh));
            let now = pilot.now();
            let bounds = Bounds { deadline, random: pilot.random() };
            let report = self.state.lock().machine.report(flight, now, attempt, bounds, was_refresh);
            match report {
                Report::Continue => {}
                Report::Over(end) => {
                    if matches!(end, End::Published) {
                        events.push(FlightEvent::Published { by_refresh: was_refresh });
                    }
                    return end;
                }
                Report::Late { pair, revoke } => {
                    if revoke {
                        pilot.revoke(pair, deadline);
                    }
                    events.push(FlightEvent::Late { revoked: revoke });
                    return End::Superseded;
                }
            }
        }
    }

    /// The server has accepted a token of this generation.
    pub(crate) fn accept(&self, generation: u64) {
        if self.accepted.load(Ordering::Relaxed) < generation {
            self.accepted.fetch_max(generation, Ordering::Relaxed);
            self.state.lock().machine.accept(generation);
        }
    }

    /// Whether the server has accepted a token of this generation on some call.
    pub(crate) fn is_accepted(&self, generation: u64) -> bool {
        self.accepted.load(Ordering::Relaxed) >= generation
    }

    /// The server has refused a token that had just been obtained. Says whether the token is given up for it.
    pub(crate) fn reject(&self, now: Now, generation: u64, random: f64) -> bool {
        let accepted = self.accepted.load(Ordering::Relaxed);
        self.state.lock().machine.reject(now, generation, accepted, random)
    }

    /// Closes the session; everybody who waits is woken and finds it closed.
    pub(crate) fn close(&self, how: Close) -> Closed<A, R> {
        let mut state = self.state.lock();
        let closed = state.machine.close(how);
        state.land_all();
        closed
    }

    /// Lets go of what belongs to the process this one was forked from.
    pub(crate) fn forked(&self, adapt: impl FnOnce(&A) -> A) {
        let mut state = self.state.lock();
        state.machine.forked(adapt);
        state.land_all();
    }

    pub(crate) fn held_access(&self) -> Option<A> {
        self.state.lock().machine.held_access().cloned()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.state.lock().machine.generation()
    }

    pub(crate) fn snapshot(&self, now: Now) -> Snapshot {
        self.state.lock().machine.snapshot(now)
    }
}

impl<A, R, E: Clone> State<A, R, E> {
    fn open_landing(&mut self, flight: u64, asked: bool) -> Arc<Landing<E>> {
        let landing = Arc::new(Landing::new(flight, asked));
        self.landing = Some(landing.clone());
        landing
    }

    fn land_all(&mut self) {
        if let Some(landing) = self.landing.take() {
            landing.land(Outcome::Inconclusive);
        }
    }
}
