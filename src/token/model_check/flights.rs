//! The threads of flights, and the outcomes of their auth calls.

use std::time::Duration;

use super::defects::Defect;
use super::model::{Environment, TokenModel};
use super::properties::{
    LATE_PAIR_IS_REVOKED, NO_CALL_WHILE_REVOKING, ONE_FLIGHT, PRESENTED_ONCE, WITHIN_RATE_LIMIT,
};
use super::system::{MINUTE, RANDOM, System};
use crate::clock::Reading;
use crate::token::types::{AuthCall, Disposition, Failure, NewPair, Poll, Step};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FlightThread {
    pub(super) id: u64,
    pub(super) asleep: Option<Duration>,
    pub(super) pending: Option<PendingCall>,
    /// Whether a logout or the deadline has ended its flight.
    pub(super) cut_off: bool,
}

/// An auth call without an outcome yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PendingCall {
    pub(super) call: AuthCall,
    pub(super) sent: Reading,
    /// The generation of the refresh token that it presents.
    pub(super) token: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AuthOutcome {
    Pair,
    PairWithoutRefresh,
    Failed(Failure),
}

pub(super) const LIMITED: Failure = Failure::Limited { retry_after: Duration::from_secs(10) };
pub(super) const LOST: Failure = Failure::Unknown { from_api: false, retry_after: Duration::ZERO };
pub(super) const BROKEN: Failure = Failure::Unknown { from_api: true, retry_after: Duration::ZERO };

const OUTCOMES: [AuthOutcome; 10] = [
    AuthOutcome::Pair,
    AuthOutcome::PairWithoutRefresh,
    AuthOutcome::Failed(Failure::NotSent),
    AuthOutcome::Failed(Failure::Refused),
    AuthOutcome::Failed(Failure::Forbidden),
    AuthOutcome::Failed(LIMITED),
    AuthOutcome::Failed(LOST),
    AuthOutcome::Failed(BROKEN),
    AuthOutcome::Failed(Failure::Unusable),
    AuthOutcome::Failed(Failure::Aborted),
];
/// The outcomes that differ for a call whose flight has ended.
const LATE_OUTCOMES: [AuthOutcome; 4] = [
    AuthOutcome::Pair,
    AuthOutcome::Failed(Failure::NotSent),
    AuthOutcome::Failed(LIMITED),
    AuthOutcome::Failed(BROKEN),
];
/// How long a slow server takes.
pub(super) const SLOWNESS: Duration = Duration::from_secs(10);

impl FlightThread {
    pub(super) fn new(id: u64) -> Self {
        FlightThread { id, asleep: None, pending: None, cut_off: false }
    }

    /// Returns every outcome of the pending call, for a server that does anything.
    pub(super) fn any_outcome(&self, pending: &PendingCall) -> Vec<AuthOutcome> {
        match pending.call {
            _ if self.cut_off => LATE_OUTCOMES.to_vec(),
            AuthCall::LoginIfChanged => [&OUTCOMES[..], &[AuthOutcome::Failed(Failure::Unchanged)]].concat(),
            AuthCall::Login | AuthCall::Refresh => OUTCOMES.to_vec(),
        }
    }
}

impl System {
    /// Runs the thread of a flight until its next auth call or pause.
    pub(super) fn run_flight(&mut self, index: usize, model: &TokenModel) {
        let now = self.now.monotonic;
        let id = self.threads[index].id;
        if let Some(overdue) = self.machine.overdue(now) {
            return self.abandon(overdue, model.defect);
        }
        let call = match self.machine.next_step(id, self.now) {
            Poll::Wait { until, .. } => return self.threads[index].asleep = Some(until),
            Poll::Ready(None) => {
                self.threads.remove(index);
                return self.abandon(id, model.defect);
            }
            Poll::Ready(Some(Step::Call(call))) => call,
            Poll::Ready(Some(Step::Store(_))) => return,
        };
        if self.revocations > 0 {
            self.violate(NO_CALL_WHILE_REVOKING);
        }
        if self.threads.iter().any(|thread| thread.pending.is_some() && !thread.cut_off) {
            self.violate(ONE_FLIGHT);
        }
        let token = self.refresh.take_if(|_| call == AuthCall::Refresh);
        let was_presented = token.is_some_and(|token| self.presented & (1 << token) != 0);
        if was_presented || (call == AuthCall::Refresh && token.is_none()) {
            self.violate(PRESENTED_ONCE);
        }
        self.threads[index].asleep = None;
        self.threads[index].pending = Some(PendingCall { call, sent: self.now, token });
        self.count_logins(model);
    }

    /// Checks the rate limit for every choice of instants at which the API may have received the logins.
    fn count_logins(&mut self, model: &TokenModel) {
        let now = self.now.monotonic;
        self.logins.retain(|ended| *ended + MINUTE > now);
        let is_login = |pending: &PendingCall| pending.call != AuthCall::Refresh;
        let pending =
            self.threads.iter().filter(|thread| thread.pending.as_ref().is_some_and(is_login)).count();
        if self.logins.len() + pending > model.logins() && pending > 0 {
            self.violate(WITHIN_RATE_LIMIT);
        }
    }

    pub(super) fn end_auth_call(&mut self, index: usize, outcome: AuthOutcome, model: &TokenModel) {
        let defect = model.defect;
        let Some(PendingCall { call, sent, token }) = self.threads[index].pending.take() else { return };
        let (id, now) = (self.threads[index].id, self.now.monotonic);
        if !matches!(outcome, AuthOutcome::Failed(Failure::NotSent | LIMITED | Failure::Forbidden)) {
            self.presented |= token.map_or(0, |token| 1 << token);
        }
        let is_counted = match outcome {
            AuthOutcome::Failed(failure) => {
                !matches!(failure, Failure::NotSent | Failure::Aborted | Failure::Unchanged | LOST)
            }
            _ => true,
        };
        if call != AuthCall::Refresh && is_counted {
            self.logins.push(now);
        }
        let expiry = System::expiry(sent, defect);
        let result = match outcome {
            AuthOutcome::Pair => Ok(NewPair { expiry, has_refresh: true }),
            AuthOutcome::PairWithoutRefresh => Ok(NewPair { expiry, has_refresh: false }),
            AuthOutcome::Failed(LOST) if defect == Defect::PresentedAgain => Err(Failure::NotSent),
            AuthOutcome::Failed(LIMITED) if defect == Defect::Uncounted => Err(LOST),
            AuthOutcome::Failed(failure) => Err(failure),
        };
        let had_token = self.machine.token.is_some();
        match self.machine.report(id, call, now, result, RANDOM) {
            Disposition::Publish => {
                self.refresh = (outcome == AuthOutcome::Pair).then_some(self.machine.generation);
                self.sent = Some(sent);
            }
            Disposition::PutBack => self.refresh = token,
            Disposition::Late { .. } if defect == Defect::LatePairKept && result.is_ok() => {
                self.refresh = Some(self.machine.generation);
            }
            Disposition::Late { revoke } => {
                if revoke != (result.is_ok() && self.logged_out) {
                    self.violate(LATE_PAIR_IS_REVOKED);
                }
                self.revocations += u8::from(revoke);
            }
            Disposition::Discard => {}
        }
        if defect == Defect::FailureDropsToken && result.is_err() && had_token {
            self.machine.token = None;
        }
        // The thread ends with its flight: its next poll would return `None`.
        if !self.machine.is_current_flight(id) {
            self.threads.remove(index);
        }
        self.changed(defect);
    }

    /// Returns the outcome of a pending call with a healthy server, or `None` if it is not due yet.
    pub(super) fn healthy_outcome(
        &self,
        thread: &FlightThread,
        pending: &PendingCall,
        environment: Environment,
    ) -> Option<AuthOutcome> {
        match environment {
            Environment::Slow if self.now.monotonic < pending.sent.monotonic + SLOWNESS => None,
            Environment::HungLogin if thread.id == 1 => None,
            _ if pending.token.is_some_and(|token| token <= self.revoked) => {
                Some(AuthOutcome::Failed(Failure::Refused))
            }
            _ => Some(AuthOutcome::Pair),
        }
    }
}
