//! A process: its state machine, one caller at a time, and a logout.

use std::time::Duration;

use super::defects::Defect;
use super::flights::Thread;
use super::properties::{LIVE_TOKEN_WAITS_FOR_NOTHING, NO_CALL_FAILS};
use super::store::{Entry, Number};
use super::system::{Fleet, LIFE, RANDOM};
use crate::token::expiry::Zone;
use crate::token::machine::Machine;
use crate::token::types::{After401, Close, Poll, TokenSettings, Waiter};

const FLIGHT_LIMIT: Duration = Duration::from_secs(60);
/// The longest that an auth call may take.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// How long a caller can wait: longer than a flight.
const PATIENCE: Duration = Duration::from_secs(90);
/// The number of calls that each process makes.
const CALLS: u8 = 2;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Process {
    /// Counts the restarts, so that no two runs have the same lease owners.
    pub(super) run: u8,
    pub(super) machine: Machine,
    /// The pair whose access token is in the cache.
    pub(super) access: Option<Number>,
    /// The pair whose refresh token is in the cache.
    pub(super) refresh: Option<Number>,
    /// The highest version that it knows to have had.
    pub(super) highest: u64,
    pub(super) caller: Option<Waiter>,
    /// The number of calls so far.
    pub(super) calls: u8,
    pub(super) threads: Vec<Thread>,
    pub(super) is_stopped: bool,
    /// Whether it was ever stopped. Its calls may then pass their deadlines.
    pub(super) was_stopped: bool,
    /// Whether a logout has still to clear the store.
    pub(super) is_clearing: bool,
    /// The number of pending revocations.
    pub(super) revocations: u8,
}

impl Process {
    pub(super) fn new(run: u8) -> Self {
        let settings = TokenSettings {
            flight_limit: FLIGHT_LIMIT,
            credentials_can_change: false,
            shared: Some(CALL_LIMIT),
        };
        Process {
            run,
            machine: Machine::new(settings),
            access: None,
            refresh: None,
            highest: 0,
            caller: None,
            calls: 0,
            threads: Vec::new(),
            is_stopped: false,
            was_stopped: false,
            is_clearing: false,
            revocations: 0,
        }
    }

    pub(super) fn can_start(&self) -> bool {
        self.caller.is_none() && self.calls < CALLS && !self.machine.is_closed()
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.caller.is_none() && self.threads.is_empty() && !self.is_clearing && self.revocations == 0
    }
}

impl Fleet {
    pub(super) fn start_call(&mut self, index: usize) {
        let process = &mut self.processes[index];
        process.calls += 1;
        let deadline = self.now + PATIENCE;
        process.caller = Some(Waiter::new(0, deadline, process.machine.closes));
        self.run_caller(index);
    }

    /// When the poll of the caller would change something: now, or later.
    pub(super) fn caller_wakes(&self, index: usize) -> Option<Duration> {
        let process = &self.processes[index];
        let (mut machine, mut waiter) = (process.machine.clone(), process.caller.clone()?);
        if machine.overdue(self.now).is_some() {
            return Some(self.now);
        }
        let polled = machine.acquire(&mut waiter, self.reading(index));
        let changes = machine != process.machine || Some(&waiter) != process.caller.as_ref();
        Some(if let (Poll::Wait { until, .. }, false) = (polled, changes) { until } else { self.now })
    }

    pub(super) fn run_caller(&mut self, index: usize) {
        let now = self.reading(index);
        let process = &mut self.processes[index];
        if let Some(overdue) = process.machine.overdue(self.now) {
            process.machine.abandon(overdue, self.now, RANDOM);
        }
        let Some(mut waiter) = process.caller.take() else { return };
        let lives = process.machine.zone(now).is_some_and(|zone| zone != Zone::Expired);
        let polled = process.machine.acquire(&mut waiter, now);
        process
            .threads
            .extend(process.machine.flight_to_spawn().map(|id| Thread::new(id, index, process.run)));
        match polled {
            Poll::Wait { .. } => {
                let newest = process.machine.generation > waiter.newer_than;
                let rejected = process.machine.snapshot(now).rejected;
                process.caller = Some(waiter);
                if lives && newest && !rejected {
                    self.violate(LIVE_TOKEN_WAITS_FOR_NOTHING);
                }
            }
            Poll::Ready(Ok(generation)) => self.call(index, generation, &waiter),
            Poll::Ready(Err(_)) => {
                let is_excused = process.was_stopped || process.machine.is_closed();
                if !is_excused && !self.server.refused_login {
                    self.violate(NO_CALL_FAILS);
                }
            }
        }
    }

    /// Calls the API. The server refuses the token if it is revoked.
    fn call(&mut self, index: usize, generation: u64, waiter: &Waiter) {
        let process = &mut self.processes[index];
        if process.access > Some(self.server.revoked) {
            return process.machine.accepted(generation, "/a", self.now);
        }
        // Any other retry is with the same token, which fails again.
        let after = process.machine.refused(generation, "/a", waiter.newer_than > 0, self.now);
        if let After401::Retry { newer_than, .. } = after {
            process.caller = Some(Waiter::new(newer_than, self.now + PATIENCE, waiter.closes));
        }
    }

    /// Begins a logout.
    pub(super) fn log_out(&mut self, index: usize) {
        let process = &mut self.processes[index];
        process.machine.close(Close::Logout);
        (process.access, process.refresh, process.is_clearing) = (None, None, true);
        process.revocations += 1;
    }

    /// Clears the entry. The session reads and replaces it until no other process writes in between.
    pub(super) fn clear(&mut self, index: usize, has_effect: bool, defect: Defect) {
        self.processes[index].is_clearing = false;
        if has_effect && defect != Defect::LogoutKeepsEntry {
            let version = self.next_version(index, self.store.contents.entry.version);
            let seen = self.store.contents;
            self.store.swap(&seen, Entry::empty(version), defect);
        }
    }

    /// Ends a revocation, which covers every pair of the client.
    pub(super) fn revoke(&mut self, index: usize) {
        self.server.revoked = self.server.issued;
        self.processes[index].revocations -= 1;
        self.processes[index].machine.close_ended();
    }

    /// Returns a version above this one: the time, where possible.
    pub(super) fn next_version(&self, index: usize, version: u64) -> u64 {
        let wall = u64::try_from(self.reading(index).wall.as_millis()).unwrap_or_default();
        wall.max(version + 1)
    }

    /// When the token of a process enters its next zone.
    pub(super) fn next_zone(&self, index: usize) -> Option<Duration> {
        let machine = &self.processes[index].machine;
        let zone = machine.zone(self.reading(index)).filter(|zone| *zone != Zone::Expired)?;
        let later = |seconds| self.reading(index).saturating_add(Duration::from_secs(seconds));
        let changes = (1..=LIFE.as_secs()).find(|seconds| machine.zone(later(*seconds)) != Some(zone))?;
        Some(later(changes).monotonic)
    }
}
