//! The thread of a flight, and the revocations.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use super::observe::Told;
use super::{OVERDUE, Shared, State};
use crate::token::TOKEN_LOG;
use crate::token::source::{self, Attempt, AuthError, HeldTokens, Source};
use crate::token::types::{AuthCall, Failure, Granted, Poll, Step, Verdict};
use crate::{Error, ErrorKind, EventKind, Result};

thread_local! {
    /// The cache for which this thread makes an auth call, which may run a credentials closure.
    static FLYING: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// How long the revocation of a late pair may take.
const REVOCATION: Duration = Duration::from_secs(10);

type Minted<S> = source::Minted<<S as Source>::Access, <S as Source>::Refresh>;

impl<S: Source> Shared<S> {
    /// Refuses a credentials closure that would wait for the flight it is part of.
    pub(super) fn check_reentry(self: &Arc<Self>) -> Result<()> {
        let flying = FLYING.try_with(Cell::get).unwrap_or(ptr::null());
        if ptr::eq(flying, Arc::as_ptr(self).cast()) {
            return Err(Error::configuration(
                "the credentials closure used the session that it serves; it can use any other",
            ));
        }
        Ok(())
    }

    /// Gives a flight its thread. Where none can be started, a caller without a token flies it itself.
    pub(super) fn start(self: &Arc<Self>, id: u64, has_token: bool, deadline: Duration) {
        let shared = Arc::clone(self);
        if self.source.spawn(Box::new(move || shared.fly(id, Duration::MAX))).is_ok() {
            return;
        }
        if has_token {
            let why = "no thread could be started to renew the token";
            return self.abandon(id, Error::new(ErrorKind::Timeout, why));
        }
        self.fly(id, deadline);
    }

    /// Ends a flight that has not ended by itself.
    pub(super) fn abandon(&self, id: u64, error: Error) {
        let (now, random) = self.reading();
        self.change(|state| {
            if state.machine.abandon(id, now, random) {
                state.error = Some(error);
            }
        });
    }

    /// Flies, and gives up at the deadline of a caller that does so itself.
    fn fly(self: &Arc<Self>, id: u64, deadline: Duration) {
        let mut events = Vec::new();
        if catch_unwind(AssertUnwindSafe(|| while self.advance(id, deadline, &mut events) {})).is_err() {
            self.abandon(id, Error::configuration("the clock panicked during the login or refresh"));
        }
        let failed = {
            let state = self.state.lock();
            state.error.clone().filter(|_| state.machine.has_failed(id))
        };
        events.extend(failed.map(|error| (EventKind::Failed, Some(error))));
        self.tell(events);
    }

    /// Takes one step of a flight; says whether there is another.
    fn advance(self: &Arc<Self>, id: u64, deadline: Duration, events: &mut Vec<Told>) -> bool {
        let (step, token, limit) = self.wait(Duration::MAX, |state, now| {
            if now.monotonic >= deadline {
                state.machine.hand_on(id);
                return Poll::Ready((Step::Over, None, deadline));
            }
            let limit = state.machine.limit_of(id).unwrap_or(now.monotonic).min(deadline);
            match state.machine.step(id, now.monotonic) {
                Poll::Wait { until, pause } => Poll::Wait { until: until.min(deadline), pause },
                Poll::Ready(step) => {
                    let presents = step == Step::Send(AuthCall::Refresh);
                    Poll::Ready((step, state.refresh.take_if(|_| presents), limit))
                }
            }
        });
        let Step::Send(call) = step else {
            self.abandon(id, Error::new(ErrorKind::Timeout, OVERDUE));
            return false;
        };
        let outcome = self.call(id, call, token.as_ref(), limit);
        let (now, random) = self.reading();
        let event = event_of(call, &outcome);
        match self.change(|state| state.take_in(id, call, now, outcome, token, random)) {
            None => events.extend(event),
            // The logout that came before has had its own result, and a late pair has nobody to report to.
            Some(Late::Revoke(held)) => {
                if let Err(error) = self.end_close(Some(held), now.saturating_add(REVOCATION)) {
                    log::warn!(target: TOKEN_LOG, "a token pair that came after a logout was not revoked: {error}");
                }
            }
            Some(Late::Drop) => {}
        }
        true
    }

    /// The time and a random number, whatever a clock of the user does.
    fn reading(&self) -> (Duration, f64) {
        let read = || (self.source.now().monotonic, self.source.random());
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| (self.state.lock().polled, 1.0))
    }

    /// Makes the auth call. A panic in the credentials closure is one more way for it to end.
    fn call(
        self: &Arc<Self>,
        flight: u64,
        call: AuthCall,
        token: Option<&S::Refresh>,
        deadline: Duration,
    ) -> Minted<S> {
        let is_current = || self.state.lock().machine.is_flying(flight);
        let if_changed = call == AuthCall::LoginIfChanged;
        let attempt = Attempt { flight, if_changed, deadline, is_current: &is_current };
        let outer = FLYING.replace(Arc::as_ptr(self).cast());
        let outcome = catch_unwind(AssertUnwindSafe(|| match token {
            Some(token) => self.source.refresh(token, deadline),
            None => self.source.login(attempt),
        }));
        FLYING.set(outer);
        outcome.unwrap_or_else(|_| {
            let error = Error::configuration("the credentials closure or the clock panicked during a login");
            Err(AuthError { failure: Failure::Aborted, error })
        })
    }

    /// Revokes what was held, if anything, and lets flights start again.
    pub(super) fn end_close(self: &Arc<Self>, held: Option<HeldTokens<S>>, deadline: Duration) -> Result<()> {
        let pause_until = |until| {
            self.wait(until, |_, now| {
                if now.monotonic >= until { Poll::Ready(()) } else { Poll::Wait { until, pause: true } }
            });
        };
        let revoke = |held| self.source.revoke(held, deadline, &pause_until);
        let ended = catch_unwind(AssertUnwindSafe(|| held.map_or(Ok(()), revoke)));
        self.change(|state| state.machine.close_ended());
        ended.unwrap_or_else(|_| Err(Error::configuration("the clock panicked during the logout")))
    }
}

/// What becomes of an auth call that ended after its flight.
enum Late<S: Source> {
    Revoke(HeldTokens<S>),
    Drop,
}

impl<S: Source> State<S> {
    fn take_in(
        &mut self,
        id: u64,
        call: AuthCall,
        now: Duration,
        outcome: Minted<S>,
        presented: Option<S::Refresh>,
        random: f64,
    ) -> Option<Late<S>> {
        let ended = match &outcome {
            Ok(pair) => Ok(Granted { expiry: pair.expiry, refresh: pair.refresh.is_some() }),
            Err(failed) => Err(failed.failure),
        };
        match (self.machine.report(id, call, now, ended, random), outcome) {
            (Verdict::Late { revoke: true }, Ok(pair)) => {
                return Some(Late::Revoke((pair.access, pair.refresh)));
            }
            (Verdict::Late { .. }, _) => return Some(Late::Drop),
            (_, Ok(pair)) => {
                (self.access, self.refresh, self.error) = (Some(pair.access), pair.refresh, None);
            }
            (verdict, Err(failed)) => {
                if verdict == Verdict::PutBack {
                    self.refresh = presented;
                }
                self.error = Some(failed.error);
            }
        }
        None
    }
}

fn event_of<A, R>(call: AuthCall, outcome: &source::Minted<A, R>) -> Option<Told> {
    let failed = match outcome {
        Ok(_) if call == AuthCall::Refresh => return Some((EventKind::Refreshed, None)),
        Ok(_) => return Some((EventKind::Minted, None)),
        Err(failed) => failed,
    };
    let kind = match failed.failure {
        Failure::Refused if call == AuthCall::Refresh => EventKind::Rejected,
        Failure::Unknown { .. } => EventKind::Unknown,
        _ => return None,
    };
    Some((kind, Some(failed.error.clone())))
}
