//! The threads of flights: what the cache does between the steps of the state machine.

use std::mem;
use std::time::Duration;

use super::defects::Defect;
use super::properties::{NO_OLDER_VERSION, PRESENTED_ONCE};
use super::store::{Contents, Entry, Number, Owner};
use super::system::{Fleet, LIFE, RANDOM};
use crate::token::sharing::LEASE;
use crate::token::types::{
    AuthCall, Disposition, Failure, NewPair, Poll, Step, StoreDisposition, StoreResult, StoreStep, Stored,
};

#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Thread {
    pub(super) id: u64,
    pub(super) owner: Owner,
    pub(super) doing: Doing,
    /// What it read last, and the entry in it.
    pub(super) contents: Contents,
    pub(super) entry: Entry,
    pub(super) has_lease: bool,
    pub(super) has_taken: bool,
    pub(super) has_published: bool,
    pub(super) was_refused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Doing {
    Nothing,
    /// A store step without a response yet, and when it was sent.
    Store(StoreStep, Duration),
    Call(AuthCall, Option<Number>, Duration),
    Save(Saving),
    SaveRefusal,
    Release,
}

/// A write that saves a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Saving {
    pub(super) refresh: Number,
    /// The access token and when it expires. `None` if the refresh token goes back into the entry it was taken from.
    pub(super) access: Option<(Number, Duration)>,
    pub(super) seen: u64,
    pub(super) generation: u64,
    pub(super) closes: u64,
}

/// The outcome of a store operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum StoreOutcome {
    Done,
    /// It fails without an effect.
    Fails,
    /// It has its effect, but the response is lost.
    Lost,
}

/// The outcome of an auth call, other than that of a healthy server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AuthOutcome {
    Healthy,
    PairWithoutRefresh,
    Fails(Failure),
}

impl Thread {
    pub(super) fn new(id: u64, process: usize, run: u8) -> Self {
        Thread {
            id,
            owner: (process, run, id),
            doing: Doing::Nothing,
            contents: Contents::empty(0),
            entry: Entry::empty(0),
            has_lease: false,
            has_taken: false,
            has_published: false,
            was_refused: false,
        }
    }

    /// Opens what was read. A refresh token of another origin may be spent.
    pub(super) fn read(&mut self, contents: Contents, defect: Defect) {
        (self.contents, self.entry) = (contents, contents.entry);
        if contents.entry.origin != contents.origin && defect != Defect::OriginIgnored {
            self.entry.refresh = None;
        }
    }
}

impl Fleet {
    /// When the poll of a thread without a pending operation would return a step: now, or later.
    pub(super) fn thread_wakes(&self, index: usize, at: usize) -> Option<Duration> {
        let process = &self.processes[index];
        let thread = process.threads.get(at).filter(|thread| thread.doing == Doing::Nothing)?;
        let polled = process.machine.clone().next_step(thread.id, self.reading(index));
        Some(if let Poll::Wait { until, .. } = polled { until } else { self.now })
    }

    /// Runs the thread of a flight until its next operation.
    pub(super) fn run_thread(&mut self, index: usize, at: usize) {
        let now = self.reading(index);
        let process = &mut self.processes[index];
        let id = process.threads[at].id;
        let (doing, token) = match process.machine.next_step(id, now) {
            Poll::Wait { .. } => return,
            Poll::Ready(None) => {
                process.machine.abandon(id, self.now, RANDOM);
                return self.land(index, at);
            }
            Poll::Ready(Some(Step::Store(step))) => (Doing::Store(step, self.now), None),
            Poll::Ready(Some(Step::Call(call))) => {
                let token = process.refresh.take_if(|_| call == AuthCall::Refresh);
                (Doing::Call(call, token, self.now), token)
            }
        };
        process.threads[at].doing = doing;
        if let Some(token) = token {
            let is_spent = self.server.presented & (1 << token) != 0;
            self.server.presented |= 1 << token;
            if is_spent {
                self.violate(PRESENTED_ONCE);
            }
        }
    }

    pub(super) fn end_store_step(&mut self, index: usize, at: usize, outcome: StoreOutcome, defect: Defect) {
        let Fleet { processes, store, .. } = self;
        let thread = &mut processes[index].threads[at];
        let Doing::Store(step, sent) = thread.doing else { return };
        thread.doing = Doing::Nothing;
        let mut taken = None;
        let result = match step {
            _ if outcome == StoreOutcome::Fails => None,
            StoreStep::Load => {
                thread.read(store.contents, defect);
                None
            }
            StoreStep::Acquire => {
                let acquired = store.acquire(thread.owner, self.now + LEASE, self.now, defect);
                thread.has_lease = acquired.is_some() && outcome == StoreOutcome::Done;
                if let Some(contents) = acquired {
                    thread.read(contents, defect);
                }
                acquired.is_none().then_some(StoreResult::Held)
            }
            StoreStep::Take => {
                taken = thread.entry.refresh.take();
                if defect != Defect::NothingTaken {
                    taken = taken.filter(|_| store.swap(&thread.contents, thread.entry, defect));
                    thread.contents = if taken.is_some() { store.contents } else { thread.contents };
                }
                Some(if taken.is_some() { StoreResult::Taken } else { StoreResult::Changed })
            }
        };
        let result = match outcome {
            StoreOutcome::Done => result.unwrap_or_else(|| self.stored(index, at)),
            StoreOutcome::Fails | StoreOutcome::Lost => StoreResult::Unavailable,
        };
        taken = taken.filter(|_| outcome == StoreOutcome::Done);
        if result == StoreResult::Unavailable && defect == Defect::OutageEndsFlight {
            let process = &mut self.processes[index];
            process.machine.abandon(process.threads[at].id, self.now, RANDOM);
        }
        self.report_store(index, at, (step, result, sent), taken, defect);
    }

    /// What the state machine needs to know of the entry that a thread has read.
    fn stored(&self, index: usize, at: usize) -> StoreResult {
        let entry = &self.processes[index].threads[at].entry;
        StoreResult::Read(Stored {
            version: entry.version,
            expiry: entry.access.map(|(_, end)| self.expiry(index, end)),
            has_refresh: entry.refresh.is_some(),
            refused: entry.refused.map(|(until, count)| (until.saturating_sub(self.now), count)),
        })
    }

    fn report_store(
        &mut self,
        index: usize,
        at: usize,
        (step, result, sent): (StoreStep, StoreResult, Duration),
        taken: Option<Number>,
        defect: Defect,
    ) {
        let now = self.reading(index);
        let sent = now.saturating_sub(self.now.saturating_sub(sent));
        let process = &mut self.processes[index];
        let thread = &mut process.threads[at];
        thread.has_taken |= taken.is_some();
        let (id, entry) = (thread.id, thread.entry);
        if defect == Defect::OlderAdopted {
            process.machine.seen = 0;
            process.machine.token.iter_mut().for_each(|token| token.version = 0);
        }
        match process.machine.report_store(id, step, result, (sent, now), RANDOM) {
            StoreDisposition::Adopt => {
                (process.access, process.refresh) = (entry.access.map(|(number, _)| number), None);
                let highest = process.highest.max(entry.version);
                if entry.version < mem::replace(&mut process.highest, highest) {
                    self.violate(NO_OLDER_VERSION);
                }
            }
            StoreDisposition::Keep => process.refresh = taken,
            StoreDisposition::Refused | StoreDisposition::Nothing => {}
        }
        self.land_if_over(index, at);
    }

    pub(super) fn end_call(&mut self, index: usize, at: usize, outcome: AuthOutcome) {
        let Doing::Call(call, token, sent) = self.processes[index].threads[at].doing else { return };
        self.processes[index].threads[at].doing = Doing::Nothing;
        let is_dead = token.is_some_and(|token| token <= self.server.revoked);
        let failure = match outcome {
            AuthOutcome::Fails(failure) => Some(failure),
            _ => is_dead.then_some(Failure::Refused),
        };
        let refuses_login = call != AuthCall::Refresh && failure == Some(Failure::Refused);
        self.server.refused_login |= refuses_login;
        if failure.is_some_and(Failure::leaves_unspent) {
            self.server.presented &= !token.map_or(0, |token| 1 << token);
        }
        let is_issued = failure.is_none_or(|failure| matches!(failure, Failure::Unknown { .. }));
        let number = if is_issued { self.server.issue(index) } else { 0 };
        self.server.logins += u8::from(is_issued && call != AuthCall::Refresh);
        let end = sent + LIFE;
        let expiry = self.expiry(index, end);
        let has_refresh = outcome == AuthOutcome::Healthy;
        let result = failure.map_or(Ok(NewPair { expiry, has_refresh }), Err);
        let process = &mut self.processes[index];
        let thread = &mut process.threads[at];
        thread.was_refused |= refuses_login;
        match process.machine.report(thread.id, call, self.now, result, RANDOM) {
            Disposition::Publish => {
                thread.has_published = true;
                (process.access, process.refresh) = (Some(number), has_refresh.then_some(number));
            }
            Disposition::PutBack => process.refresh = token,
            Disposition::Late { revoke } => process.revocations += u8::from(revoke),
            Disposition::Discard => {}
        }
        self.land_if_over(index, at);
    }

    /// Ends a thread whose flight has ended: its next poll would return `None`.
    fn land_if_over(&mut self, index: usize, at: usize) {
        let process = &self.processes[index];
        if !process.machine.is_current_flight(process.threads[at].id) {
            self.land(index, at);
        }
    }
}
