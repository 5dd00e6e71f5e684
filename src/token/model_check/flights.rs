//! The threads of flights, and what the server does with their auth calls.

use std::time::Duration;

use super::defects::Defect;
use super::rules::{LATE_IS_REVOKED, NOT_WHILE_REVOKING, ONE_FLIGHT, PRESENTED_ONCE, WITHIN_THE_MINUTE};
use super::scenario::{Around, Scenario};
use super::system::{MINUTE, RANDOM, System};
use crate::clock::Now;
use crate::token::flight::Flight;
use crate::token::types::{AuthCall, Failure, Granted, Poll, Step, Verdict};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Thread {
    pub(super) id: u64,
    pub(super) asleep: Option<Duration>,
    pub(super) out: Option<Out>,
    /// Whether its flight was ended by a logout or its limit.
    pub(super) cut_off: bool,
}

/// An auth call that is out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Out {
    pub(super) call: AuthCall,
    pub(super) sent: Now,
    /// The generation whose refresh token it presents.
    pub(super) token: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    Pair,
    WithoutRefresh,
    Failed(Failure),
}

pub(super) const LIMITED: Failure = Failure::Limited { retry_after: Duration::from_secs(10) };
pub(super) const LOST: Failure = Failure::Unknown { answered: false, retry_after: Duration::ZERO };
pub(super) const BROKEN: Failure = Failure::Unknown { answered: true, retry_after: Duration::ZERO };

const ANSWERS: [Answer; 10] = [
    Answer::Pair,
    Answer::WithoutRefresh,
    Answer::Failed(Failure::NotSent),
    Answer::Failed(Failure::Refused),
    Answer::Failed(Failure::Forbidden),
    Answer::Failed(LIMITED),
    Answer::Failed(LOST),
    Answer::Failed(BROKEN),
    Answer::Failed(Failure::Unusable),
    Answer::Failed(Failure::Aborted),
];
/// Those that make a difference to a call whose flight is over.
const LATE_ANSWERS: [Answer; 4] =
    [Answer::Pair, Answer::Failed(Failure::NotSent), Answer::Failed(LIMITED), Answer::Failed(BROKEN)];

impl Thread {
    pub(super) fn new(id: u64) -> Self {
        Thread { id, asleep: None, out: None, cut_off: false }
    }

    /// How the auth call that is out may end, where the server does anything.
    pub(super) fn any_end(&self, out: &Out) -> Vec<Answer> {
        match out.call {
            _ if self.cut_off => LATE_ANSWERS.to_vec(),
            AuthCall::LoginIfChanged => [&ANSWERS[..], &[Answer::Failed(Failure::Unchanged)]].concat(),
            AuthCall::Login | AuthCall::Refresh => ANSWERS.to_vec(),
        }
    }
}

impl System {
    /// What a flight's thread does that is awake.
    pub(super) fn fly(&mut self, index: usize, scenario: &Scenario) {
        let now = self.now.monotonic;
        let id = self.threads[index].id;
        if let Some(overdue) = self.machine.overdue(now) {
            return self.abandon(overdue, scenario.defect);
        }
        let call = match self.machine.step(id, now) {
            Poll::Wait { until, .. } => return self.threads[index].asleep = Some(until),
            Poll::Ready(Step::Over) => {
                self.threads.remove(index);
                return self.abandon(id, scenario.defect);
            }
            Poll::Ready(Step::Send(call)) => call,
        };
        if self.revocations > 0 {
            self.breaks(NOT_WHILE_REVOKING);
        }
        if self.threads.iter().any(|thread| thread.out.is_some() && !thread.cut_off) {
            self.breaks(ONE_FLIGHT);
        }
        let token = self.refresh.take_if(|_| call == AuthCall::Refresh);
        let was_presented = token.is_some_and(|token| self.presented & (1 << token) != 0);
        if was_presented || (call == AuthCall::Refresh && token.is_none()) {
            self.breaks(PRESENTED_ONCE);
        }
        self.threads[index].asleep = None;
        self.threads[index].out = Some(Out { call, sent: self.now, token });
        self.count_logins(scenario);
    }

    /// No choice of instants at which the API received its logins may put too many of them in one minute.
    fn count_logins(&mut self, scenario: &Scenario) {
        let now = self.now.monotonic;
        self.logins.retain(|ended| *ended + MINUTE > now);
        let is_login = |out: &Out| out.call != AuthCall::Refresh;
        let out = self.threads.iter().filter(|thread| thread.out.as_ref().is_some_and(is_login)).count();
        if self.logins.len() + out > scenario.logins() && out > 0 {
            self.breaks(WITHIN_THE_MINUTE);
        }
    }

    pub(super) fn auth_ends(&mut self, index: usize, answer: Answer, scenario: &Scenario) {
        let defect = scenario.defect;
        let Some(Out { call, sent, token }) = self.threads[index].out.take() else { return };
        let (id, now) = (self.threads[index].id, self.now.monotonic);
        if !matches!(answer, Answer::Failed(Failure::NotSent | LIMITED | Failure::Forbidden)) {
            self.presented |= token.map_or(0, |token| 1 << token);
        }
        let is_counted = match answer {
            Answer::Failed(failure) => {
                !matches!(failure, Failure::NotSent | Failure::Aborted | Failure::Unchanged | LOST)
            }
            _ => true,
        };
        if call != AuthCall::Refresh && is_counted {
            self.logins.push(now);
        }
        let expiry = System::expiry(sent, defect);
        let ended = match answer {
            Answer::Pair => Ok(Granted { expiry, refresh: true }),
            Answer::WithoutRefresh => Ok(Granted { expiry, refresh: false }),
            Answer::Failed(LOST) if defect == Defect::PresentedAgain => Err(Failure::NotSent),
            Answer::Failed(LIMITED) if defect == Defect::Uncounted => Err(LOST),
            Answer::Failed(failure) => Err(failure),
        };
        let held = self.machine.held.clone();
        match self.machine.report(id, call, now, ended, RANDOM) {
            Verdict::Publish => {
                self.refresh = (answer == Answer::Pair).then_some(self.machine.generation());
                self.sent = Some(sent);
            }
            Verdict::PutBack => self.refresh = token,
            Verdict::Late { .. } if defect == Defect::LateKept && ended.is_ok() => {
                self.refresh = Some(self.machine.generation());
            }
            Verdict::Late { revoke } => {
                if revoke != (ended.is_ok() && self.logged_out) {
                    self.breaks(LATE_IS_REVOKED);
                }
                self.revocations += u8::from(revoke);
            }
            Verdict::Drop => {}
        }
        if defect == Defect::FailureDrops && ended.is_err() && held.is_some() {
            self.machine.held = None;
        }
        // The thread ends with its flight: its next step would say so.
        if self.machine.flight.as_ref().map(Flight::id) != Some(id) {
            self.threads.remove(index);
        }
        self.changed(defect);
    }

    /// What a server that is well answers, and when.
    pub(super) fn well(&self, thread: &Thread, out: &Out, around: Around) -> Option<Answer> {
        match around {
            Around::Slow if self.now.monotonic < out.sent.monotonic + SLOWNESS => None,
            Around::Hangs if thread.id == 1 => None,
            _ if out.token.is_some_and(|token| token <= self.revoked) => {
                Some(Answer::Failed(Failure::Refused))
            }
            _ => Some(Answer::Pair),
        }
    }
}

/// How long a slow server takes.
pub(super) const SLOWNESS: Duration = Duration::from_secs(10);
