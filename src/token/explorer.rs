//! Walks the state machine through all interleavings of a few callers with everything that can happen to them.
//!
//! The world around the machine is a model: a server that knows which refresh tokens are spent, and callers that
//! ask, wait, lead and call. Each step of each party is one choice of the explorer, which visits every order of
//! choices to a depth, meeting equal worlds only once. The rules it holds every world to are in [`World::check`]
//! and in the steps themselves; the tests below also run worlds with a planted defect, which it has to find.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::*;
use crate::clock::Now;

type Machine = Lifecycle<u8, u8, Why>;

/// The errors of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Why {
    LoggedOut,
    Budget,
    Rejected,
    TooLong,
    Refused,
    Other,
}

impl Reason for Why {
    fn logged_out() -> Self {
        Why::LoggedOut
    }
    fn budget_used_up(_: Duration) -> Self {
        Why::Budget
    }
    fn rejected(_: Duration) -> Self {
        Why::Rejected
    }
    fn too_long(_: Duration) -> Self {
        Why::TooLong
    }
}

/// What a caller is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Caller {
    Idle,
    /// Has a token of a generation, and a call to make with it; `retried` once a 401 has been answered.
    Calling {
        access: u8,
        generation: u64,
        retried: bool,
    },
    /// Needs a token newer than a generation.
    Wanting {
        newer_than: u64,
        retried: bool,
    },
    Waiting {
        flight: u64,
        newer_than: u64,
        retried: bool,
    },
    /// Leads; `presented` is the call that is out: a refresh token, or 0 for a login.
    Leading {
        flight: u64,
        out: Option<u8>,
        newer_than: u64,
        retried: bool,
        early: bool,
    },
    /// Panicked, or was told to stop; it does nothing any more.
    Gone,
}

/// Defects to plant, each of which the explorer must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Defect {
    /// A 401 always starts a refresh, whichever token it was for.
    NoGenerationCheck,
    /// A leader that panics is never noticed.
    NoGuard,
    /// A refresh token whose answer was lost is presented again.
    PresentedAgain,
    /// A flight that a logout has overtaken publishes what it brings.
    PublishAfterLogout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// A caller takes its next step of its own.
    Step(usize),
    /// The call a caller has out ends in some way.
    Ends(usize, Ending),
    Logout,
    Login(usize),
    ClockForward,
    ClockBack,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Granted,
    Unauthorized,
    Forbidden,
    Limited,
    ServerError,
    LostReply,
    NotSent,
    Garbage,
    Panic,
}

const AUTH_ENDINGS: [Ending; 9] = [
    Ending::Granted,
    Ending::Unauthorized,
    Ending::Forbidden,
    Ending::Limited,
    Ending::ServerError,
    Ending::LostReply,
    Ending::NotSent,
    Ending::Garbage,
    Ending::Panic,
];
const CALL_ENDINGS: [Ending; 3] = [Ending::Granted, Ending::Unauthorized, Ending::Forbidden];

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    machine: Machine,
    callers: [Caller; 3],
    now: Now,
    /// How the flights that ended did so: waiters read it.
    landed: Vec<(u64, Landed)>,
    /// Refresh tokens the server may have seen, and those it gave back unspent.
    presented: Vec<u8>,
    minted: u8,
    logged_out: bool,
    defect: Option<Defect>,
    generation_seen: u64,
    steps_forward: u8,
    /// The generation each caller has seen refused, whatever a defect makes of it.
    refused: [u64; 3],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Landed {
    Published,
    Failed(Why),
    Inconclusive,
}

impl World {
    fn new(defect: Option<Defect>) -> Self {
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
            defect,
            generation_seen: 0,
            steps_forward: 0,
            refused: [0; 3],
        }
    }

    fn choices(&self) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (index, caller) in self.callers.iter().enumerate() {
            match caller {
                Caller::Idle => {
                    choices.push(Choice::Step(index));
                    if self.logged_out {
                        choices.push(Choice::Login(index));
                    }
                }
                Caller::Wanting { .. } | Caller::Leading { out: None, .. } => {
                    choices.push(Choice::Step(index))
                }
                Caller::Waiting { flight, .. } => {
                    if self.outcome(*flight).is_some() {
                        choices.push(Choice::Step(index));
                    }
                }
                Caller::Calling { .. } => {
                    choices.extend(CALL_ENDINGS.map(|ending| Choice::Ends(index, ending)))
                }
                Caller::Leading { .. } => {
                    choices.extend(AUTH_ENDINGS.map(|ending| Choice::Ends(index, ending)))
                }
                Caller::Gone => {}
            }
        }
        if !self.logged_out {
            choices.push(Choice::Logout);
        }
        if self.steps_forward < 2 {
            choices.push(Choice::ClockForward);
            choices.push(Choice::ClockBack);
        }
        choices
    }

    fn outcome(&self, flight: u64) -> Option<Landed> {
        self.landed.iter().find(|(id, _)| *id == flight).map(|(_, landed)| *landed)
    }

    fn land(&mut self, flight: u64, landed: Landed) {
        if self.outcome(flight).is_none() {
            self.landed.push((flight, landed));
        }
    }

    fn take(&mut self, choice: Choice) -> Result<(), String> {
        match choice {
            Choice::Step(index) => self.step(index)?,
            Choice::Ends(index, ending) => match self.callers[index] {
                Caller::Leading { .. } => self.auth_call_ends(index, ending)?,
                _ => self.api_call_ends(index, ending),
            },
            Choice::Logout => {
                let flying = self.callers.iter().find_map(|caller| match caller {
                    Caller::Leading { flight, .. } => Some(*flight),
                    _ => None,
                });
                drop(self.machine.close(Close::Logout));
                self.logged_out = true;
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
            Choice::Login(index) => {
                self.logged_out = false;
                let answer = self.machine.ask_login();
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

    fn step(&mut self, index: usize) -> Result<(), String> {
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
                    Step::Over(end) => self.over(index, end),
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn ask(&mut self, index: usize, newer_than: u64, retried: bool) -> Result<(), String> {
        let need = Need { at_least: Duration::ZERO, newer_than };
        let answer = self.machine.ask(self.now, need);
        self.answered(index, answer, newer_than, retried, false)
    }

    fn answered(
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
            Answer::Use(grant) => self.granted(grant, newer_than, retried)?,
            Answer::UseAndLead(grant, flight) => {
                self.granted(grant, newer_than, retried)?;
                Caller::Leading { flight, out: None, newer_than, retried, early: true }
            }
            Answer::Lead(flight) => Caller::Leading { flight, out: None, newer_than, retried, early: false },
            Answer::Wait(flight) => Caller::Waiting { flight, newer_than, retried },
            Answer::Refuse(_) => Caller::Idle,
        };
        Ok(())
    }

    fn has_newer_than(&self, generation: u64) -> bool {
        self.machine.generation > generation
            && self.machine.held.as_ref().is_some_and(|held| {
                !held.rejected && matches!(held.expiry.zone(self.now), Zone::Fresh | Zone::Expiring)
            })
    }

    fn granted(&self, grant: Grant<u8>, newer_than: u64, retried: bool) -> Result<Caller, String> {
        if self.logged_out {
            return Err("a token was handed out after logout".to_owned());
        }
        if grant.generation <= newer_than {
            return Err("a token was handed out that the server had just refused".to_owned());
        }
        Ok(Caller::Calling { access: grant.access, generation: grant.generation, retried })
    }

    /// What a caller does when the flight it led or waited for has ended: as `Gate::acquire`.
    fn after(&mut self, index: usize, landed: Landed, newer_than: u64, retried: bool) {
        let need = Need { at_least: Duration::ZERO, newer_than };
        self.callers[index] = match (landed, self.machine.stopgap(self.now, need)) {
            (Landed::Inconclusive, _) => Caller::Wanting { newer_than, retried },
            (_, Some(grant)) => {
                Caller::Calling { access: grant.access, generation: grant.generation, retried }
            }
            (Landed::Failed(_), None) => Caller::Idle,
            (Landed::Published, None) => Caller::Wanting { newer_than, retried },
        };
    }

    fn over(&mut self, index: usize, end: End<Why>) {
        let Caller::Leading { flight, newer_than, retried, .. } = self.callers[index] else { return };
        let landed = match end {
            End::Published => Landed::Published,
            End::Failed { reason, early: false } => Landed::Failed(reason),
            End::Failed { early: true, .. } | End::Superseded => Landed::Inconclusive,
        };
        self.land(flight, landed);
        let landed = self.outcome(flight).unwrap_or(landed);
        self.after(index, landed, newer_than, retried);
    }

    fn auth_call_ends(&mut self, index: usize, ending: Ending) -> Result<(), String> {
        let Caller::Leading { flight, out: Some(token), newer_than, retried, early } = self.callers[index]
        else {
            return Ok(());
        };
        let was_refresh = token != 0;
        let refresh = was_refresh.then_some(token);
        if was_refresh && !matches!(ending, Ending::NotSent | Ending::Limited | Ending::Forbidden) {
            self.presented.push(token);
        }
        let held_before = self.machine.held.as_ref().filter(|held| !held.rejected).map(|held| held.access);
        let attempt = match ending {
            Ending::Granted => Attempt::Granted(self.mint()),
            Ending::Unauthorized => Attempt::Refused(Why::Refused),
            Ending::Forbidden => Attempt::Forbidden(refresh, Why::Other),
            Ending::Limited => Attempt::Limited(refresh, Some(Duration::from_secs(30)), Why::Other),
            Ending::NotSent => Attempt::NotSent(refresh, Why::Other),
            Ending::ServerError | Ending::LostReply | Ending::Garbage
                if self.defect == Some(Defect::PresentedAgain) && was_refresh =>
            {
                Attempt::NotSent(refresh, Why::Other)
            }
            Ending::ServerError | Ending::LostReply | Ending::Garbage => Attempt::Unknown(Why::Other),
            Ending::Panic => {
                self.callers[index] = Caller::Gone;
                if self.defect != Some(Defect::NoGuard) {
                    self.machine.abandon(flight);
                    self.land(flight, Landed::Inconclusive);
                }
                return Ok(());
            }
        };
        self.callers[index] = Caller::Leading { flight, out: None, newer_than, retried, early };
        let bounds = Bounds { deadline: self.now.monotonic + Duration::from_secs(20), random: 0.5 };
        let granted = matches!(attempt, Attempt::Granted(_));
        match self.machine.report(flight, self.now, attempt, bounds, was_refresh) {
            Report::Continue => {}
            Report::Over(end) => self.over(index, end),
            Report::Late { pair, revoke } => {
                if self.logged_out && !revoke {
                    return Err("a late pair was neither kept nor revoked".to_owned());
                }
                if self.defect == Some(Defect::PublishAfterLogout) {
                    self.machine.publish(pair);
                }
                self.over(index, End::Superseded);
            }
        }
        let held_now = self.machine.held.as_ref().map(|held| held.access);
        if !granted && !self.logged_out && held_before.is_some() && held_now != held_before {
            return Err("a valid token was dropped for a failure".to_owned());
        }
        Ok(())
    }

    fn api_call_ends(&mut self, index: usize, ending: Ending) {
        let Caller::Calling { access, generation, retried } = self.callers[index] else { return };
        self.refused[index] = if ending == Ending::Unauthorized && !retried { generation } else { 0 };
        let generation = match self.defect {
            // It forgets which token it used, and takes it for the newest.
            Some(Defect::NoGenerationCheck) => self.machine.generation(),
            _ => generation,
        };
        self.callers[index] = match ending {
            Ending::Unauthorized if !retried => Caller::Wanting { newer_than: generation, retried: true },
            Ending::Unauthorized => {
                self.machine.reject(self.now, generation, 0, 0.5);
                Caller::Idle
            }
            _ => {
                self.machine.accept(generation);
                let _ = access;
                Caller::Idle
            }
        };
    }

    fn mint(&mut self) -> Pair<u8, u8> {
        self.minted += 1;
        let sent = self.now;
        let evidence = Evidence { sent, server_date: None, expires_at: None, exp: None, iat: None };
        let expiry = Expiry::new(&evidence, Duration::from_secs(300), 0.5);
        Pair { access: self.minted, refresh: self.minted, expiry }
    }

    /// The same world with its callers in order: who is who makes no difference to what can happen.
    fn canonical(&self) -> World {
        let mut pairs: Vec<_> = self.callers.into_iter().zip(self.refused).collect();
        pairs.sort_unstable();
        let mut world = self.clone();
        for (index, (caller, refused)) in pairs.into_iter().enumerate() {
            world.callers[index] = caller;
            world.refused[index] = refused;
        }
        world
    }

    /// What must hold in every world.
    fn check(&mut self) -> Result<(), String> {
        let leaders: Vec<u64> = self
            .callers
            .iter()
            .filter_map(|caller| match caller {
                Caller::Leading { flight, .. } => Some(*flight),
                _ => None,
            })
            .collect();
        if let Some(flight) = &self.machine.flight
            && !leaders.contains(&flight.id)
        {
            return Err("a flight has no leader: nobody who waits for it will wake".to_owned());
        }
        let live =
            leaders.iter().filter(|id| self.machine.flight.as_ref().is_some_and(|flight| flight.id == **id));
        if live.count() > 1 {
            return Err("two callers lead one flight".to_owned());
        }
        for caller in &self.callers {
            if let Caller::Waiting { flight, .. } = caller
                && self.outcome(*flight).is_none()
                && !leaders.contains(flight)
            {
                return Err("a waiter will never wake".to_owned());
            }
        }
        if self.logged_out && self.machine.held.is_some() {
            return Err("a token is held after logout".to_owned());
        }
        if self.machine.generation < self.generation_seen {
            return Err("the generation went back".to_owned());
        }
        self.generation_seen = self.machine.generation;
        Ok(())
    }
}

/// What an exploration found.
#[derive(Debug, Default)]
struct Found {
    worlds: u64,
    interleavings: u64,
    violation: Option<(String, Vec<Choice>)>,
}

/// Visits every order of choices to a depth; a world met again at the same depth is not entered again.
fn explore(defect: Option<Defect>, depth: u32, prologue: &[Choice]) -> Found {
    let mut found = Found::default();
    let mut world = World::new(defect);
    for choice in prologue {
        world.take(*choice).expect("the prologue is a legal run");
    }
    let mut met = HashSet::new();
    visit(&world, depth, &mut met, &mut Vec::new(), &mut found);
    found
}

fn visit(
    world: &World,
    depth: u32,
    met: &mut HashSet<(u64, u32)>,
    path: &mut Vec<Choice>,
    found: &mut Found,
) {
    let mut hasher = DefaultHasher::new();
    world.canonical().hash(&mut hasher);
    if found.violation.is_some() || !met.insert((hasher.finish(), depth)) {
        return;
    }
    found.worlds += 1;
    if depth == 0 {
        return;
    }
    for choice in world.choices() {
        found.interleavings += 1;
        let mut next = world.clone();
        path.push(choice);
        match next.take(choice) {
            Ok(()) => visit(&next, depth - 1, met, path, found),
            Err(broken) => found.violation = Some((broken, path.clone())),
        }
        path.pop();
        if found.violation.is_some() {
            return;
        }
    }
}

/// One caller logs in, so that the exploration starts with a pair in use.
const LOGGED_IN: [Choice; 4] =
    [Choice::Step(0), Choice::Step(0), Choice::Ends(0, Ending::Granted), Choice::Ends(0, Ending::Granted)];

const DEPTH: u32 = 10;

#[test]
fn every_interleaving_keeps_the_rules() {
    for (name, prologue) in [("cold", &[][..]), ("logged in", &LOGGED_IN)] {
        let found = explore(None, DEPTH, prologue);
        println!(
            "explorer, {name}: {} worlds, {} transitions to depth {DEPTH}",
            found.worlds, found.interleavings
        );
        assert!(found.violation.is_none(), "{:#?}", found.violation);
        assert!(found.worlds > 10_000, "the exploration is too small to mean anything");
    }
}

#[test]
fn planted_defects_are_found() {
    for (defect, says) in [
        (Defect::NoGenerationCheck, "newer token was at hand"),
        (Defect::NoGuard, "has no leader"),
        (Defect::PresentedAgain, "presented twice"),
        (Defect::PublishAfterLogout, "after logout"),
    ] {
        let found = explore(Some(defect), DEPTH, &LOGGED_IN);
        let (broken, path) = found.violation.unwrap_or_else(|| panic!("{defect:?} was not found"));
        println!("explorer, {defect:?}: {broken} after {path:?}");
        assert!(broken.contains(says), "{defect:?}: {broken}");
    }
}
