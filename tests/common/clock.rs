//! A clock that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use popup_rewards::Clock;
use popup_rewards::sandbox::{Sandbox, SandboxClock};

type Hook = dyn Fn(Duration) + Send + Sync;

/// A clock that stands still until a test advances it, or follows a sandbox if made with [`of`](TestClock::of).
/// Records every pause.
///
/// The time is kept in atomics: a forked child can read it whatever locks its parent's threads held.
#[derive(Clone, Default)]
pub(crate) struct TestClock {
    shared: Arc<ClockInner>,
    /// If set, the time is that of the sandbox's server.
    sandbox: Option<SandboxClock>,
    skips: bool,
}

#[derive(Default)]
struct ClockInner {
    /// In nanoseconds.
    monotonic: AtomicU64,
    /// The time of day when the monotonic reading was zero, in nanoseconds since 1970. With a sandbox, the difference
    /// from its time of day.
    origin: AtomicI64,
    wakers: Mutex<Vec<Waker>>,
    pauses: Mutex<Vec<Duration>>,
    hook: Mutex<Option<Arc<Hook>>>,
}

/// Saturates. Tests move a clock by years at most.
fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

impl TestClock {
    /// Creates a clock on which pauses take no time.
    pub(crate) fn skipping() -> Self {
        TestClock { skips: true, ..TestClock::default() }
    }

    /// Creates a clock that shows the sandbox's time. Pauses take real time, so several threads can use it.
    pub(crate) fn following(sandbox: &Sandbox) -> Self {
        TestClock { sandbox: Some(sandbox.clock()), ..TestClock::default() }
    }

    /// Creates a clock that shows the sandbox's time. Pauses take no real time.
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        TestClock { sandbox: Some(sandbox.clock().skip_sleeps()), ..TestClock::skipping() }
    }

    /// Sets the time of day.
    pub(crate) fn at(self, since_1970: Duration) -> Self {
        self.shared.origin.store(nanos(since_1970), Ordering::SeqCst);
        self
    }

    /// Sets the time of day to that of the system. Without this call the clock starts in 1970.
    pub(crate) fn today(self) -> Self {
        self.at(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.shared.monotonic.fetch_add(nanos(by).unsigned_abs(), Ordering::SeqCst);
        let wakers = self.shared.wakers.lock().clone();
        wakers.iter().for_each(Waker::wake_by_ref);
    }

    /// Lets time pass for the sandbox too, if this clock follows one.
    pub(crate) fn pass(&self, by: Duration) {
        match &self.sandbox {
            Some(clock) => clock.on_pause(clock.monotonic() + by),
            None => self.advance(by),
        }
    }

    /// Moves only the time of day, as when the machine is suspended.
    pub(crate) fn step_forward(&self, by: Duration) {
        self.shared.origin.fetch_add(nanos(by), Ordering::SeqCst);
    }

    pub(crate) fn step_back(&self, by: Duration) {
        self.shared.origin.fetch_sub(nanos(by), Ordering::SeqCst);
    }

    /// Calls `hook` with the length of each pause before the pause starts, which is between two attempts of a call.
    pub(crate) fn at_each_pause(&self, hook: impl Fn(Duration) + Send + Sync + 'static) {
        *self.shared.hook.lock() = Some(Arc::new(hook));
    }

    /// Calls `hook` before the next pause only.
    pub(crate) fn at_the_next_pause(&self, hook: impl FnOnce() + Send + 'static) {
        let hook = Mutex::new(Some(hook));
        self.at_each_pause(move |_| {
            let hook = hook.lock().take();
            if let Some(hook) = hook {
                hook();
            }
        });
    }

    pub(crate) fn pauses(&self) -> Vec<Duration> {
        self.shared.pauses.lock().clone()
    }

    pub(crate) fn paused(&self) -> Duration {
        self.pauses().iter().sum()
    }
}

impl Clock for TestClock {
    fn monotonic(&self) -> Duration {
        match &self.sandbox {
            Some(clock) => clock.monotonic(),
            None => Duration::from_nanos(self.shared.monotonic.load(Ordering::SeqCst)),
        }
    }

    fn wall(&self) -> SystemTime {
        let origin = self.shared.origin.load(Ordering::SeqCst);
        let by = Duration::from_nanos(origin.unsigned_abs());
        let Some(clock) = &self.sandbox else {
            return SystemTime::UNIX_EPOCH + by + self.monotonic();
        };
        if origin < 0 { clock.wall() - by } else { clock.wall() + by }
    }

    fn on_jump(&self, waker: Waker) {
        match &self.sandbox {
            Some(clock) => clock.on_jump(waker),
            None => self.shared.wakers.lock().push(waker),
        }
    }

    fn on_pause(&self, until: Duration) {
        // A sandbox's clock reads a little later than the instant from which the pause counts.
        let pause = until.saturating_sub(self.monotonic()) + Duration::from_micros(500);
        let pause = Duration::from_millis(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
        self.shared.pauses.lock().push(pause);
        let hook = self.shared.hook.lock().clone();
        if let Some(hook) = hook {
            hook(pause);
        }
        match &self.sandbox {
            Some(clock) => clock.on_pause(until),
            None if self.skips => self.advance(until.saturating_sub(self.monotonic())),
            None => (),
        }
    }

    /// Returns the middle of the range: a token of an hour is refreshed after 52.5 minutes, and a backoff is half its
    /// maximum.
    fn random(&self) -> f64 {
        0.5
    }
}
