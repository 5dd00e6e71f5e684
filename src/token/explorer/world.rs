//! The machine among its callers, and their own steps.

use std::time::Duration;

use super::choices::{AUTH_ENDINGS, CALL_ENDINGS, Caller, Choice, Defect, Machine, Why};
use crate::clock::Now;
use crate::token::{Answer, Close, End, Grant, Need, Rules, Step, Zone};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Landed {
    Published,
    Failed(Why),
    Inconclusive,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) callers: [Caller; 3],
    pub(super) now: Now,
    /// How the flights that ended did so: waiters read it.
    pub(super) landed: Vec<(u64, Landed)>,
    /// Refresh tokens the server may have seen, and those it gave back unspent.
    pub(super) presented: Vec<u8>,
    pub(super) minted: u8,
    pub(super) logged_out: bool,
    /// Whether it was closed by a logout, after which late pairs are to be revoked.
    pub(super) revokes: bool,
    pub(super) defect: Option<Defect>,
    pub(super) generation_seen: u64,
    pub(super) steps_forward: u8,
    /// The generation each caller has seen refused, whatever a defect makes of it.
    pub(super) refused: [u64; 3],
}

impl World {
    pub(super) fn new(defect: Option<Defect>) -> Self {
        let rules = Rules {
            calls: 2,
            first_pause: Duration::ZERO,
            longest_pause: Duration::ZERO,
            credentials_can_change: false,
        };
        World {
            machine: Machine::new(rules),
            callers: [Caller::Idle; 3],
            now: Now { monotonic: Duration::from_secs(1000), wall: Duration::from_secs(1_900_000_000) },
            landed: Vec::new(),
            presented: Vec::new(),
            minted: 0,
            logged_out: false,
            revokes: false,
            defect,
            generation_seen: 0,
            steps_forward: 0,
            refused: [0; 3],
        }
    }

    pub(super) fn choices(&self) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (index, caller) in self.callers.iter().enumerate() {
            match caller {
                Caller::Idle => choices.extend([Choice::Step(index), Choice::Login(index)]),
                Caller::Wanting { .. } | Caller::Leading { out: None, .. } => {
                    choices.push(Choice::Step(index));
                }
                Caller::Waiting { flight, .. } => {
                    if self.outcome(*flight).is_some() {
                        choices.push(Choice::Step(index));
                    }
                }
                Caller::Calling { .. } => {
                    choices.extend(CALL_ENDINGS.map(|ending| Choice::Ends(index, ending)));
                }
                Caller::Leading { .. } => {
                    choices.extend(AUTH_ENDINGS.map(|ending| Choice::Ends(index, ending)));
                }
                Caller::Gone => {}
            }
        }
        if !self.logged_out {
            choices.extend([Choice::Logout, Choice::Forget]);
        }
        if self.steps_forward < 2 {
            choices.push(Choice::ClockForward);
            choices.push(Choice::ClockBack);
        }
        choices
    }

    pub(super) fn outcome(&self, flight: u64) -> Option<Landed> {
        self.landed.iter().find(|(id, _)| *id == flight).map(|(_, landed)| *landed)
    }

    pub(super) fn land(&mut self, flight: u64, landed: Landed) {
        if self.outcome(flight).is_none() {
            self.landed.push((flight, landed));
        }
    }

    pub(super) fn take(&mut self, choice: Choice) -> Result<(), String> {
        match choice {
            Choice::Step(index) => self.step(index)?,
            Choice::Ends(index, ending) => match self.callers[index] {
                Caller::Leading { .. } => self.auth_call_ends(index, ending)?,
                _ => self.api_call_ends(index, ending),
            },
            Choice::Logout => self.close(Close::Logout),
            Choice::Forget => self.close(Close::Forget),
            Choice::Login(index) => {
                self.logged_out = false;
                let answer = self.machine.ask_login(false);
                self.answered(index, answer, 0, false, true)?;
            }
            Choice::ClockForward => {
                // Most of a life: what was fresh is expiring, then due, then over.
                self.now.wall += Duration::from_secs(3300);
                self.now.monotonic += Duration::from_secs(if self.steps_forward == 0 { 3300 } else { 290 });
                self.steps_forward += 1;
            }
            Choice::ClockBack => {
                self.now.wall -= Duration::from_secs(7200);
                self.steps_forward += 1;
            }
        }
        self.check()
    }

    fn close(&mut self, how: Close) {
        let flying = self.machine.flight.as_ref().map(|flight| flight.id);
        let _tokens = self.machine.close(how);
        self.logged_out = true;
        self.revokes = how == Close::Logout;
        if let Some(flight) = flying {
            self.land(flight, Landed::Inconclusive);
        }
        // Whoever had a token but had not sent it can do nothing with it: its connections are closed.
        for caller in &mut self.callers {
            if matches!(caller, Caller::Calling { .. }) {
                *caller = Caller::Idle;
            }
        }
    }

    pub(super) fn step(&mut self, index: usize) -> Result<(), String> {
        match self.callers[index] {
            Caller::Idle => self.ask(index, 0, false),
            Caller::Wanting { newer_than, retried } => self.ask(index, newer_than, retried),
            Caller::Waiting { flight, newer_than, retried } => {
                let landed = self.outcome(flight).ok_or("a waiter woke without an outcome")?;
                self.after(index, landed, newer_than, retried);
                Ok(())
            }
            Caller::Leading { flight, out: None, newer_than, retried, early } => {
                match self.machine.step(flight, self.now) {
                    Step::Refresh(token) => {
                        if self.presented.contains(&token) {
                            return Err(format!("refresh token {token} was presented twice"));
                        }
                        self.callers[index] =
                            Caller::Leading { flight, out: Some(token), newer_than, retried, early };
                    }
                    Step::Login => {
                        self.callers[index] =
                            Caller::Leading { flight, out: Some(0), newer_than, retried, early };
                    }
                    Step::Pause(pause) => self.now.monotonic += pause,
                    Step::Over(end) => self.over(index, &end),
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn ask(&mut self, index: usize, newer_than: u64, retried: bool) -> Result<(), String> {
        let need = Need { at_least: Duration::ZERO, newer_than };
        let answer = self.machine.ask(self.now, need);
        self.answered(index, answer, newer_than, retried, false)
    }

    pub(super) fn answered(
        &mut self,
        index: usize,
        answer: Answer<u8, Why>,
        newer_than: u64,
        retried: bool,
        asked_for: bool,
    ) -> Result<(), String> {
        if matches!(answer, Answer::Lead(_)) && !asked_for && self.has_newer_than(self.refused[index]) {
            return Err("a flight was started although a newer token was at hand".to_owned());
        }
        self.callers[index] = match answer {
            Answer::Use(grant) => self.granted(&grant, newer_than, retried)?,
            Answer::UseAndLead(grant, flight) => {
                self.granted(&grant, newer_than, retried)?;
                Caller::Leading { flight, out: None, newer_than, retried, early: true }
            }
            Answer::Lead(flight) => Caller::Leading { flight, out: None, newer_than, retried, early: false },
            Answer::Wait(flight) => Caller::Waiting { flight, newer_than, retried },
            Answer::Refuse(_) => Caller::Idle,
        };
        Ok(())
    }

    pub(super) fn has_newer_than(&self, generation: u64) -> bool {
        self.machine.generation > generation
            && self.machine.held.as_ref().is_some_and(|held| {
                !held.rejected && matches!(held.expiry.zone(self.now), Zone::Fresh | Zone::Expiring)
            })
    }

    pub(super) fn granted(
        &self,
        grant: &Grant<u8>,
        newer_than: u64,
        retried: bool,
    ) -> Result<Caller, String> {
        if self.logged_out {
            return Err("a token was handed out after logout".to_owned());
        }
        if grant.generation <= newer_than {
            return Err("a token was handed out that the server had just refused".to_owned());
        }
        Ok(Caller::Calling { access: grant.access, generation: grant.generation, retried })
    }

    /// What a caller does when the flight it led or waited for has ended: as `Gate::acquire`.
    pub(super) fn after(&mut self, index: usize, landed: Landed, newer_than: u64, retried: bool) {
        let need = Need { at_least: Duration::ZERO, newer_than };
        self.callers[index] = match (landed, self.machine.stopgap(self.now, need)) {
            (Landed::Inconclusive, _) | (Landed::Published, None) => Caller::Wanting { newer_than, retried },
            (_, Some(grant)) => {
                Caller::Calling { access: grant.access, generation: grant.generation, retried }
            }
            (Landed::Failed(_), None) => Caller::Idle,
        };
    }

    pub(super) fn over(&mut self, index: usize, end: &End<Why>) {
        let Caller::Leading { flight, newer_than, retried, .. } = self.callers[index] else { return };
        let landed = match *end {
            End::Published => Landed::Published,
            End::Failed { reason, early: false } => Landed::Failed(reason),
            End::Failed { early: true, .. } | End::Superseded => Landed::Inconclusive,
        };
        self.land(flight, landed);
        let landed = self.outcome(flight).unwrap_or(landed);
        self.after(index, landed, newer_than, retried);
    }
}
