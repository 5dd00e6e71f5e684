//! A world: the machine, everybody who drives it, and what only the server knows.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use super::defects::Defect;
use super::flights::{Answer, Thread};
use super::scenario::Scenario;
use crate::clock::Now;
use crate::token::expiry::{Evidence, Expiry, Zone};
use crate::token::flight::Flight;
use crate::token::machine::Machine;
use crate::token::types::{Close, Poll, Rules, Waiter};

pub(super) const LIFE: Duration = Duration::from_secs(100);
/// The first monotonic reading.
pub(super) const START: Duration = Duration::from_secs(1000);
pub(super) const FLIGHT_LIMIT: Duration = Duration::from_secs(30);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
/// The longest pause that can be drawn.
pub(super) const RANDOM: f64 = 1.0;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct System {
    pub(super) machine: Machine,
    pub(super) now: Now,
    pub(super) callers: [Caller; 3],
    /// The threads of flights.
    pub(super) threads: Vec<Thread>,
    /// Revocations that are out.
    pub(super) revocations: u8,
    /// The refresh token in the cache, by the generation it came with.
    pub(super) refresh: Option<u64>,
    /// The refresh tokens that the server may have seen, a bit for each generation.
    pub(super) presented: u64,
    /// When the logins of the last minute ended that the API counted.
    pub(super) logins: Vec<Duration>,
    /// When the request for the newest token was sent.
    pub(super) sent: Option<Now>,
    /// The last generation that a call was accepted with.
    pub(super) accepted: u64,
    /// The last generation that somebody else has revoked.
    pub(super) revoked: u64,
    /// How often the session was closed since it was last opened.
    pub(super) shut: u8,
    /// Whether `logout()` was called since the last `login()`.
    pub(super) logged_out: bool,
    /// How often the session was closed.
    pub(super) closes: u64,
    /// Whether the time of day has stepped; once is enough.
    pub(super) stepped: bool,
    pub(super) steps: Steps,
    /// The first rule that was broken.
    pub(super) broken: Option<&'static str>,
}

/// How far it is from the beginning. A world is the same however it was reached, so its fingerprint leaves this out;
/// the search is breadth first, and meets each world by its shortest way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps(pub(super) usize);

impl PartialEq for Steps {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Steps {}

impl Hash for Steps {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// What a method of the session remembers from its beginning to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    pub(super) deadline: Duration,
    pub(super) closes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    Idle,
    /// Gets a token. `last` as in `After401::Retry`.
    Waiting {
        scope: Scope,
        waiter: Waiter,
        last: bool,
        asleep: Option<Duration>,
    },
    Calling {
        scope: Scope,
        generation: u64,
        last: bool,
    },
    /// Pauses before it calls again with the same token.
    Resting {
        scope: Scope,
        generation: u64,
        last: bool,
        until: Duration,
        asleep: bool,
    },
    Done(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    Served,
    Failed,
}

impl System {
    pub(super) fn new(logins: usize, credentials_can_change: bool) -> Self {
        let rules = Rules { flight_limit: FLIGHT_LIMIT, credentials_can_change };
        System {
            machine: Machine::new(rules).limited_to(logins, 20),
            now: Now { monotonic: START, wall: Duration::from_secs(1_900_000_000) },
            callers: [Caller::Idle, Caller::Idle, Caller::Idle],
            threads: Vec::new(),
            revocations: 0,
            refresh: None,
            presented: 0,
            logins: Vec::new(),
            sent: None,
            accepted: 0,
            revoked: 0,
            shut: 0,
            logged_out: false,
            closes: 0,
            stepped: false,
            steps: Steps(0),
            broken: None,
        }
    }

    /// The same world some steps later: somebody has logged in.
    pub(super) fn with_token(mut self, scenario: &Scenario) -> Self {
        self.log_in(0, scenario);
        self.run(0, scenario);
        self.fly(0, scenario);
        self.auth_ends(0, Answer::Pair, scenario);
        self.callers[0] = Caller::Idle;
        self
    }

    /// The expiry of a token that was asked for at some instant.
    pub(super) fn expiry(sent: Now, defect: Defect) -> Expiry {
        let life = if defect == Defect::ShortLived { LIFE / 4 } else { LIFE };
        let exp = i64::try_from(life.as_secs()).ok();
        let wall = if defect == Defect::TimeOfDayUnseen { sent.wall * 2 } else { sent.wall };
        let sent = Now { wall, ..sent };
        let evidence = Evidence { sent, server_date: None, expires_at: None, exp, iat: Some(0) };
        Expiry::new(&evidence, Duration::from_secs(300), 0.5)
    }

    /// How old the newest token is on the clock that says more.
    pub(super) fn age(&self) -> Option<Duration> {
        let Now { monotonic, wall } = self.sent?;
        Some((self.now.monotonic.saturating_sub(monotonic)).max(self.now.wall.saturating_sub(wall)))
    }

    pub(super) fn runs(&self, asleep: Option<Duration>) -> bool {
        asleep.is_none_or(|until| until <= self.now.monotonic)
    }

    /// Wakes whoever waits, as `change` does. A thread that would do nothing but go to sleep again is left asleep:
    /// when it does that makes no difference to anybody else.
    pub(super) fn changed(&mut self, defect: Defect) {
        if defect == Defect::Unheard {
            return;
        }
        let System { machine, now, callers, threads, .. } = self;
        for caller in callers {
            match caller {
                Caller::Waiting { waiter, asleep, .. } if asleep.is_some() => {
                    let (mut after, mut same) = (machine.clone(), waiter.clone());
                    let polled = after.acquire(&mut same, *now);
                    *asleep = sleeps(&polled, *now).filter(|_| after == *machine && same == *waiter);
                }
                Caller::Resting { scope, asleep, .. } => *asleep &= machine.is_open(scope.closes),
                _ => {}
            }
        }
        for thread in threads.iter_mut().filter(|thread| thread.asleep.is_some()) {
            let mut after = machine.clone();
            thread.asleep = sleeps(&after.step(thread.id, now.monotonic), *now).filter(|_| after == *machine);
        }
    }

    pub(super) fn close(&mut self, how: Close, defect: Defect) {
        // What is closed can send until its connections are closed too, and then a revocation may be out.
        self.machine.close(how);
        self.revocations += 1;
        self.closes += 1;
        self.shut += 1;
        (self.refresh, self.sent) = (None, None);
        self.logged_out |= how == Close::Logout;
        if defect == Defect::RevocationUnseen {
            self.machine.close_ended();
        }
        self.threads.iter_mut().for_each(|thread| thread.cut_off = true);
        self.changed(defect);
    }

    pub(super) fn revocation_ends(&mut self, defect: Defect) {
        self.revocations -= 1;
        self.machine.close_ended();
        self.changed(defect);
    }

    /// Lets time pass on both clocks.
    pub(super) fn wait_until(&mut self, until: Duration) {
        let by = until.saturating_sub(self.now.monotonic);
        self.now = Now { monotonic: self.now.monotonic + by, wall: self.now.wall + by };
    }

    /// The next instant that somebody waits for, or at which a flight has to be over.
    pub(super) fn next_instant(&self) -> Option<Duration> {
        let callers = self.callers.iter().filter_map(|caller| match caller {
            Caller::Waiting { asleep, .. } => *asleep,
            Caller::Resting { until, .. } => Some(*until),
            _ => None,
        });
        let threads = self.threads.iter().filter_map(|thread| thread.asleep);
        let limit = self.machine.flight.as_ref().map(Flight::limit);
        callers.chain(threads).chain(limit).filter(|at| *at > self.now.monotonic).min()
    }

    /// The instant at which the token enters its next zone.
    pub(super) fn next_zone(&self) -> Option<Duration> {
        let zone = self.machine.zone(self.now).filter(|zone| *zone != Zone::Over)?;
        let mut later = self.now;
        while self.machine.zone(later) == Some(zone) {
            later.monotonic += Duration::from_secs(1);
        }
        Some(later.monotonic)
    }
}

/// Until when a poll lets a thread sleep.
fn sleeps<R>(polled: &Poll<R>, now: Now) -> Option<Duration> {
    match polled {
        Poll::Wait { until, .. } if *until > now.monotonic => Some(*until),
        _ => None,
    }
}
