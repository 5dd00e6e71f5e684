//! What the world around a session does, and all that can happen next.

use std::time::Duration;

use stateright::{Model, Property};

use super::callers::{LONG, SHORT};
use super::defects::Defect;
use super::flights::{Answer, SLOWNESS};
use super::rules;
use super::system::{Caller, LIFE, System};
use crate::clock::Now;
use crate::token::types::Close;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Around {
    /// The server answers as it likes, the user logs in and out, and clocks step. So many logins fit in a minute.
    Anything { logins: usize },
    /// All is well, but a token is accepted only so long after it was minted.
    Lag(Duration),
    /// The same, except by the node that serves the first caller.
    Nodes(Duration),
    /// All is well, but once somebody else revokes every token.
    Revoked,
    /// All is well, but an auth call takes longer than one of the callers has.
    Slow,
    /// All is well, but the first login never ends.
    Hangs,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) around: Around,
    pub(super) defect: Defect,
    /// How far from the beginning.
    pub(super) steps: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    Begin(usize),
    LogIn(usize),
    Run(usize),
    CallEnds(usize, bool),
    Fly(usize),
    AuthEnds(usize, Answer),
    Logout,
    Forget,
    RevocationEnds,
    SomebodyRevokes,
    /// To the next instant somebody waits for.
    Tick,
    /// To the next zone of the token.
    Ages,
    WallStepsOn,
    WallStepsBack,
}

impl Scenario {
    pub(super) fn server_is_well(&self) -> bool {
        !matches!(self.around, Around::Anything { .. })
    }

    pub(super) fn accepts_late(&self) -> bool {
        matches!(self.around, Around::Lag(_) | Around::Nodes(_))
    }

    pub(super) fn logins(&self) -> usize {
        if let Around::Anything { logins } = self.around { logins } else { 10 }
    }

    /// How long a caller can wait.
    pub(super) fn time_of(&self, index: usize) -> Duration {
        match self.around {
            Around::Anything { .. } | Around::Slow | Around::Hangs => SHORT[index],
            _ => LONG[index],
        }
    }

    /// Whether a call of this caller is accepted; `None`: as the server likes.
    fn accepts(&self, system: &System, index: usize, generation: u64) -> Option<bool> {
        match self.around {
            Around::Anything { .. } => None,
            Around::Lag(lag) => Some(system.age().is_some_and(|age| age >= lag)),
            Around::Nodes(lag) => Some(index == 0 || system.age().is_some_and(|age| age >= lag)),
            Around::Revoked => Some(generation > system.revoked),
            Around::Slow | Around::Hangs => Some(true),
        }
    }

    fn flights_go_on(&self, system: &System, actions: &mut Vec<Action>) {
        for (index, thread) in system.threads.iter().enumerate() {
            match &thread.out {
                None if system.runs(thread.asleep) => actions.push(Action::Fly(index)),
                Some(out) if self.server_is_well() => {
                    let answer = system.well(thread, out, self.around);
                    actions.extend(answer.map(|answer| Action::AuthEnds(index, answer)));
                }
                Some(out) => {
                    actions.extend(thread.any_end(out).into_iter().map(|it| Action::AuthEnds(index, it)));
                }
                None => {}
            }
        }
    }

    fn callers_go_on(system: &System, actions: &mut Vec<Action>) {
        for (index, caller) in system.callers.iter().enumerate() {
            match caller {
                Caller::Waiting { asleep, .. } if system.runs(*asleep) => actions.push(Action::Run(index)),
                Caller::Resting { until, asleep, .. } if system.runs(asleep.then_some(*until)) => {
                    actions.push(Action::Run(index));
                }
                _ => {}
            }
        }
    }

    fn callers_may(&self, system: &System, actions: &mut Vec<Action>) {
        for (index, caller) in system.callers.iter().enumerate() {
            match caller {
                Caller::Idle => {
                    actions.push(Action::Begin(index));
                    if !self.server_is_well() {
                        actions.push(Action::LogIn(index));
                    }
                }
                Caller::Calling { generation, .. } => {
                    let accepts = self.accepts(system, index, *generation);
                    let ends = accepts.map_or(vec![true, false], |accepts| vec![accepts]);
                    actions.extend(ends.into_iter().map(|accepted| Action::CallEnds(index, accepted)));
                }
                _ => {}
            }
        }
    }

    /// The instant of the next tick.
    fn next_tick(&self, system: &System) -> Option<Duration> {
        let answers = system.threads.iter().filter_map(|thread| thread.out.as_ref());
        let answers = answers.map(|out| out.sent.monotonic + SLOWNESS);
        let answers = answers.filter(|at| self.around == Around::Slow && *at > system.now.monotonic);
        answers.chain(system.next_instant()).min()
    }
}

impl Model for Scenario {
    type State = System;
    type Action = Action;

    fn init_states(&self) -> Vec<System> {
        let new = System::new(self.logins(), !self.server_is_well());
        if self.server_is_well() {
            return vec![new];
        }
        vec![new.clone(), new.with_token(self)]
    }

    fn actions(&self, system: &System, actions: &mut Vec<Action>) {
        if system.steps.0 >= self.steps {
            return;
        }
        // A path ends where a rule is broken, so that the one reported is short.
        let is_broken = |property: Property<Self>| !(property.condition)(self, system);
        if self.defect != Defect::None && self.properties().into_iter().any(is_broken) {
            return;
        }
        self.flights_go_on(system, actions);
        Self::callers_go_on(system, actions);
        // Where all is well no thread is late, and an answer that has come is read at once: only calls take time.
        if !self.server_is_well() || actions.is_empty() {
            actions.push(Action::Tick);
            if !self.accepts_late() {
                actions.push(Action::Ages);
            }
        }
        self.callers_may(system, actions);
        if self.around == Around::Revoked && system.revoked == 0 && system.machine.generation() > 0 {
            actions.push(Action::SomebodyRevokes);
        }
        if system.revocations > 0 {
            actions.push(Action::RevocationEnds);
        }
        if self.server_is_well() {
            return;
        }
        // A session that is closed already is closed once more.
        if system.shut < 2 {
            actions.extend([Action::Logout, Action::Forget]);
        }
        if !system.stepped && system.sent.is_some() {
            actions.extend([Action::WallStepsOn, Action::WallStepsBack]);
        }
    }

    fn next_state(&self, before: &System, action: Action) -> Option<System> {
        let mut system = before.clone();
        system.steps.0 += 1;
        match action {
            Action::Begin(index) => system.begin(index, self),
            Action::LogIn(index) => system.log_in(index, self),
            Action::Run(index) => system.run(index, self),
            Action::CallEnds(index, accepted) => system.call_ends(index, accepted, self),
            Action::Fly(index) => system.fly(index, self),
            Action::AuthEnds(index, answer) => system.auth_ends(index, answer, self),
            Action::Logout => system.close(Close::Logout, self.defect),
            Action::Forget => system.close(Close::Forget, self.defect),
            Action::RevocationEnds => system.revocation_ends(self.defect),
            Action::SomebodyRevokes => system.revoked = system.machine.generation(),
            Action::Tick => system.wait_until(self.next_tick(before)?),
            Action::Ages => system.wait_until(before.next_zone()?),
            Action::WallStepsOn | Action::WallStepsBack => {
                let Now { monotonic, wall } = before.now;
                let wall =
                    if action == Action::WallStepsOn { wall + LIFE } else { wall.saturating_sub(LIFE) };
                (system.now, system.stepped) = (Now { monotonic, wall }, true);
                system.changed(self.defect);
            }
        }
        system.compare(before, action);
        Some(system)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        rules::all()
    }
}
