//! The record of a lease. The operating system's lock cannot be one, because it never expires: a process may be stopped.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{Reading, SystemClock};

/// Who may renew the tokens of a slot, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LeaseRecord {
    owner: String,
    /// The end by the wall clock, in milliseconds since 1970.
    until: u64,
    length_ms: u64,
}

impl LeaseRecord {
    /// A lease that starts now.
    pub(super) fn start(owner: &str, length: Duration) -> Self {
        let length_ms = millis(length);
        LeaseRecord { owner: owner.to_owned(), until: now().saturating_add(length_ms), length_ms }
    }

    pub(super) fn is_of(&self, owner: &str) -> bool {
        self.owner == owner
    }

    /// Returns how long it lasts. `None` if it is over, or if the clock was set back to before it started.
    pub(super) fn left(&self) -> Option<Duration> {
        let left = self.until.saturating_sub(now());
        (left > 0 && left <= self.length_ms).then_some(Duration::from_millis(left))
    }
}

fn now() -> u64 {
    millis(Reading::of(&SystemClock::new()).wall)
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}
