//! One flight: the auth calls, made on a thread of their own, that obtain a new pair for everybody.

use std::time::Duration;

use super::machine::{Held, Machine};
use super::types::{AuthCall, Close, Failure, Granted, Poll, Step, Verdict};
use super::window::{Window, doubled};
use crate::clock::share;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flight {
    id: u64,
    /// Whether its call is a login, the one that is out or else the next.
    login: bool,
    out: bool,
    attempts: u32,
    resume: Duration,
    limit: Duration,
    has_thread: bool,
}

/// How often one auth call of a flight is sent at the most.
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
const FIRST_REFUSAL: Duration = Duration::from_secs(30);
const LONGEST_REFUSAL: Duration = Duration::from_secs(600);
/// How often a credentials closure is asked while its credentials are refused.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// A gateway may ask for a day, or name a date by a clock that is wrong by years. The API counts by the minute.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

impl Flight {
    pub(super) fn new(id: u64, login: bool, now: Duration, limit: Duration) -> Self {
        let limit = now.saturating_add(limit);
        Flight { id, login, out: false, attempts: 0, resume: now, limit, has_thread: false }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn wants_login(&self) -> bool {
        self.login
    }

    pub(super) fn is_out(&self) -> bool {
        self.out
    }

    pub(super) fn resume(&self) -> Duration {
        self.resume
    }

    /// The instant at which it has to be over.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }
}

impl Machine {
    /// The flight that was asked for and has no thread yet.
    pub(crate) fn launch(&mut self) -> Option<u64> {
        let flight = self.flight.as_mut().filter(|flight| !flight.has_thread)?;
        flight.has_thread = true;
        Some(flight.id)
    }

    /// The flight that has outlived its limit: a hanging credentials closure keeps its thread from ending it.
    pub(crate) fn overdue(&self, now: Duration) -> Option<u64> {
        self.flight.as_ref().filter(|flight| now >= flight.limit).map(Flight::id)
    }

    /// Whether this was the last flight that failed.
    pub(crate) fn has_failed(&self, id: u64) -> bool {
        self.failed == Some(id)
    }

    /// The mistake of an engine in which callers fly for others.
    #[cfg(test)]
    pub(super) fn limit(&mut self, id: u64, deadline: Duration) {
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id) {
            flight.limit = flight.limit.min(deadline);
        }
    }

    /// Gives up a flight between two calls, without an outcome for those who wait: the next of them starts another.
    pub(crate) fn hand_on(&mut self, id: u64) {
        self.flight.take_if(|flight| flight.id == id && !flight.out);
    }

    pub(crate) fn is_flying(&self, id: u64) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.id == id)
    }

    /// How long the next auth call of a flight may take.
    pub(crate) fn limit_of(&self, id: u64) -> Option<Duration> {
        self.flight.as_ref().filter(|flight| flight.id == id).map(Flight::limit)
    }

    /// What a flight does next. Its pauses are waits like any other, so a logout ends them at once. After `Over`
    /// comes [`abandon`](Machine::abandon).
    pub(crate) fn step(&mut self, id: u64, now: Duration) -> Poll<Step> {
        let next = self.next_call(false, now);
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id && now < flight.limit) else {
            return Poll::Ready(Step::Over);
        };
        if now < next {
            return Poll::Wait { until: next.min(flight.limit), pause: true };
        }
        (flight.attempts, flight.out) = (flight.attempts + 1, true);
        let call = match flight.login {
            true if now < self.refused_until => AuthCall::LoginIfChanged,
            true => AuthCall::Login,
            false => AuthCall::Refresh,
        };
        if let Some(held) = self.held.as_mut().filter(|_| call == AuthCall::Refresh) {
            held.refresh = false;
        }
        self.window(call).sent();
        Poll::Ready(Step::Send(call))
    }

    /// Takes in how an auth call of a flight ended. `random`, from `0.0..1.0`, spreads the pauses.
    pub(crate) fn report(
        &mut self,
        id: u64,
        call: AuthCall,
        now: Duration,
        ended: Result<Granted, Failure>,
        random: f64,
    ) -> Verdict {
        // What comes too late for its flight was sent all the same, and what the server asks for holds.
        self.window(call).ended(now, ended.map_or_else(Failure::counts, |_| true));
        if let Some(asked) = ended.err().and_then(Failure::retry_after) {
            let asked = now.saturating_add(asked.min(LONGEST_RETRY_AFTER));
            self.retry_after = self.retry_after.max(asked);
        }
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id) else {
            let revoke = ended.is_ok() && self.closed == Some(Close::Logout);
            self.closing += u32::from(revoke);
            return Verdict::Late { revoke };
        };
        flight.out = false;
        let failure = match ended {
            Ok(granted) => {
                self.publish(call, granted, now);
                return Verdict::Publish;
            }
            Err(failure) => failure,
        };
        let unspent = call == AuthCall::Refresh && failure.leaves_unspent();
        if let Some(held) = self.held.as_mut().filter(|_| unspent) {
            held.refresh = true;
        }
        let again = match (call, failure) {
            // The documented way on from a dead refresh token is a login, in the same flight.
            (AuthCall::Refresh, Failure::Refused | Failure::Unknown { .. }) => {
                (flight.login, flight.attempts) = (true, 0);
                now >= self.refusal_ends()
            }
            (_, Failure::NotSent | Failure::Limited { .. } | Failure::Unknown { .. }) => {
                let pause = doubled(FIRST_PAUSE, flight.attempts, LONGEST_PAUSE);
                flight.resume = now.saturating_add(spread(pause, random));
                flight.attempts < ATTEMPTS
            }
            (_, Failure::Asking) => {
                flight.attempts = flight.attempts.saturating_sub(1);
                flight.resume = now.saturating_add(FIRST_PAUSE);
                true
            }
            (_, Failure::Refused) => {
                self.refusals = self.refusals.saturating_add(1);
                let pause = doubled(FIRST_REFUSAL, self.refusals, LONGEST_REFUSAL);
                self.refused_until = now.saturating_add(pause);
                self.ask_again = now.saturating_add(ASK_AGAIN);
                false
            }
            (_, Failure::Unchanged) => {
                self.ask_again = now.saturating_add(ASK_AGAIN);
                false
            }
            (_, Failure::Unsendable | Failure::Forbidden | Failure::Unusable | Failure::Aborted) => false,
        };
        if !again || self.limit_of(id).is_some_and(|limit| self.next_call(false, now) >= limit) {
            self.fail(now, random);
        }
        if unspent { Verdict::PutBack } else { Verdict::Drop }
    }

    /// Ends a flight that nothing else has ended. Says whether there was one to end.
    pub(crate) fn abandon(&mut self, id: u64, now: Duration, random: f64) -> bool {
        let is_current = self.flight.as_ref().is_some_and(|flight| flight.id == id);
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

    fn publish(&mut self, call: AuthCall, granted: Granted, now: Duration) {
        let Granted { expiry, refresh } = granted;
        self.generation += 1;
        if call != AuthCall::Refresh {
            self.logged_in = self.generation;
        }
        self.held = Some(Held { expiry, arrived: now, refresh, accepted: false, given_up: false });
        (self.flight, self.failures, self.refusals) = (None, 0, 0);
        (self.rest_until, self.refused_until) = (Duration::ZERO, Duration::ZERO);
    }

    fn fail(&mut self, now: Duration, random: f64) {
        self.failed = self.flight.take().map(|flight| flight.id).or(self.failed);
        self.failures = self.failures.saturating_add(1);
        let pause = doubled(FIRST_PAUSE, self.failures, LONGEST_PAUSE);
        self.rest_until = now.saturating_add(spread(pause, random));
    }
}

/// From half of a pause to all of it, so that many clients do not come back at once.
fn spread(pause: Duration, random: f64) -> Duration {
    pause.mul_f64(0.5 + share(random) / 2.0)
}
