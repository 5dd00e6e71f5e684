//! The clock the server and a session share in a test: the time of the system plus what the test added.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::{Condvar, Mutex};
use time::OffsetDateTime;

use crate::{Clock, SystemClock};

/// The clock of a [`Sandbox`](super::Sandbox): system time plus everything
/// [`advance`](super::Sandbox::advance) was told to add.
///
/// Give a clone to the session under test, and its idea of time moves together with the server's. A sleep on
/// this clock ends as soon as the clock has been moved past it.
///
/// ```
/// use std::time::Duration;
/// use popup_rewards::{Clock, sandbox::Sandbox};
///
/// let sandbox = Sandbox::start()?;
/// let clock = sandbox.clock();
/// let before = clock.monotonic();
/// sandbox.advance(Duration::from_secs(3600));
/// assert!(clock.monotonic() - before >= Duration::from_secs(3600));
/// # Ok::<(), popup_rewards::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SandboxClock {
    shared: Arc<Moving>,
    skips: bool,
}

#[derive(Debug)]
struct Moving {
    system: SystemClock,
    offset: Mutex<Duration>,
    moved: Condvar,
}

/// The clock cannot be moved further than this, so that dates stay within four-digit years.
const FURTHEST: Duration = Duration::from_secs(1_000 * 365 * 86_400);

impl SandboxClock {
    pub(super) fn new() -> Self {
        let shared =
            Moving { system: SystemClock::new(), offset: Mutex::new(Duration::ZERO), moved: Condvar::new() };
        SandboxClock { shared: Arc::new(shared), skips: false }
    }

    /// The same clock with sleeps that do not wait: a sleep moves the clock, and with it the server, forward.
    ///
    /// Polling loops and pauses between attempts then take no real time. Threads that sleep at the same time
    /// each move the clock, so this is for tests with one thread.
    #[must_use]
    pub fn skip_sleeps(mut self) -> Self {
        self.skips = true;
        self
    }

    pub(super) fn advance(&self, by: Duration) {
        let mut offset = self.shared.offset.lock();
        *offset = offset.saturating_add(by).min(FURTHEST);
        self.shared.moved.notify_all();
    }

    /// The time of day as a date.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.wall().into()
    }
}

impl Clock for SandboxClock {
    fn monotonic(&self) -> Duration {
        self.shared.system.monotonic() + *self.shared.offset.lock()
    }

    fn wall(&self) -> SystemTime {
        self.shared.system.wall() + *self.shared.offset.lock()
    }

    fn sleep(&self, duration: Duration) {
        if self.skips {
            return self.advance(duration);
        }
        let end = self.monotonic().saturating_add(duration);
        let mut offset = self.shared.offset.lock();
        loop {
            let now = self.shared.system.monotonic() + *offset;
            let Some(left) = end.checked_sub(now).filter(|left| !left.is_zero()) else { return };
            self.shared.moved.wait_for(&mut offset, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_ends_when_the_clock_is_moved_past_it() {
        let clock = SandboxClock::new();
        let sleeper = clock.clone();
        let thread = std::thread::spawn(move || sleeper.sleep(Duration::from_secs(3600)));
        // Again and again, because the sleep may begin after the first of them.
        while !thread.is_finished() {
            clock.advance(Duration::from_secs(3600));
            std::thread::yield_now();
        }
        thread.join().unwrap();
    }

    #[test]
    fn a_skipped_sleep_moves_every_clone() {
        let clock = SandboxClock::new();
        clock.clone().skip_sleeps().sleep(Duration::from_secs(500));
        assert!(clock.monotonic() >= Duration::from_secs(500));
    }

    #[test]
    fn the_clock_cannot_leave_the_calendar() {
        let clock = SandboxClock::new();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert!(clock.now().year() < 9999);
    }
}
