//! A clock that only the test moves.
#![allow(dead_code, reason = "each test program uses the part it needs")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime};

use popup_rewards::Clock;

/// Stands still until [`advance`](StillClock::advance), which wakes whoever waits for an instant.
#[derive(Clone, Default)]
pub(crate) struct StillClock {
    shared: Arc<Mutex<Shared>>,
    jumps: bool,
}

#[derive(Default)]
struct Shared {
    now: Duration,
    wakers: Vec<Waker>,
}

impl StillClock {
    /// One on which pauses take no time.
    pub(crate) fn jumping() -> Self {
        StillClock { jumps: true, ..StillClock::default() }
    }

    pub(crate) fn advance(&self, by: Duration) {
        let wakers = {
            let mut shared = self.lock();
            shared.now += by;
            shared.wakers.clone()
        };
        wakers.iter().for_each(Waker::wake_by_ref);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for StillClock {
    fn monotonic(&self) -> Duration {
        self.lock().now
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.lock().now
    }

    fn on_jump(&self, waker: Waker) {
        self.lock().wakers.push(waker);
    }

    fn on_pause(&self, until: Duration) {
        if self.jumps {
            self.advance(until.saturating_sub(self.monotonic()));
        }
    }

    fn random(&self) -> f64 {
        0.5
    }
}
