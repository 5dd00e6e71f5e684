//! The thread of a flight, and revocations.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::events::QueuedEvent;
use super::landing::Trip;
use super::{OVERDUE, Shared, State};
use crate::clock::Reading;
use crate::token::TOKEN_LOG;
use crate::token::source::{AuthError, AuthResult, LoginAttempt, Source, TokensToRevoke};
use crate::token::types::{AuthCall, Disposition, Failure, NewPair, Poll, Step};
use crate::{Error, ErrorKind, EventKind, Result};

thread_local! {
    /// The cache for which this thread runs user code: a credentials closure or a token store.
    static CALLING_FOR: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// The longest that the revocation of a late pair may take.
const LATE_REVOCATION: Duration = Duration::from_secs(10);

type SourceResult<S> = AuthResult<<S as Source>::Access, <S as Source>::Refresh>;

impl<S: Source> Shared<S> {
    /// Fails if a credentials closure or a token store uses its own session: it would wait for the flight it is part of.
    pub(super) fn check_reentry(self: &Arc<Self>) -> Result<()> {
        let calling_for = CALLING_FOR.try_with(Cell::get).unwrap_or(ptr::null());
        if ptr::eq(calling_for, Arc::as_ptr(self).cast()) {
            return Err(Error::configuration(
                "the credentials closure or the token store used its own session; use another session in it",
            ));
        }
        Ok(())
    }

    /// Runs a flight on a new thread. If none can be started, a caller without a token runs the flight itself.
    pub(super) fn start(self: &Arc<Self>, id: u64, has_token: bool, deadline: Duration) {
        let shared = Arc::clone(self);
        if self.source.spawn(Box::new(move || shared.run_flight(id, Duration::MAX))).is_ok() {
            return;
        }
        if has_token {
            let why = "no thread could be started to renew the token";
            return self.abandon(id, Error::new(ErrorKind::Timeout, why));
        }
        self.run_flight(id, deadline);
    }

    /// Fails a flight that has not ended.
    pub(super) fn abandon(&self, id: u64, error: Error) {
        let (now, random) = self.reading();
        self.change(|state| {
            if state.machine.abandon(id, now.monotonic, random) {
                state.error = Some(error);
            }
        });
    }

    /// Runs a flight. A caller that runs it itself releases it at its own deadline.
    fn run_flight(self: &Arc<Self>, id: u64, deadline: Duration) {
        let mut trip = Trip::new();
        if catch_unwind(AssertUnwindSafe(|| while self.advance(id, deadline, &mut trip) {})).is_err() {
            self.abandon(id, Error::configuration("the clock panicked during the login or refresh"));
        }
        let failed = {
            let state = self.state.lock();
            state.error.clone().filter(|_| state.machine.has_failed(id))
        };
        self.land(id, &mut trip);
        trip.events.extend(failed.map(|error| (EventKind::Failed, Some(error))));
        self.deliver(trip.events);
    }

    /// Makes the next step of a flight. Returns `false` if the flight is over.
    fn advance<'a>(self: &'a Arc<Self>, id: u64, deadline: Duration, trip: &mut Trip<'a, S>) -> bool {
        let (step, token, limit) = self.wait(Duration::MAX, |state, now| {
            if now.monotonic >= deadline {
                state.machine.release_flight(id);
                return Poll::Ready((None, None, deadline));
            }
            let limit = state.machine.flight_deadline(id).unwrap_or(now.monotonic).min(deadline);
            match state.machine.next_step(id, now) {
                Poll::Wait { until, pause } => Poll::Wait { until: until.min(deadline), pause },
                Poll::Ready(step) => {
                    let presents = step == Some(Step::Call(AuthCall::Refresh));
                    Poll::Ready((step, state.refresh.take_if(|_| presents), limit))
                }
            }
        });
        let call = match step {
            Some(Step::Call(call)) => call,
            Some(Step::Store(step)) => {
                self.store_step(id, step, trip);
                return true;
            }
            None => {
                self.abandon(id, Error::new(ErrorKind::Timeout, OVERDUE));
                return false;
            }
        };
        let result = self.call(id, call, token.as_ref(), limit);
        let (now, random) = self.reading();
        let event = event_of(call, &result);
        trip.refused |= call != AuthCall::Refresh && is_refused(&result);
        let (disposition, late) =
            self.change(|state| state.apply(id, call, now.monotonic, result, token, random));
        trip.published |= disposition == Disposition::Publish;
        if !matches!(disposition, Disposition::Late { .. }) {
            trip.events.extend(event);
        }
        // The earlier logout has already returned, so a failure here can only be logged.
        if let Some(tokens) = late
            && let Err(error) =
                self.finish_close([Some(tokens), None], now.monotonic.saturating_add(LATE_REVOCATION))
        {
            let kind = error.kind();
            log::warn!(target: TOKEN_LOG, "failed to revoke a token pair that arrived after a logout: {kind:?}");
        }
        true
    }

    /// Returns the time and a random number, even if the user's clock panics.
    pub(super) fn reading(&self) -> (Reading, f64) {
        let read = || (self.source.now(), self.source.random());
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| (self.state.lock().last_reading, 1.0))
    }

    /// Makes an auth call. A panic in the credentials closure is one of its failures.
    fn call(
        self: &Arc<Self>,
        flight: u64,
        call: AuthCall,
        token: Option<&S::Refresh>,
        deadline: Duration,
    ) -> SourceResult<S> {
        let may_send = || {
            let now = self.settings.shared.map(|_| self.source.now());
            let machine = &self.state.lock().machine;
            machine.is_current_flight(flight)
                && now.is_none_or(|now| machine.lease_outlasts_call(flight, now))
        };
        let if_changed = call == AuthCall::LoginIfChanged;
        let attempt = LoginAttempt { flight, if_changed, deadline, may_send: &may_send };
        let result = self.run_user_code(|| match token {
            Some(token) => self.source.refresh(token, deadline, &may_send),
            None => self.source.login(attempt),
        });
        result.unwrap_or_else(|_| {
            let error = Error::configuration("the credentials closure or the clock panicked during a login");
            Err(AuthError { failure: Failure::Aborted, error })
        })
    }

    /// Runs code of the user, which must not use this session and may panic.
    pub(super) fn run_user_code<T>(self: &Arc<Self>, code: impl FnOnce() -> T) -> thread::Result<T> {
        let outer = CALLING_FOR.replace(Arc::as_ptr(self).cast());
        let result = catch_unwind(AssertUnwindSafe(code));
        CALLING_FOR.set(outer);
        result
    }

    /// Revokes the pairs, if any, and ends the close. Then flights can start again.
    pub(super) fn finish_close(
        self: &Arc<Self>,
        pairs: [Option<TokensToRevoke<S>>; 2],
        deadline: Duration,
    ) -> Result<()> {
        let pause_until = |until| {
            self.wait(until, |_, now| {
                if now.monotonic >= until { Poll::Ready(()) } else { Poll::Wait { until, pause: true } }
            });
        };
        let revoke = |pair| self.source.revoke(pair, deadline, &pause_until);
        let revoke_all = || pairs.into_iter().flatten().map(revoke).fold(Ok(()), Result::and);
        let revoked = catch_unwind(AssertUnwindSafe(revoke_all));
        self.change(|state| state.machine.close_ended());
        revoked.unwrap_or_else(|_| Err(Error::configuration("the clock panicked during the logout")))
    }
}

impl<S: Source> State<S> {
    /// Applies the result of an auth call. Returns the new pair if it came too late and must be revoked.
    fn apply(
        &mut self,
        id: u64,
        call: AuthCall,
        now: Duration,
        result: SourceResult<S>,
        presented: Option<S::Refresh>,
        random: f64,
    ) -> (Disposition, Option<TokensToRevoke<S>>) {
        let summary = match &result {
            Ok(pair) => Ok(NewPair { expiry: pair.expiry, has_refresh: pair.refresh.is_some() }),
            Err(failed) => Err(failed.failure),
        };
        let disposition = self.machine.report(id, call, now, summary, random);
        match (disposition, result) {
            (Disposition::Late { revoke }, result) => {
                let tokens = result.ok().filter(|_| revoke).map(|pair| (pair.access, pair.refresh));
                return (disposition, tokens);
            }
            (_, Ok(pair)) => {
                (self.access, self.refresh, self.error) = (Some(pair.access), pair.refresh, None);
            }
            (_, Err(failed)) => {
                if disposition == Disposition::PutBack {
                    self.refresh = presented;
                }
                self.error = Some(failed.error);
            }
        }
        (disposition, None)
    }
}

fn is_refused<A, R>(result: &AuthResult<A, R>) -> bool {
    matches!(result, Err(AuthError { failure: Failure::Refused, .. }))
}

fn event_of<A, R>(call: AuthCall, result: &AuthResult<A, R>) -> Option<QueuedEvent> {
    let kind = match result.as_ref().map_err(|failed| failed.failure) {
        Ok(_) if call == AuthCall::Refresh => EventKind::Refreshed,
        Ok(_) => EventKind::Minted,
        Err(Failure::Refused) if call == AuthCall::Refresh => EventKind::Rejected,
        Err(Failure::Unknown { .. }) => EventKind::Unknown,
        Err(_) => return None,
    };
    Some((kind, result.as_ref().err().map(|failed| failed.error.clone())))
}
