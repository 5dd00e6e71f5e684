//! A pilot whose auth calls are a closure of the test, and which notes everything it is asked to do.

use std::ops::Deref;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::super::Gate;
use crate::clock::Now;
use crate::session::pilot::{FlightEvent, Pilot};
use crate::token::{Attempt, Evidence, Expiry, Pair, Reason, Rules};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Down,
    LoggedOut,
    Budget,
    Rejected,
    TooLong,
    TimedOut,
    Reentered,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Login,
    Refresh,
}

/// What the gate did, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Called(Call),
    Waited,
    TimedOut,
    Revoked(u64),
    /// So many callers of the test have got their answer.
    Left(usize),
}

#[derive(Default)]
pub(super) struct Deeds(Vec<Deed>);

impl Deref for Deeds {
    type Target = [Deed];

    fn deref(&self) -> &[Deed] {
        &self.0
    }
}

impl Deeds {
    pub(super) fn calls(&self) -> usize {
        self.iter().filter(|deed| matches!(deed, Deed::Called(_))).count()
    }

    pub(super) fn waits(&self) -> usize {
        self.iter().filter(|deed| **deed == Deed::Waited).count()
    }

    fn left(&self) -> usize {
        self.iter().filter(|deed| matches!(deed, Deed::Left(_))).count()
    }
}

pub(super) type Flown = Attempt<Pair<u64, u64>, u64, Why>;
type Script = Box<dyn Fn(&Crew, Call) -> Flown + Send + Sync>;

pub(super) struct Crew {
    pub(super) gate: Gate<u64, u64, Why>,
    script: Script,
    now: Mutex<Duration>,
    deeds: Mutex<Deeds>,
    done: Condvar,
    in_hand: Mutex<Option<u64>>,
    falters: Mutex<bool>,
    bounds: Mutex<Vec<Duration>>,
}

/// Far longer than any test takes: a moment that never comes shows as a failure, not as a hang.
const PATIENCE: Duration = Duration::from_secs(60);

impl Crew {
    pub(super) fn new(script: impl Fn(&Crew, Call) -> Flown + Send + Sync + 'static) -> Self {
        let rules = Rules {
            calls: 4,
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(10),
            credentials_can_change: false,
        };
        Crew {
            gate: Gate::new(rules),
            script: Box::new(script),
            now: Mutex::default(),
            deeds: Mutex::default(),
            done: Condvar::new(),
            in_hand: Mutex::default(),
            falters: Mutex::default(),
            bounds: Mutex::default(),
        }
    }

    /// A pair that lives for an hour; tokens are numbered.
    pub(super) fn grant(&self, _: Call) -> Flown {
        let evidence =
            Evidence { sent: self.now(), server_date: None, expires_at: None, exp: Some(3600), iat: Some(0) };
        let number = self.gate.generation() + 1;
        let expiry = Expiry::new(&evidence, Duration::from_secs(300), 0.5);
        Attempt::Granted(Pair { access: number, refresh: number, expiry })
    }

    /// The refresh token of the call that is out.
    pub(super) fn unspent(&self) -> Option<u64> {
        *self.in_hand.lock()
    }

    pub(super) fn calls(&self) -> usize {
        self.deeds.lock().calls()
    }

    /// Everything but the waiting.
    pub(super) fn deeds(&self) -> Vec<Deed> {
        self.deeds.lock().iter().copied().filter(|deed| *deed != Deed::Waited).collect()
    }

    pub(super) fn until(&self, reached: impl Fn(&Deeds) -> bool) {
        let mut deeds = self.deeds.lock();
        let late = self.done.wait_while_for(&mut deeds, |deeds| !reached(deeds), PATIENCE).timed_out();
        assert!(!late, "the moment did not come");
    }

    pub(super) fn leave(&self) {
        let left = self.deeds.lock().left() + 1;
        self.note(Deed::Left(left));
    }

    /// The deadlines of the calls so far.
    pub(super) fn bounds(&self) -> Vec<Duration> {
        self.bounds.lock().clone()
    }

    pub(super) fn advance(&self, by: Duration) {
        *self.now.lock() += by;
    }

    pub(super) fn panic_when_elected(&self, falters: bool) {
        *self.falters.lock() = falters;
    }

    fn note(&self, deed: Deed) {
        self.deeds.lock().0.push(deed);
        self.done.notify_all();
    }
}

impl Pilot<u64, u64, Why> for Crew {
    fn now(&self) -> Now {
        let monotonic = *self.now.lock();
        Now { monotonic, wall: monotonic }
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn sleep(&self, pause: Duration) {
        self.advance(pause);
    }

    fn login(&self, deadline: Duration) -> Flown {
        self.bounds.lock().push(deadline);
        self.note(Deed::Called(Call::Login));
        (self.script)(self, Call::Login)
    }

    fn refresh(&self, token: u64, deadline: Duration) -> Flown {
        self.bounds.lock().push(deadline);
        *self.in_hand.lock() = Some(token);
        self.note(Deed::Called(Call::Refresh));
        (self.script)(self, Call::Refresh)
    }

    fn revoke(&self, pair: Pair<u64, u64>, deadline: Duration) {
        self.bounds.lock().push(deadline);
        self.note(Deed::Revoked(pair.access));
    }

    fn elected(&self, flight: u64, deadline: Duration) {
        assert!(!*self.falters.lock(), "no thread can be had");
        self.gate.fly_early(flight, deadline, self);
    }

    fn waiting(&self) {
        self.note(Deed::Waited);
    }

    fn tell(&self, _: FlightEvent<Why>) {}

    fn timed_out(&self) -> Why {
        self.note(Deed::TimedOut);
        Why::TimedOut
    }

    fn reentered(&self) -> Why {
        Why::Reentered
    }
}
