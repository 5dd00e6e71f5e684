//! Three callers, each with one call to make.

use std::time::Duration;

use super::defects::Defect;
use super::flights::Thread;
use super::rules::{
    HANGING_BLOCKS_NOBODY, LIVE_IS_USED, NONE_AFTER_LOGOUT, NONE_IS_OVER, WAKES, WELL_SERVES_ALL,
};
use super::scenario::{Around, Scenario};
use super::system::{Caller, FLIGHT_LIMIT, LIFE, Outcome, RANDOM, START, Scope, System};
use crate::token::types::{After401, Poll, Refusal, Waiter};

const ROUTES: [&str; 3] = ["/a", "/b", "/c"];

impl System {
    pub(super) fn begin(&mut self, index: usize, scenario: &Scenario) {
        let scope = self.scope(index, scenario);
        let waiter = Waiter::new(0, scope.deadline, self.machine.closes());
        self.callers[index] = Caller::Waiting { scope, waiter, last: false, asleep: None };
        self.run(index, scenario);
    }

    pub(super) fn log_in(&mut self, index: usize, scenario: &Scenario) {
        let scope = self.scope(index, scenario);
        let waiter = self.machine.login(scope.deadline);
        (self.shut, self.logged_out) = (0, false);
        self.changed(scenario.defect);
        self.callers[index] = Caller::Waiting { scope, waiter, last: false, asleep: None };
    }

    fn scope(&self, index: usize, scenario: &Scenario) -> Scope {
        Scope { deadline: self.now.monotonic + scenario.time_of(index), closes: self.closes }
    }

    /// What a thread does that is awake: one round of the loop in the cache's `wait`.
    pub(super) fn run(&mut self, index: usize, scenario: &Scenario) {
        let overdue = self.machine.overdue(self.now.monotonic);
        if let Some(id) = overdue.filter(|_| scenario.defect != Defect::OverdueUnseen) {
            return self.abandon(id, scenario.defect);
        }
        match self.callers[index].clone() {
            Caller::Waiting { scope, waiter, last, .. } => self.poll(index, scope, waiter, last, scenario),
            Caller::Resting { scope, generation, last, until, .. } => {
                if !self.machine.is_open(scope.closes) {
                    self.callers[index] = Caller::Done(Outcome::Failed);
                } else if self.now.monotonic >= until {
                    self.callers[index] = Caller::Calling { scope, generation, last };
                } else {
                    self.callers[index] = Caller::Resting { scope, generation, last, until, asleep: true };
                }
            }
            _ => {}
        }
    }

    fn poll(&mut self, index: usize, scope: Scope, mut waiter: Waiter, last: bool, scenario: &Scenario) {
        if scenario.defect == Defect::LogoutSleptThrough {
            waiter.closes = self.machine.closes();
        }
        let polled = self.machine.acquire(&mut waiter, self.now);
        if let Some(id) = self.machine.launch() {
            let threads = if scenario.defect == Defect::TwoThreads { 2 } else { 1 };
            self.threads.extend(vec![Thread::new(id); threads]);
            if scenario.defect == Defect::DeadlineShared {
                self.machine.limit(id, waiter.deadline);
            }
        }
        self.judge(polled, scope, &waiter);
        self.callers[index] = match polled {
            Poll::Wait { until, .. } => Caller::Waiting { scope, waiter, last, asleep: Some(until) },
            Poll::Ready(Ok(_)) if waiter.login => Caller::Done(Outcome::Served),
            Poll::Ready(Ok(generation)) => Caller::Calling { scope, generation, last },
            Poll::Ready(Err(_)) => {
                self.judge_failure(index, scope, scenario);
                Caller::Done(Outcome::Failed)
            }
        };
    }

    fn judge(&mut self, polled: Poll<Result<u64, Refusal>>, scope: Scope, waiter: &Waiter) {
        let now = self.now.monotonic;
        let is_open = self.shut == 0 && scope.closes == self.closes;
        let wants_any = !waiter.login && self.machine.generation() > waiter.newer_than;
        let is_served = matches!(polled, Poll::Ready(Ok(_)));
        if is_open && wants_any && self.has_live_token() && !is_served {
            self.breaks(LIVE_IS_USED);
        }
        match polled {
            Poll::Wait { until, .. } => {
                if self.machine.overdue(now).is_some() {
                    self.breaks(HANGING_BLOCKS_NOBODY);
                }
                if until <= now || until > waiter.deadline || now >= waiter.deadline {
                    self.breaks(WAKES);
                }
            }
            Poll::Ready(Ok(generation)) => {
                if !is_open {
                    self.breaks(NONE_AFTER_LOGOUT);
                }
                if generation <= waiter.newer_than || self.age().is_none_or(|age| age >= LIFE) {
                    self.breaks(NONE_IS_OVER);
                }
            }
            Poll::Ready(Err(refusal)) => {
                if refusal == Refusal::TimedOut && now < waiter.deadline {
                    self.breaks(WAKES);
                }
                if !is_open && refusal != Refusal::LoggedOut {
                    self.breaks(NONE_AFTER_LOGOUT);
                }
            }
        }
    }

    fn judge_failure(&mut self, index: usize, scope: Scope, scenario: &Scenario) {
        if self.now.monotonic >= scope.deadline {
            return;
        }
        let began = scope.deadline.saturating_sub(scenario.time_of(index));
        match scenario.around {
            Around::Anything { .. } => {}
            // Who waited for the flight that hangs shares its error.
            Around::Hangs if began < START + FLIGHT_LIMIT => {}
            Around::Hangs => self.breaks(HANGING_BLOCKS_NOBODY),
            _ => self.breaks(WELL_SERVES_ALL),
        }
    }

    pub(super) fn abandon(&mut self, id: u64, defect: Defect) {
        self.machine.abandon(id, self.now.monotonic, RANDOM);
        self.threads.iter_mut().filter(|thread| thread.id == id).for_each(|thread| thread.cut_off = true);
        self.changed(defect);
    }

    pub(super) fn call_ends(&mut self, index: usize, accepted: bool, scenario: &Scenario) {
        let Caller::Calling { scope, generation, last } = self.callers[index] else { return };
        let now = self.now.monotonic;
        if accepted {
            self.machine.accepted(generation, ROUTES[index], now);
            self.accepted = self.accepted.max(generation);
            self.callers[index] = Caller::Done(Outcome::Served);
            return self.changed(scenario.defect);
        }
        let after = self.machine.refused(generation, ROUTES[index], last, now);
        let after = scenario.defect.after_401(after, generation, last, self.accepted == generation);
        self.callers[index] = match after {
            After401::Retry { newer_than, last: it } => {
                let waiter = Waiter::new(newer_than, scope.deadline, scope.closes);
                let last = last || it || scenario.defect == Defect::NewerIsLast;
                Caller::Waiting { scope, waiter, last, asleep: None }
            }
            After401::RetrySame { at } if at < scope.deadline => {
                let last = last || scenario.defect == Defect::YoungOnce;
                Caller::Resting { scope, generation, last, until: at, asleep: true }
            }
            After401::RetrySame { .. } => Caller::Done(Outcome::Failed),
            After401::Surface { .. } => {
                self.judge_failure(index, scope, scenario);
                Caller::Done(Outcome::Failed)
            }
        };
        self.changed(scenario.defect);
    }
}

/// How long the callers can wait: one of them not even for a slow server.
pub(super) const SHORT: [Duration; 3] =
    [Duration::from_secs(4), Duration::from_secs(20), Duration::from_secs(300)];
/// How long they can wait where each of them has to be served.
pub(super) const LONG: [Duration; 3] =
    [Duration::from_secs(20), Duration::from_secs(60), Duration::from_secs(300)];
