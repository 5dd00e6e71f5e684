//! Three callers. Each makes one call.

use std::time::Duration;

use super::defects::Defect;
use super::flights::FlightThread;
use super::model::{Environment, TokenModel};
use super::properties::{
    HEALTHY_SERVER_SERVES_ALL, HUNG_FLIGHT_BLOCKS_NO_CALLER, LIVE_TOKEN_IS_USED, NO_EXPIRED_TOKEN,
    NO_TOKEN_AFTER_LOGOUT, WAKES_BY_DEADLINE,
};
use super::system::{Caller, CallerLimits, FLIGHT_LIMIT, LIFE, RANDOM, START, System};
use crate::token::acquire_error::AcquireError;
use crate::token::types::{After401, Poll, Waiter};

const ROUTES: [&str; 3] = ["/a", "/b", "/c"];

impl System {
    pub(super) fn start_call(&mut self, index: usize, model: &TokenModel) {
        let limits = self.limits(index, model);
        let waiter = Waiter::new(0, limits.deadline, self.machine.closes);
        self.callers[index] = Caller::Waiting { limits, waiter, last: false, asleep: None };
        self.run_caller(index, model);
    }

    pub(super) fn log_in(&mut self, index: usize, model: &TokenModel) {
        let limits = self.limits(index, model);
        let waiter = self.machine.login(limits.deadline);
        (self.closed_since_login, self.logged_out) = (0, false);
        self.changed(model.defect);
        self.callers[index] = Caller::Waiting { limits, waiter, last: false, asleep: None };
    }

    fn limits(&self, index: usize, model: &TokenModel) -> CallerLimits {
        CallerLimits { deadline: self.now.monotonic + model.time_of(index), closes: self.closes }
    }

    /// Runs the thread of a caller: one round of the loop in the cache's `wait`.
    pub(super) fn run_caller(&mut self, index: usize, model: &TokenModel) {
        let overdue = self.machine.overdue(self.now.monotonic);
        if let Some(id) = overdue.filter(|_| model.defect != Defect::OverdueIgnored) {
            return self.abandon(id, model.defect);
        }
        match self.callers[index].clone() {
            Caller::Waiting { limits, waiter, last, .. } => self.poll(index, limits, waiter, last, model),
            Caller::Pausing { limits, generation, last, until, .. } => {
                if !self.machine.is_open(limits.closes) {
                    self.callers[index] = Caller::Failed;
                } else if self.now.monotonic >= until {
                    self.callers[index] = Caller::Calling { limits, generation, last };
                } else {
                    self.callers[index] = Caller::Pausing { limits, generation, last, until, asleep: true };
                }
            }
            _ => {}
        }
    }

    fn poll(
        &mut self,
        index: usize,
        limits: CallerLimits,
        mut waiter: Waiter,
        last: bool,
        model: &TokenModel,
    ) {
        if model.defect == Defect::LogoutMissed {
            waiter.closes = self.machine.closes;
        }
        let polled = self.machine.acquire(&mut waiter, self.now);
        if let Some(id) = self.machine.flight_to_spawn() {
            let threads = if model.defect == Defect::TwoThreads { 2 } else { 1 };
            self.threads.extend(vec![FlightThread::new(id); threads]);
            if model.defect == Defect::DeadlineShared {
                self.machine.shorten_flight(id, waiter.deadline);
            }
        }
        self.check_poll(polled, limits, &waiter);
        self.callers[index] = match polled {
            Poll::Wait { until, .. } => Caller::Waiting { limits, waiter, last, asleep: Some(until) },
            Poll::Ready(Ok(_)) if waiter.login => Caller::Served,
            Poll::Ready(Ok(generation)) => Caller::Calling { limits, generation, last },
            Poll::Ready(Err(_)) => {
                self.check_failure(index, limits, model);
                Caller::Failed
            }
        };
    }

    fn check_poll(&mut self, polled: Poll<Result<u64, AcquireError>>, limits: CallerLimits, waiter: &Waiter) {
        let now = self.now.monotonic;
        let is_open = self.closed_since_login == 0 && limits.closes == self.closes;
        let wants_any = !waiter.login && self.machine.generation > waiter.newer_than;
        let is_served = matches!(polled, Poll::Ready(Ok(_)));
        if is_open && wants_any && self.has_live_token() && !is_served {
            self.violate(LIVE_TOKEN_IS_USED);
        }
        match polled {
            Poll::Wait { until, .. } => {
                if self.machine.overdue(now).is_some() {
                    self.violate(HUNG_FLIGHT_BLOCKS_NO_CALLER);
                }
                if until <= now || until > waiter.deadline || now >= waiter.deadline {
                    self.violate(WAKES_BY_DEADLINE);
                }
            }
            Poll::Ready(Ok(generation)) => {
                if !is_open {
                    self.violate(NO_TOKEN_AFTER_LOGOUT);
                }
                if generation <= waiter.newer_than || self.age().is_none_or(|age| age >= LIFE) {
                    self.violate(NO_EXPIRED_TOKEN);
                }
            }
            Poll::Ready(Err(refusal)) => {
                if refusal == AcquireError::TimedOut && now < waiter.deadline {
                    self.violate(WAKES_BY_DEADLINE);
                }
                if !is_open && refusal != AcquireError::LoggedOut {
                    self.violate(NO_TOKEN_AFTER_LOGOUT);
                }
            }
        }
    }

    fn check_failure(&mut self, index: usize, limits: CallerLimits, model: &TokenModel) {
        if self.now.monotonic >= limits.deadline {
            return;
        }
        let began = limits.deadline.saturating_sub(model.time_of(index));
        match model.environment {
            Environment::Anything { .. } => {}
            // A caller that joined the hung flight shares its error.
            Environment::HungLogin if began < START + FLIGHT_LIMIT => {}
            Environment::HungLogin => self.violate(HUNG_FLIGHT_BLOCKS_NO_CALLER),
            _ => self.violate(HEALTHY_SERVER_SERVES_ALL),
        }
    }

    pub(super) fn abandon(&mut self, id: u64, defect: Defect) {
        self.machine.abandon(id, self.now.monotonic, RANDOM);
        self.threads.iter_mut().filter(|thread| thread.id == id).for_each(|thread| thread.cut_off = true);
        self.changed(defect);
    }

    pub(super) fn end_call(&mut self, index: usize, accepted: bool, model: &TokenModel) {
        let Caller::Calling { limits, generation, last } = self.callers[index] else { return };
        let now = self.now.monotonic;
        if accepted {
            self.machine.accepted(generation, ROUTES[index], now);
            self.accepted = self.accepted.max(generation);
            self.callers[index] = Caller::Served;
            return self.changed(model.defect);
        }
        let after = self.machine.refused(generation, ROUTES[index], last, now);
        let after = model.defect.after_401(after, generation, last, self.accepted == generation);
        self.callers[index] = match after {
            After401::Retry { newer_than, last: it } => {
                let waiter = Waiter::new(newer_than, limits.deadline, limits.closes);
                let last = last || it || model.defect == Defect::NewerIsLast;
                Caller::Waiting { limits, waiter, last, asleep: None }
            }
            After401::RetrySame { at } if at < limits.deadline => {
                let last = last || model.defect == Defect::YoungOnce;
                Caller::Pausing { limits, generation, last, until: at, asleep: true }
            }
            After401::RetrySame { .. } => Caller::Failed,
            After401::Surface { .. } => {
                self.check_failure(index, limits, model);
                Caller::Failed
            }
        };
        self.changed(model.defect);
    }
}

/// How long the callers can wait. The first cannot wait for a slow server.
pub(super) const SHORT: [Duration; 3] =
    [Duration::from_secs(4), Duration::from_secs(20), Duration::from_secs(300)];
/// How long the callers can wait in an environment that must serve each of them.
pub(super) const LONG: [Duration; 3] =
    [Duration::from_secs(20), Duration::from_secs(60), Duration::from_secs(300)];
