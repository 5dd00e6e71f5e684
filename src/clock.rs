//! The only file that asks the time or draws randomness.

use std::task::Waker;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};
use time::OffsetDateTime;

/// A source of time, for tests that need to move it.
///
/// [`SystemClock`] is the default. A session reads the clock outside of its lock, so an implementation may block or use
/// the session itself, but it is on the path of every call and should be quick.
pub trait Clock: Send + Sync {
    /// Time since a fixed point of the clock's choice; it never goes back. It need not advance while the
    /// machine is suspended. A pause ends when this has reached its end, so a clock that stands still never ends one.
    fn monotonic(&self) -> Duration;

    /// The time of day. It may step in either direction.
    fn wall(&self) -> SystemTime;

    /// Registers a session that wants to know of jumps. Does nothing by default, which suits a clock that only runs.
    ///
    /// A clock that a test moves keeps the waker and wakes it after every move: a thread of the session that waits for
    /// an instant which has come then goes on at once.
    fn on_jump(&self, waker: Waker) {
        drop(waker);
    }

    /// A thread of the session is about to pause until a monotonic reading: between two attempts, for its turn under
    /// a rate limit, or between two polls of an order. Does nothing by default.
    ///
    /// A clock for tests may jump there, so that no pause takes any real time. It is not called for a thread that
    /// waits for a response.
    fn on_pause(&self, until: Duration) {
        let _ = until;
    }

    /// A number drawn evenly from `0.0..1.0`, to spread refreshes and pauses.
    fn random(&self) -> f64 {
        fastrand::f64()
    }
}

/// The time of the operating system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic reading starts at zero now.
    #[must_use]
    pub fn new() -> Self {
        SystemClock { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Now {
    /// Since the clock's own fixed point.
    pub(crate) monotonic: Duration,
    /// Since 1970; a clock set before that reads zero.
    pub(crate) wall: Duration,
}

impl Now {
    pub(crate) fn read(clock: &dyn Clock) -> Self {
        Now {
            monotonic: clock.monotonic(),
            wall: clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }
}

/// An instant by both clocks of the operating system, for what no session's clock is there to date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    monotonic: Instant,
    wall: SystemTime,
}

impl Stamp {
    pub(crate) fn now() -> Self {
        Stamp { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// The time since then, without the time that the machine was suspended.
    pub(crate) fn elapsed(self) -> Duration {
        self.monotonic.elapsed()
    }

    /// The time since then by the clock that advanced more: one stands still while the machine is suspended, the
    /// other can be set back.
    pub(crate) fn age(self) -> Duration {
        self.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }

    /// The same instant, earlier by so much on the two clocks.
    #[cfg(test)]
    pub(crate) fn back(self, monotonic: Duration, wall: Duration) -> Self {
        let monotonic = self.monotonic.checked_sub(monotonic).unwrap_or(self.monotonic);
        Stamp { monotonic, wall: self.wall - wall }
    }
}

/// A number a clock has drawn, brought into `0.0..=1.0`: a clock may be anybody's code, and one that answers with
/// something that is not a number must not end the caller.
pub(crate) fn share(random: f64) -> f64 {
    if random.is_nan() { 0.0 } else { random.clamp(0.0, 1.0) }
}

/// A random part of a duration, at most the whole of it: `mul_f64` panics where rounding takes the longest durations
/// over the edge.
pub(crate) fn part(of: Duration, random: f64) -> Duration {
    Duration::try_from_secs_f64(of.as_secs_f64() * share(random)).map_or(of, |part| part.min(of))
}

/// The time of day of the operating system, for a question that no session's clock is there to answer.
pub(crate) fn wall_now() -> OffsetDateTime {
    date(Now::read(&SystemClock::new()).wall)
}

/// A wall clock's reading as a date. Beyond the year 9999 it is that year's last second, where the plain
/// conversion would panic.
pub(crate) fn date(since_1970: Duration) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH.saturating_add(since_1970.try_into().unwrap_or(time::Duration::MAX))
}

/// Random bytes from the operating system, for client references.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let drawn = SystemRandom::new().fill(&mut bytes);
    // A predictable reference could pay for somebody else's order: better none.
    assert!(drawn.is_ok(), "the operating system has no randomness to give");
    bytes
}
