//! A state of the model: the state machine, the threads that drive it, and what only the server knows.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use super::defects::Defect;
use super::flights::{AuthOutcome, FlightThread};
use super::model::TokenModel;
use crate::clock::Reading;
use crate::token::expiry::{Evidence, Expiry, Zone};
use crate::token::machine::Machine;
use crate::token::types::{Close, Poll, TokenSettings, Waiter};

pub(super) const LIFE: Duration = Duration::from_secs(100);
/// The first monotonic reading.
pub(super) const START: Duration = Duration::from_secs(1000);
pub(super) const FLIGHT_LIMIT: Duration = Duration::from_secs(30);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
/// Makes every pause as long as it can be.
pub(super) const RANDOM: f64 = 1.0;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct System {
    pub(super) machine: Machine,
    pub(super) now: Reading,
    pub(super) callers: [Caller; 3],
    /// The threads of flights.
    pub(super) threads: Vec<FlightThread>,
    /// The number of pending revocations.
    pub(super) revocations: u8,
    /// The generation of the refresh token in the cache.
    pub(super) refresh: Option<u64>,
    /// The refresh tokens that the server may have received, one bit per generation.
    pub(super) presented: u64,
    /// When the logins ended that the API counted in the last minute.
    pub(super) logins: Vec<Duration>,
    /// When the request for the current token was sent.
    pub(super) sent: Option<Reading>,
    /// The last generation that the server accepted.
    pub(super) accepted: u64,
    /// The last generation that another client revoked.
    pub(super) revoked: u64,
    /// The number of times the session was closed since the last `login()`.
    pub(super) closed_since_login: u8,
    /// Whether `logout()` was called since the last `login()`.
    pub(super) logged_out: bool,
    /// The number of times the session was closed.
    pub(super) closes: u64,
    /// Whether the wall clock has stepped. The model steps it once.
    pub(super) stepped: bool,
    pub(super) depth: Depth,
    /// The first property that was violated.
    pub(super) violated: Option<&'static str>,
}

/// The distance from the first state. It is not part of a state's identity. The search is breadth-first, so it reaches
/// each state by a shortest path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depth(pub(super) usize);

impl PartialEq for Depth {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Depth {}

impl Hash for Depth {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// What a call remembers from start to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallerLimits {
    pub(super) deadline: Duration,
    pub(super) closes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    Idle,
    /// Waits for a token. `last` is as in `After401::Retry`.
    Waiting {
        limits: CallerLimits,
        waiter: Waiter,
        last: bool,
        asleep: Option<Duration>,
    },
    Calling {
        limits: CallerLimits,
        generation: u64,
        last: bool,
    },
    /// Pauses before it retries with the same token.
    Pausing {
        limits: CallerLimits,
        generation: u64,
        last: bool,
        until: Duration,
        asleep: bool,
    },
    Served,
    Failed,
}

impl System {
    pub(super) fn new(logins: usize, credentials_can_change: bool) -> Self {
        let settings = TokenSettings { flight_limit: FLIGHT_LIMIT, credentials_can_change, shared: None };
        System {
            machine: Machine::new(settings).limited_to(logins, 20),
            now: Reading { monotonic: START, wall: Duration::from_secs(1_900_000_000) },
            callers: [Caller::Idle, Caller::Idle, Caller::Idle],
            threads: Vec::new(),
            revocations: 0,
            refresh: None,
            presented: 0,
            logins: Vec::new(),
            sent: None,
            accepted: 0,
            revoked: 0,
            closed_since_login: 0,
            logged_out: false,
            closes: 0,
            stepped: false,
            depth: Depth(0),
            violated: None,
        }
    }

    /// Returns the state after a login.
    pub(super) fn with_token(mut self, model: &TokenModel) -> Self {
        self.log_in(0, model);
        self.run_caller(0, model);
        self.run_flight(0, model);
        self.end_auth_call(0, AuthOutcome::Pair, model);
        self.callers[0] = Caller::Idle;
        self
    }

    /// Returns the expiry of a token whose request was sent at this instant.
    pub(super) fn expiry(sent: Reading, defect: Defect) -> Expiry {
        let life = if defect == Defect::ShortLived { LIFE / 4 } else { LIFE };
        let exp = i64::try_from(life.as_secs()).ok();
        let wall = if defect == Defect::WallIgnored { sent.wall * 2 } else { sent.wall };
        let sent = Reading { wall, ..sent };
        let evidence = Evidence { sent, server_date: None, expires_at: None, exp, iat: Some(0) };
        Expiry::new(&evidence, Duration::from_secs(300), 0.5)
    }

    /// Returns the age of the current token, on the clock that advanced more.
    pub(super) fn age(&self) -> Option<Duration> {
        let Reading { monotonic, wall } = self.sent?;
        Some((self.now.monotonic.saturating_sub(monotonic)).max(self.now.wall.saturating_sub(wall)))
    }

    pub(super) fn can_run(&self, asleep: Option<Duration>) -> bool {
        asleep.is_none_or(|until| until <= self.now.monotonic)
    }

    /// Wakes the waiting threads, as `change` does. A thread that would only go back to sleep stays asleep, because no
    /// other thread could see a difference.
    pub(super) fn changed(&mut self, defect: Defect) {
        if defect == Defect::LostWakeup {
            return;
        }
        let System { machine, now, callers, threads, .. } = self;
        for caller in callers {
            match caller {
                Caller::Waiting { waiter, asleep, .. } if asleep.is_some() => {
                    let (mut after, mut same) = (machine.clone(), waiter.clone());
                    let polled = after.acquire(&mut same, *now);
                    *asleep = sleeps_until(&polled, *now).filter(|_| after == *machine && same == *waiter);
                }
                Caller::Pausing { limits, asleep, .. } => *asleep &= machine.is_open(limits.closes),
                _ => {}
            }
        }
        for thread in threads.iter_mut().filter(|thread| thread.asleep.is_some()) {
            let mut after = machine.clone();
            thread.asleep =
                sleeps_until(&after.next_step(thread.id, *now), *now).filter(|_| after == *machine);
        }
    }

    pub(super) fn close(&mut self, how: Close, defect: Defect) {
        // The close is in progress until the connections are closed and a revocation has ended.
        self.machine.close(how);
        self.revocations += 1;
        self.closes += 1;
        self.closed_since_login += 1;
        (self.refresh, self.sent) = (None, None);
        self.logged_out |= how == Close::Logout;
        if defect == Defect::RevocationIgnored {
            self.machine.close_ended();
        }
        self.threads.iter_mut().for_each(|thread| thread.cut_off = true);
        self.changed(defect);
    }

    pub(super) fn end_revocation(&mut self, defect: Defect) {
        self.revocations -= 1;
        self.machine.close_ended();
        self.changed(defect);
    }

    /// Advances both clocks.
    pub(super) fn wait_until(&mut self, until: Duration) {
        let by = until.saturating_sub(self.now.monotonic);
        self.now = Reading { monotonic: self.now.monotonic + by, wall: self.now.wall + by };
    }

    /// Returns the next instant that a thread waits for, or the deadline of the flight.
    pub(super) fn next_instant(&self) -> Option<Duration> {
        let callers = self.callers.iter().filter_map(|caller| match caller {
            Caller::Waiting { asleep, .. } => *asleep,
            Caller::Pausing { until, .. } => Some(*until),
            _ => None,
        });
        let threads = self.threads.iter().filter_map(|thread| thread.asleep);
        let limit = self.machine.flight.as_ref().map(|flight| flight.deadline);
        callers.chain(threads).chain(limit).filter(|at| *at > self.now.monotonic).min()
    }

    /// Returns the instant at which the token enters its next zone.
    pub(super) fn next_zone(&self) -> Option<Duration> {
        let zone = self.machine.zone(self.now).filter(|zone| *zone != Zone::Expired)?;
        let mut later = self.now;
        while self.machine.zone(later) == Some(zone) {
            later.monotonic += Duration::from_secs(1);
        }
        Some(later.monotonic)
    }
}

/// Returns the instant until which a poll lets its thread sleep.
fn sleeps_until<R>(polled: &Poll<R>, now: Reading) -> Option<Duration> {
    match polled {
        Poll::Wait { until, .. } if *until > now.monotonic => Some(*until),
        _ => None,
    }
}
