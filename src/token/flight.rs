//! A flight: the auth calls that obtain a new pair for every caller, made on one thread.

use std::time::Duration;

use super::expiry::Expiry;
use super::machine::{Machine, TokenState};
use super::types::{AuthCall, Close, Disposition, Failure, Held, NewPair, Poll, Step, StoreStep};
use super::window::{Window, doubled};
use crate::clock::{Reading, share};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states")]
pub(super) struct Flight {
    pub(super) id: u64,
    /// Whether the pending or next auth call is a login.
    pub(super) login: bool,
    pub(super) call_pending: bool,
    attempts: u32,
    /// The end of the pause between two attempts.
    pub(super) resume_at: Duration,
    pub(super) deadline: Duration,
    has_thread: bool,
    /// Whether `login()` started it, which adopts no pair of another process.
    pub(super) is_forced: bool,
    /// Whether a caller waits for it.
    pub(super) is_needed: bool,
    pub(super) phase: Phase,
    /// When the lease of the store ends. `None` if the flight does not hold it.
    pub(super) lease: Option<Reading>,
}

/// What a flight does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Load,
    Acquire,
    Take,
    Call,
}

/// The most attempts for one auth call of a flight.
const ATTEMPTS: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);
/// How long a token is young.
const YOUNG_FOR: Duration = Duration::from_secs(5);
/// The pauses after a refused login.
const FIRST_LOGIN_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_LOGIN_PAUSE: Duration = Duration::from_secs(600);
/// The time between two calls of a credentials closure during such a pause.
pub(super) const CLOSURE_INTERVAL: Duration = Duration::from_secs(30);
/// A gateway may send `Retry-After` for a day, or a date from a clock that is wrong by years. The API's own limits
/// are per minute.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

impl Flight {
    pub(super) fn new(id: u64, login: bool, now: Duration, deadline: Duration) -> Self {
        Flight {
            id,
            login,
            call_pending: false,
            attempts: 0,
            resume_at: now,
            deadline,
            has_thread: false,
            is_forced: false,
            is_needed: false,
            phase: Phase::Call,
            lease: None,
        }
    }
}

impl Machine {
    /// Returns the flight that was started and has no thread yet. Returns it only once.
    pub(crate) fn flight_to_spawn(&mut self) -> Option<u64> {
        let flight = self.flight.as_mut().filter(|flight| !flight.has_thread)?;
        flight.has_thread = true;
        Some(flight.id)
    }

    /// Returns the flight that is past its deadline. A hanging credentials closure keeps its thread from ending it.
    pub(crate) fn overdue(&self, now: Duration) -> Option<u64> {
        self.flight.as_ref().filter(|flight| now >= flight.deadline).map(|flight| flight.id)
    }

    /// Whether this flight failed, and no other has failed since.
    pub(crate) fn has_failed(&self, id: u64) -> bool {
        self.failed == Some(id)
    }

    /// Shortens a flight to the deadline of the caller that started it: a defect for the model check.
    #[cfg(test)]
    pub(super) fn shorten_flight(&mut self, id: u64, deadline: Duration) {
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id) {
            flight.deadline = flight.deadline.min(deadline);
        }
    }

    /// Ends a flight between two auth calls without an outcome. The next waiter starts another.
    pub(crate) fn release_flight(&mut self, id: u64) {
        self.flight.take_if(|flight| flight.id == id && !flight.call_pending);
    }

    pub(crate) fn is_current_flight(&self, id: u64) -> bool {
        self.flight_deadline(id).is_some()
    }

    /// The deadline of a flight, unless it has ended.
    pub(crate) fn flight_deadline(&self, id: u64) -> Option<Duration> {
        self.flight.as_ref().filter(|flight| flight.id == id).map(|flight| flight.deadline)
    }

    /// Returns the next step of a flight, or `None` if the flight is over.
    ///
    /// The thread then passes the result of a call to [`report`](Machine::report), and that of a store step to
    /// [`report_store`](Machine::report_store). After `None` it calls [`abandon`](Machine::abandon).
    pub(crate) fn next_step(&mut self, id: u64, reading: Reading) -> Poll<Option<Step>> {
        let now = reading.monotonic;
        let next_call = self.earliest_call(false, now);
        let outlasts = self.lease_outlasts_call(id, reading);
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id && now < flight.deadline)
        else {
            return Poll::Ready(None);
        };
        let next = if flight.phase == Phase::Call { next_call } else { flight.resume_at };
        if now < next {
            return Poll::Wait { until: next.min(flight.deadline), pause: true };
        }
        if flight.phase == Phase::Call && !outlasts {
            flight.phase = Phase::Acquire;
        }
        match flight.phase {
            Phase::Load => return Poll::Ready(Some(Step::Store(StoreStep::Load))),
            Phase::Acquire => return Poll::Ready(Some(Step::Store(StoreStep::Acquire))),
            Phase::Take => return Poll::Ready(Some(Step::Store(StoreStep::Take))),
            Phase::Call => (flight.attempts, flight.call_pending) = (flight.attempts + 1, true),
        }
        let call = match flight.login {
            true if now < self.login_paused_until => AuthCall::LoginIfChanged,
            true => AuthCall::Login,
            false => AuthCall::Refresh,
        };
        if call == AuthCall::Refresh {
            self.held = Held::None;
        }
        self.window(call).sent();
        Poll::Ready(Some(Step::Call(call)))
    }

    /// Whether the lease of the flight, if it has one, outlasts an auth call that is sent now. The lease is over when
    /// one of the two clocks says so.
    pub(crate) fn lease_outlasts_call(&self, id: u64, now: Reading) -> bool {
        let lease = self.flight.as_ref().filter(|flight| flight.id == id).and_then(|flight| flight.lease);
        let longest = now.saturating_add(self.settings.shared.unwrap_or_default());
        lease.is_none_or(|end| longest.monotonic <= end.monotonic && longest.wall <= end.wall)
    }

    /// Records the result of an auth call. `random`, from `0.0..1.0`, spreads the pauses.
    pub(crate) fn report(
        &mut self,
        id: u64,
        call: AuthCall,
        now: Duration,
        result: Result<NewPair, Failure>,
        random: f64,
    ) -> Disposition {
        // The rate limit and `Retry-After` apply even if the flight has ended.
        self.window(call).ended(now, result.map_or_else(Failure::counts, |_| true));
        if let Some(wait) = result.err().and_then(Failure::retry_after) {
            let until = now.saturating_add(wait.min(LONGEST_RETRY_AFTER));
            self.retry_after = self.retry_after.max(until);
        }
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id) else {
            let revoke = result.is_ok() && self.closed == Some(Close::Logout);
            self.closing += u32::from(revoke);
            return Disposition::Late { revoke };
        };
        flight.call_pending = false;
        let failure = match result {
            Ok(pair) => {
                self.publish(call, pair, now, random);
                return Disposition::Publish;
            }
            Err(failure) => failure,
        };
        let unspent = call == AuthCall::Refresh && failure.leaves_unspent();
        if unspent {
            self.held = Held::Mine;
        }
        let goes_on = match (call, failure) {
            // The API requires a login if the refresh token is dead. The login is part of the same flight.
            (AuthCall::Refresh, Failure::Refused | Failure::Unknown { .. }) => {
                (flight.login, flight.attempts) = (true, 0);
                now >= self.login_pause_ends()
            }
            (_, Failure::NotSent | Failure::Limited { .. } | Failure::Unknown { .. }) => {
                flight.resume_at = now.saturating_add(backoff(flight.attempts, random));
                flight.attempts < ATTEMPTS
            }
            (_, Failure::ClosureBusy) => {
                flight.attempts = flight.attempts.saturating_sub(1);
                flight.resume_at = now.saturating_add(FIRST_BACKOFF);
                true
            }
            (_, Failure::Refused) => {
                self.refusals = self.refusals.saturating_add(1);
                let pause = doubled(FIRST_LOGIN_PAUSE, self.refusals, LONGEST_LOGIN_PAUSE);
                self.login_paused_until = now.saturating_add(pause);
                self.ask_closure_at = now.saturating_add(CLOSURE_INTERVAL);
                false
            }
            (_, Failure::Unchanged) => {
                self.ask_closure_at = now.saturating_add(CLOSURE_INTERVAL);
                false
            }
            (_, Failure::Unsendable | Failure::Forbidden | Failure::Unusable | Failure::Aborted) => false,
        };
        let next = self.earliest_call(false, now);
        if !goes_on || self.flight_deadline(id).is_some_and(|deadline| next >= deadline) {
            self.fail(now, random);
        }
        if unspent { Disposition::PutBack } else { Disposition::Discard }
    }

    /// Fails a flight that has not ended. Returns whether there was one to fail.
    pub(crate) fn abandon(&mut self, id: u64, now: Duration, random: f64) -> bool {
        let is_current = self.is_current_flight(id);
        if is_current {
            self.fail(now, random);
        }
        is_current
    }

    fn window(&mut self, call: AuthCall) -> &mut Window {
        match call {
            AuthCall::Login | AuthCall::LoginIfChanged => &mut self.logins,
            AuthCall::Refresh => &mut self.refreshes,
        }
    }

    fn publish(&mut self, call: AuthCall, pair: NewPair, now: Duration, random: f64) {
        self.held = if pair.has_refresh { Held::Mine } else { Held::None };
        // Not saved yet, but newer than all that is stored.
        self.replace(pair.expiry, now.saturating_add(YOUNG_FOR), self.seen, random);
        if call != AuthCall::Refresh {
            self.logged_in = self.generation;
        }
    }

    /// Replaces the token, which ends the flight and every pause.
    pub(super) fn replace(&mut self, expiry: Expiry, young_until: Duration, version: u64, random: f64) {
        self.generation += 1;
        let alone_at = expiry.alone_at(random);
        self.token =
            Some(TokenState { expiry, young_until, alone_at, version, accepted: false, rejected: false });
        self.end_flight();
        (self.failures, self.refusals) = (0, 0);
        (self.backoff_until, self.login_paused_until) = (Duration::ZERO, Duration::ZERO);
        self.early_paused_until = Duration::ZERO;
    }

    /// Ends the flight without an outcome. If it holds the lease of a store, its thread may still save a pair.
    pub(super) fn end_flight(&mut self) -> Option<Flight> {
        let flight = self.flight.take();
        self.landing.extend(flight.as_ref().filter(|flight| flight.lease.is_some()).map(|flight| flight.id));
        flight
    }

    pub(super) fn fail(&mut self, now: Duration, random: f64) {
        self.failed = self.end_flight().map(|flight| flight.id).or(self.failed);
        self.failures = self.failures.saturating_add(1);
        self.backoff_until = now.saturating_add(backoff(self.failures, random));
    }
}

/// The pause after this many failures in a row. It is between half of the backoff and all of it, to spread clients.
fn backoff(failures: u32, random: f64) -> Duration {
    doubled(FIRST_BACKOFF, failures, LONGEST_BACKOFF).mul_f64(0.5 + share(random) / 2.0)
}
