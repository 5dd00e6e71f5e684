//! A flight: the auth calls that obtain a new pair for every caller, made on one thread.

use std::time::Duration;

use super::machine::{Machine, TokenState};
use super::types::{AuthCall, Close, Disposition, Failure, NewPair, Poll};
use super::window::{Window, doubled};
use crate::clock::share;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
}

/// The most attempts for one auth call of a flight.
const ATTEMPTS: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);
/// The pauses after a refused login.
const FIRST_LOGIN_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_LOGIN_PAUSE: Duration = Duration::from_secs(600);
/// The time between two calls of a credentials closure during such a pause.
const CLOSURE_INTERVAL: Duration = Duration::from_secs(30);
/// A gateway may send `Retry-After` for a day, or a date from a clock that is wrong by years. The API's own limits
/// are per minute.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

impl Flight {
    pub(super) fn new(id: u64, login: bool, now: Duration, deadline: Duration) -> Self {
        Flight { id, login, call_pending: false, attempts: 0, resume_at: now, deadline, has_thread: false }
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

    /// Returns the next auth call of a flight, or `None` if the flight is over.
    ///
    /// The caller then passes the result of the call to [`report`](Machine::report). After `None` it calls
    /// [`abandon`](Machine::abandon).
    pub(crate) fn next_auth_call(&mut self, id: u64, now: Duration) -> Poll<Option<AuthCall>> {
        let next = self.earliest_call(false, now);
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id && now < flight.deadline)
        else {
            return Poll::Ready(None);
        };
        if now < next {
            return Poll::Wait { until: next.min(flight.deadline), pause: true };
        }
        (flight.attempts, flight.call_pending) = (flight.attempts + 1, true);
        let call = match flight.login {
            true if now < self.login_paused_until => AuthCall::LoginIfChanged,
            true => AuthCall::Login,
            false => AuthCall::Refresh,
        };
        if let Some(token) = self.token.as_mut().filter(|_| call == AuthCall::Refresh) {
            token.has_refresh = false;
        }
        self.window(call).sent();
        Poll::Ready(Some(call))
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
                self.publish(call, pair, now);
                return Disposition::Publish;
            }
            Err(failure) => failure,
        };
        let unspent = call == AuthCall::Refresh && failure.leaves_unspent();
        if let Some(token) = self.token.as_mut().filter(|_| unspent) {
            token.has_refresh = true;
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

    fn publish(&mut self, call: AuthCall, pair: NewPair, now: Duration) {
        let NewPair { expiry, has_refresh } = pair;
        self.generation += 1;
        if call != AuthCall::Refresh {
            self.logged_in = self.generation;
        }
        self.token = Some(TokenState { expiry, arrived: now, has_refresh, accepted: false, rejected: false });
        (self.flight, self.failures, self.refusals) = (None, 0, 0);
        (self.backoff_until, self.login_paused_until) = (Duration::ZERO, Duration::ZERO);
    }

    fn fail(&mut self, now: Duration, random: f64) {
        self.failed = self.flight.take().map(|flight| flight.id).or(self.failed);
        self.failures = self.failures.saturating_add(1);
        self.backoff_until = now.saturating_add(backoff(self.failures, random));
    }
}

/// The pause after this many failures in a row. It is between half of the backoff and all of it, to spread clients.
fn backoff(failures: u32, random: f64) -> Duration {
    doubled(FIRST_BACKOFF, failures, LONGEST_BACKOFF).mul_f64(0.5 + share(random) / 2.0)
}
