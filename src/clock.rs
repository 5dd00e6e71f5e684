//! Time and randomness. No other file reads a clock or draws a random number.

use std::task::Waker;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};
use time::OffsetDateTime;

/// The time as a session sees it. Tests can replace it with a clock that they move.
///
/// A clock has two readings:
///
/// | Reading | Value | The session uses it for |
/// |---|---|---|
/// | [`monotonic`](Clock::monotonic) | time since a fixed point | deadlines, pauses, rate limits and the life of a token |
/// | [`wall`](Clock::wall) | time of day | the life of a token, and dates in response headers |
///
/// A token expires as soon as one of the two says so: the first may stand still while the machine is suspended, and the
/// second can be set back.
///
/// [`SystemClock`] is the default. A session holds no lock while it reads the clock, so an implementation may block or
/// use the session. It should be fast, because every call reads it.
pub trait Clock: Send + Sync {
    /// Returns the time since a fixed point that the clock chooses. It never decreases, but it need not advance while
    /// the machine is suspended.
    ///
    /// A deadline or a pause is over when this reading reaches it. A clock that stands still ends none.
    fn monotonic(&self) -> Duration;

    /// Returns the time of day. It may step in either direction.
    fn wall(&self) -> SystemTime;

    /// Registers a waker that the clock must wake after every jump.
    ///
    /// A clock that tests move keeps all wakers. Waking one lets the threads of that session check whether the instant
    /// they wait for has come. The default does nothing, which is right for a clock that never jumps.
    fn on_jump(&self, waker: Waker) {
        drop(waker);
    }

    /// Called before a thread of the session pauses until a monotonic reading. The default does nothing.
    ///
    /// A pause is the time between two attempts, until a turn under a rate limit, or between two polls of an order. A
    /// clock for tests can jump to `until`, and the pause then takes no real time. Waiting for a response is not a
    /// pause.
    fn on_pause(&self, until: Duration) {
        let _ = until;
    }

    /// Returns a random number from `0.0..1.0`, which spreads refreshes and pauses.
    fn random(&self) -> f64 {
        fastrand::f64()
    }
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Creates a clock whose monotonic reading starts at zero.
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

/// A point in time on both clocks of a [`Clock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reading {
    /// The time since the clock's fixed point.
    pub(crate) monotonic: Duration,
    /// The time since 1970, or zero if the clock is set to an earlier date.
    pub(crate) wall: Duration,
}

impl Reading {
    pub(crate) fn of(clock: &dyn Clock) -> Self {
        Reading {
            monotonic: clock.monotonic(),
            wall: clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    /// Returns the point in time this much earlier, but no reading below zero.
    pub(crate) fn saturating_sub(self, by: Duration) -> Self {
        Reading { monotonic: self.monotonic.saturating_sub(by), wall: self.wall.saturating_sub(by) }
    }

    /// Returns the point in time this much later.
    pub(crate) fn saturating_add(self, by: Duration) -> Self {
        Reading { monotonic: self.monotonic.saturating_add(by), wall: self.wall.saturating_add(by) }
    }
}

/// A point in time on both clocks of the operating system, for code that has no [`Clock`].
///
/// It is no [`Reading`] because an [`Instant`] has no absolute value. The fixed point would be a static whose
/// initialization takes a lock, and a forked child could find that lock held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    monotonic: Instant,
    wall: SystemTime,
}

impl Stamp {
    pub(crate) fn now() -> Self {
        Stamp { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// Returns the time since then on the monotonic clock, which may stand still while the machine is suspended.
    pub(crate) fn elapsed(self) -> Duration {
        self.monotonic.elapsed()
    }

    /// Returns the time since then on the clock that advanced more: the monotonic clock may stand still while the
    /// machine is suspended, and the wall clock can be set back.
    pub(crate) fn age(self) -> Duration {
        self.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }

    /// Moves the point back on each clock.
    #[cfg(test)]
    pub(crate) fn back(self, monotonic: Duration, wall: Duration) -> Self {
        let monotonic = self.monotonic.checked_sub(monotonic).unwrap_or(self.monotonic);
        Stamp { monotonic, wall: self.wall - wall }
    }
}

/// Clamps the random number of a clock to `0.0..=1.0`. A user's clock may return any value, even NaN.
pub(crate) fn share(random: f64) -> f64 {
    if random.is_nan() { 0.0 } else { random.clamp(0.0, 1.0) }
}

/// Returns a random part of a duration. `mul_f64` would panic for the longest durations, where rounding overflows.
pub(crate) fn part(of: Duration, random: f64) -> Duration {
    Duration::try_from_secs_f64(of.as_secs_f64() * share(random)).map_or(of, |part| part.min(of))
}

/// Returns the time of day of the operating system, for code that has no [`Clock`].
pub(crate) fn wall_now() -> OffsetDateTime {
    date(Reading::of(&SystemClock::new()).wall)
}

/// Converts a wall reading to a date. A reading beyond the year 9999 becomes the last second of that year, where the
/// usual conversion would panic.
pub(crate) fn date(since_1970: Duration) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH.saturating_add(since_1970.try_into().unwrap_or(time::Duration::MAX))
}

/// Returns random bytes from the operating system.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let drawn = SystemRandom::new().fill(&mut bytes);
    // Client references are made of these and must not be predictable, so panic instead.
    assert!(drawn.is_ok(), "the operating system returned no random bytes");
    bytes
}
