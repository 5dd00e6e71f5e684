//! A growing pause between attempts.

use std::time::Duration;

use crate::clock::share;

/// A time before which something is not tried again, growing with each failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Backoff {
    pub(super) until: Duration,
    pub(super) failures: u32,
}

const FIRST_BACKOFF: Duration = Duration::from_secs(5);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

impl Backoff {
    /// 5 s, doubling to 60 s, each up to a quarter longer.
    pub(super) fn fail(&mut self, monotonic: Duration, random: f64) {
        let doubled = FIRST_BACKOFF.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        let pause = doubled.min(LONGEST_BACKOFF).mul_f64(1.0 + share(random) / 4.0);
        self.until = monotonic.saturating_add(pause);
        self.failures = self.failures.saturating_add(1).min(16);
    }

    pub(super) fn wait(&self, monotonic: Duration) -> Duration {
        self.until.saturating_sub(monotonic)
    }
}
