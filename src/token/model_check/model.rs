//! The model: its environments, and the transitions that are possible in a state.

use std::time::Duration;

use stateright::{Model, Property};

use super::callers::{LONG, SHORT};
use super::defects::Defect;
use super::flights::{AuthOutcome, SLOWNESS};
use super::properties;
use super::system::{Caller, LIFE, System};
use crate::clock::Reading;
use crate::token::types::Close;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Environment {
    /// The server does anything, the user logs in and out, and the wall clock steps. `logins` is the rate limit per
    /// minute.
    Anything { logins: usize },
    /// A healthy server that accepts a token only from this age on.
    Lag(Duration),
    /// Like `Lag`, but the node that serves the first caller accepts every token at once.
    NodeLag(Duration),
    /// A healthy server on which another client revokes every token once.
    Revocation,
    /// A healthy server, but an auth call takes longer than the first caller can wait.
    Slow,
    /// A healthy server, but the first login never ends.
    HungLogin,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct TokenModel {
    pub(super) environment: Environment,
    pub(super) defect: Defect,
    pub(super) depth: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Transition {
    StartCall(usize),
    LogIn(usize),
    RunCaller(usize),
    /// `true` if the server accepted the token of the call.
    EndCall(usize, bool),
    RunFlight(usize),
    EndAuthCall(usize, AuthOutcome),
    Logout,
    Forget,
    EndRevocation,
    RevokeElsewhere,
    /// Time advances to the next instant that a thread waits for.
    ToNextInstant,
    /// Time advances until the token enters its next zone.
    ToNextZone,
    StepWallForward,
    StepWallBack,
}

impl TokenModel {
    pub(super) fn is_healthy(&self) -> bool {
        !matches!(self.environment, Environment::Anything { .. })
    }

    pub(super) fn accepts_late(&self) -> bool {
        matches!(self.environment, Environment::Lag(_) | Environment::NodeLag(_))
    }

    pub(super) fn logins(&self) -> usize {
        if let Environment::Anything { logins } = self.environment { logins } else { 10 }
    }

    /// Returns how long a caller can wait.
    pub(super) fn time_of(&self, index: usize) -> Duration {
        match self.environment {
            Environment::Anything { .. } | Environment::Slow | Environment::HungLogin => SHORT[index],
            _ => LONG[index],
        }
    }

    /// Returns whether the server accepts a call of this caller, or `None` if it does either.
    fn accepts(&self, system: &System, index: usize, generation: u64) -> Option<bool> {
        match self.environment {
            Environment::Anything { .. } => None,
            Environment::Lag(lag) => Some(system.age().is_some_and(|age| age >= lag)),
            Environment::NodeLag(lag) => Some(index == 0 || system.age().is_some_and(|age| age >= lag)),
            Environment::Revocation => Some(generation > system.revoked),
            Environment::Slow | Environment::HungLogin => Some(true),
        }
    }

    fn add_flight_transitions(&self, system: &System, transitions: &mut Vec<Transition>) {
        for (index, thread) in system.threads.iter().enumerate() {
            match &thread.pending {
                None if system.can_run(thread.asleep) => transitions.push(Transition::RunFlight(index)),
                Some(pending) if self.is_healthy() => {
                    let outcome = system.healthy_outcome(thread, pending, self.environment);
                    transitions.extend(outcome.map(|outcome| Transition::EndAuthCall(index, outcome)));
                }
                Some(pending) => {
                    let outcomes = thread.any_outcome(pending).into_iter();
                    transitions.extend(outcomes.map(|outcome| Transition::EndAuthCall(index, outcome)));
                }
                None => {}
            }
        }
    }

    fn add_wakeups(system: &System, transitions: &mut Vec<Transition>) {
        for (index, caller) in system.callers.iter().enumerate() {
            match caller {
                Caller::Waiting { asleep, .. } if system.can_run(*asleep) => {
                    transitions.push(Transition::RunCaller(index));
                }
                Caller::Pausing { until, asleep, .. } if system.can_run(asleep.then_some(*until)) => {
                    transitions.push(Transition::RunCaller(index));
                }
                _ => {}
            }
        }
    }

    fn add_caller_transitions(&self, system: &System, transitions: &mut Vec<Transition>) {
        for (index, caller) in system.callers.iter().enumerate() {
            match caller {
                Caller::Idle => {
                    transitions.push(Transition::StartCall(index));
                    if !self.is_healthy() {
                        transitions.push(Transition::LogIn(index));
                    }
                }
                Caller::Calling { generation, .. } => {
                    let accepts = self.accepts(system, index, *generation);
                    let ends = accepts.map_or(vec![true, false], |accepts| vec![accepts]);
                    transitions.extend(ends.into_iter().map(|accepted| Transition::EndCall(index, accepted)));
                }
                _ => {}
            }
        }
    }

    /// Returns the next instant at which a thread wakes or a slow server responds.
    fn next_instant(&self, system: &System) -> Option<Duration> {
        let pending = system.threads.iter().filter_map(|thread| thread.pending.as_ref());
        let responses = pending.map(|pending| pending.sent.monotonic + SLOWNESS);
        let responses =
            responses.filter(|at| self.environment == Environment::Slow && *at > system.now.monotonic);
        responses.chain(system.next_instant()).min()
    }
}

impl Model for TokenModel {
    type State = System;
    type Action = Transition;

    fn init_states(&self) -> Vec<System> {
        let new = System::new(self.logins(), !self.is_healthy());
        if self.is_healthy() {
            return vec![new];
        }
        vec![new.clone(), new.with_token(self)]
    }

    fn actions(&self, system: &System, transitions: &mut Vec<Transition>) {
        if system.depth.0 >= self.depth {
            return;
        }
        // A path ends at its first violation, which keeps the reported path short.
        let is_broken = |property: Property<Self>| !(property.condition)(self, system);
        if self.defect != Defect::None && self.properties().into_iter().any(is_broken) {
            return;
        }
        self.add_flight_transitions(system, transitions);
        Self::add_wakeups(system, transitions);
        // With a healthy server no thread is delayed and every response is read at once. Only calls take time.
        if !self.is_healthy() || transitions.is_empty() {
            transitions.push(Transition::ToNextInstant);
            if !self.accepts_late() {
                transitions.push(Transition::ToNextZone);
            }
        }
        self.add_caller_transitions(system, transitions);
        if self.environment == Environment::Revocation && system.revoked == 0 && system.machine.generation > 0
        {
            transitions.push(Transition::RevokeElsewhere);
        }
        if system.revocations > 0 {
            transitions.push(Transition::EndRevocation);
        }
        if self.is_healthy() {
            return;
        }
        // A closed session may be closed a second time.
        if system.closed_since_login < 2 {
            transitions.extend([Transition::Logout, Transition::Forget]);
        }
        if !system.stepped && system.sent.is_some() {
            transitions.extend([Transition::StepWallForward, Transition::StepWallBack]);
        }
    }

    fn next_state(&self, before: &System, transition: Transition) -> Option<System> {
        let mut system = before.clone();
        system.depth.0 += 1;
        match transition {
            Transition::StartCall(index) => system.start_call(index, self),
            Transition::LogIn(index) => system.log_in(index, self),
            Transition::RunCaller(index) => system.run_caller(index, self),
            Transition::EndCall(index, accepted) => system.end_call(index, accepted, self),
            Transition::RunFlight(index) => system.run_flight(index, self),
            Transition::EndAuthCall(index, outcome) => system.end_auth_call(index, outcome, self),
            Transition::Logout => system.close(Close::Logout, self.defect),
            Transition::Forget => system.close(Close::Forget, self.defect),
            Transition::EndRevocation => system.end_revocation(self.defect),
            Transition::RevokeElsewhere => system.revoked = system.machine.generation,
            Transition::ToNextInstant => system.wait_until(self.next_instant(before)?),
            Transition::ToNextZone => system.wait_until(before.next_zone()?),
            Transition::StepWallForward | Transition::StepWallBack => {
                let Reading { monotonic, wall } = before.now;
                let wall = if transition == Transition::StepWallForward {
                    wall + LIFE
                } else {
                    wall.saturating_sub(LIFE)
                };
                (system.now, system.stepped) = (Reading { monotonic, wall }, true);
                system.changed(self.defect);
            }
        }
        system.compare(before, transition);
        Some(system)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
