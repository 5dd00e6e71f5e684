//! Clocks on which pauses take no time and can be looked at.
#![allow(dead_code, reason = "each test file uses the part it needs")]

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime};

use popup_rewards::Clock;
use popup_rewards::sandbox::{Sandbox, SandboxClock};

type Hook = Box<dyn FnMut() + Send>;

/// The sandbox's clock, moved forward by every pause, which it notes. A hook runs at the start of a pause: that is
/// between two attempts of a call.
#[derive(Clone)]
pub(crate) struct Pauses {
    clock: SandboxClock,
    noted: Arc<Mutex<Vec<Duration>>>,
    hook: Arc<Mutex<Option<Hook>>>,
}

impl Pauses {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let clock = sandbox.clock().skip_sleeps();
        Pauses { clock, noted: Arc::default(), hook: Arc::default() }
    }

    /// Runs at the next pause, and only then.
    pub(crate) fn at_the_next(&self, hook: impl FnMut() + Send + 'static) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hook));
    }

    pub(crate) fn noted(&self) -> Vec<Duration> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn total(&self) -> Duration {
        self.noted().iter().sum()
    }
}

impl Clock for Pauses {
    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn wall(&self) -> SystemTime {
        self.clock.wall()
    }

    fn on_jump(&self, waker: Waker) {
        self.clock.on_jump(waker);
    }

    fn on_pause(&self, until: Duration) {
        // The reading is a little later than the one that the pause counts from.
        let pause = until.saturating_sub(self.clock.monotonic());
        let pause =
            Duration::from_millis(u64::try_from((pause.as_micros() + 500) / 1000).unwrap_or(u64::MAX));
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).push(pause);
        let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut hook) = hook {
            hook();
        }
        self.clock.on_pause(until);
    }
}
