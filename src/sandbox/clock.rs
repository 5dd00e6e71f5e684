//! The clock that the server and a session share in a test.

use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::{Clock, SystemClock};

/// The clock of a [`Sandbox`](super::Sandbox): system time plus the sum of all calls to
/// [`advance`](super::Sandbox::advance).
///
/// Give a clone to the session under test, and both see the same time. A session's wait ends as soon as the clock
/// is advanced past its deadline.
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
    shared: Arc<SharedTime>,
    skip_sleeps: bool,
}

#[derive(Debug)]
struct SharedTime {
    system: SystemClock,
    offset: Mutex<Duration>,
    /// Woken after every change of `offset`.
    wakers: Mutex<Vec<Waker>>,
}

/// The maximum offset. It keeps dates within four-digit years.
const MAX_OFFSET: Duration = Duration::from_secs(1_000 * 365 * 86_400);

impl SandboxClock {
    pub(super) fn new() -> Self {
        let shared = SharedTime {
            system: SystemClock::new(),
            offset: Mutex::new(Duration::ZERO),
            wakers: Mutex::default(),
        };
        SandboxClock { shared: Arc::new(shared), skip_sleeps: false }
    }

    /// Returns this clock with sleeps skipped: when the session sleeps, the clock advances instead, for the server
    /// too.
    ///
    /// Polling and backoff then take no real time. Every thread that sleeps advances the clock for all others. Use
    /// it in single-threaded tests only.
    #[must_use]
    pub fn skip_sleeps(mut self) -> Self {
        self.skip_sleeps = true;
        self
    }

    pub(super) fn advance(&self, by: Duration) {
        {
            let mut offset = self.shared.offset.lock();
            *offset = offset.saturating_add(by).min(MAX_OFFSET);
        }
        let wakers = self.shared.wakers.lock().clone();
        wakers.iter().for_each(Waker::wake_by_ref);
    }

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
        if self.skip_sleeps {
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
    fn advancing_wakes_registered_wakers() {
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
    fn a_skipped_sleep_advances_every_clone() {
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
