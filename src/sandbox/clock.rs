//! The clock the server and a session share in a test: the time of the system plus what the test added.

use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::{Clock, SystemClock};

/// The clock of a [`Sandbox`](super::Sandbox): system time plus everything
/// [`advance`](super::Sandbox::advance) was told to add.
///
/// Give a clone to the session under test, and its idea of time moves together with the server's. Whatever the session
/// waits for ends as soon as the clock has been moved past it.
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
    /// Of the sessions on this clock.
    wakers: Mutex<Vec<Waker>>,
}

/// The clock cannot be moved further than this, so that dates stay within four-digit years.
const FURTHEST: Duration = Duration::from_secs(1_000 * 365 * 86_400);

impl SandboxClock {
    pub(super) fn new() -> Self {
        let shared = Moving {
            system: SystemClock::new(),
            offset: Mutex::new(Duration::ZERO),
            wakers: Mutex::default(),
        };
        SandboxClock { shared: Arc::new(shared), skips: false }
    }

    /// The same clock with pauses that take no time: a pause of the session moves the clock, and with it the server,
    /// forward.
    ///
    /// Polling loops and pauses between attempts then take no real time. Every thread that pauses moves the clock for
    /// all, so this is for tests with one thread.
    #[must_use]
    pub fn skip_sleeps(mut self) -> Self {
        self.skips = true;
        self
    }

    pub(super) fn advance(&self, by: Duration) {
        {
            let mut offset = self.shared.offset.lock();
            *offset = offset.saturating_add(by).min(FURTHEST);
        }
        let wakers = self.shared.wakers.lock().clone();
        wakers.iter().for_each(Waker::wake_by_ref);
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

    fn on_jump(&self, waker: Waker) {
        self.shared.wakers.lock().push(waker);
    }

    fn on_pause(&self, until: Duration) {
        if self.skips {
            self.advance(until.saturating_sub(self.monotonic()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    use super::*;

    #[test]
    fn a_move_wakes_whoever_registered() {
        struct Flag(AtomicBool);
        impl Wake for Flag {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let (clock, flag) = (SandboxClock::new(), Arc::new(Flag(AtomicBool::new(false))));
        clock.on_jump(Arc::clone(&flag).into());
        clock.advance(Duration::from_secs(1));
        assert!(flag.0.load(Ordering::SeqCst));
    }

    #[test]
    fn a_skipped_pause_moves_every_clone() {
        let clock = SandboxClock::new();
        clock.clone().skip_sleeps().on_pause(Duration::from_secs(500));
        assert!(clock.monotonic() >= Duration::from_secs(500));
        let before = clock.monotonic();
        clock.clone().on_pause(before + Duration::from_secs(500));
        assert!(clock.monotonic() < before + Duration::from_secs(400));
    }

    #[test]
    fn the_clock_cannot_leave_the_calendar() {
        let clock = SandboxClock::new();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert!(clock.now().year() < 9999);
    }
}
