//! A clock that only the test moves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime};

use popup_rewards::Clock;

/// Stands still until [`advance`](StillClock::advance), which wakes whoever waits for an instant.
#[derive(Clone, Default)]
pub(crate) struct StillClock(Arc<Mutex<(Duration, Vec<Waker>)>>);

impl StillClock {
    pub(crate) fn advance(&self, by: Duration) {
        let wakers = {
            let mut shared = self.lock();
            shared.0 += by;
            shared.1.clone()
        };
        wakers.iter().for_each(Waker::wake_by_ref);
    }

    fn lock(&self) -> MutexGuard<'_, (Duration, Vec<Waker>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for StillClock {
    fn monotonic(&self) -> Duration {
        self.lock().0
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.lock().0
    }

    fn on_jump(&self, waker: Waker) {
        self.lock().1.push(waker);
    }

    fn random(&self) -> f64 {
        0.5
    }
}
