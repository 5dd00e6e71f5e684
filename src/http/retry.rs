//! Whether and when a call is retried: pure arithmetic.

use std::time::Duration;

use super::failure::Fate;
use crate::clock::part;
use crate::token::doubled;

/// How often and when a failed call is retried.
///
/// A call is retried only where that is safe. If nothing was sent, it always is. After a 429, it is retried after the
/// pause that the server names. After a 5xx or a lost response, only reads, quotes and orders are retried; an order
/// always carries a client reference. The pauses double from `first_pause` to `longest_pause`, each shortened by a
/// random part ("full jitter"). No pause exceeds the session's deadline.
///
/// ```
/// use std::time::Duration;
/// use popup_rewards::RetryPolicy;
///
/// let patient = RetryPolicy::new().retries(5).longest_pause(Duration::from_secs(30));
/// let never = RetryPolicy::new().retries(0);
/// # let _ = (patient, never);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    pub(crate) retries: u32,
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
}

impl RetryPolicy {
    /// Three retries, from 200 milliseconds to 10 seconds.
    pub fn new() -> Self {
        RetryPolicy {
            retries: 3,
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(10),
        }
    }

    /// Sets the number of retries after the first attempt. 0 turns retries off.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets the longest pause before the first retry.
    pub fn first_pause(mut self, pause: Duration) -> Self {
        self.first_pause = pause;
        self
    }

    /// Sets the longest pause before any retry.
    pub fn longest_pause(mut self, pause: Duration) -> Self {
        self.longest_pause = pause;
        self
    }

    /// Decides what follows a failed attempt, after `made` attempts and with `left` until the deadline.
    pub(crate) fn decide(
        &self,
        made: u32,
        (fate, retry_after): (Fate, Option<Duration>),
        may_repeat: bool,
        left: Duration,
        random: f64,
    ) -> Decision {
        if made > self.retries {
            return Decision::GiveUp;
        }
        let backoff = part(doubled(self.first_pause, made, self.longest_pause), random);
        // Without a pause, many clients at once would only cause the next failure.
        let retry_after = retry_after.filter(|wait| !wait.is_zero());
        let pause = match fate {
            Fate::NotSent => backoff,
            // A 503 may name a pause, too.
            Fate::Limited => retry_after.unwrap_or(backoff),
            Fate::Unknown if may_repeat => retry_after.unwrap_or(backoff),
            Fate::Unknown | Fate::Unsendable | Fate::Complete => return Decision::GiveUp,
        };
        if pause < left { Decision::RepeatAfter(pause) } else { Decision::GiveUp }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy::new()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    RepeatAfter(Duration),
    GiveUp,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(100);
    const UNKNOWN: (Fate, Option<Duration>) = (Fate::Unknown, None);

    fn millis(decision: Decision) -> Option<u128> {
        match decision {
            Decision::RepeatAfter(pause) => Some(pause.as_millis()),
            Decision::GiveUp => None,
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_the_retries_are_counted() {
        let policy = RetryPolicy::new().retries(8);
        let pauses: Vec<_> =
            (1..=9).map(|made| millis(policy.decide(made, UNKNOWN, true, LONG, 1.0))).collect();
        let expected = [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000].map(Some);
        assert_eq!(pauses[..8], expected);
        assert_eq!(pauses[8], None);
        assert_eq!(millis(policy.decide(1, UNKNOWN, true, LONG, 0.25)), Some(50));
    }

    #[test]
    fn only_what_is_safe_is_repeated() {
        let policy = RetryPolicy::new();
        let limited = (Fate::Limited, None);
        for (outcome, may_repeat, repeated) in [
            ((Fate::NotSent, None), false, true),
            ((Fate::Unsendable, None), true, false),
            (limited, false, true),
            (UNKNOWN, false, false),
            (UNKNOWN, true, true),
            ((Fate::Complete, None), true, false),
        ] {
            let decision = policy.decide(1, outcome, may_repeat, LONG, 0.5);
            assert_eq!(millis(decision).is_some(), repeated, "{outcome:?} {may_repeat}");
        }
    }

    #[test]
    fn the_servers_pause_is_kept_to_the_second_or_not_at_all() {
        let policy = RetryPolicy::new();
        let limited = (Fate::Limited, Some(Duration::from_secs(7)));
        assert_eq!(millis(policy.decide(1, limited, false, LONG, 0.1)), Some(7000));
        assert_eq!(millis(policy.decide(1, limited, false, Duration::from_secs(7), 0.1)), None);
    }

    #[test]
    fn a_server_that_asks_for_no_pause_gets_the_usual_one() {
        let policy = RetryPolicy::new();
        let none = Some(Duration::ZERO);
        for fate in [Fate::Limited, Fate::Unknown] {
            assert_eq!(millis(policy.decide(2, (fate, none), true, LONG, 0.5)), Some(200));
        }
    }

    #[test]
    fn pauses_of_any_length_can_be_set() {
        let policy = RetryPolicy::new().first_pause(Duration::MAX).longest_pause(Duration::MAX);
        for random in [0.0, 0.5, 1.0, f64::NAN, f64::INFINITY] {
            let decision = policy.decide(1, UNKNOWN, true, LONG, random);
            assert_eq!(millis(decision), (random.is_nan() || random == 0.0).then_some(0), "{random}");
        }
    }

    #[test]
    fn no_retry_outlives_the_deadline() {
        assert_eq!(
            millis(RetryPolicy::new().decide(1, UNKNOWN, true, Duration::from_millis(200), 1.0)),
            None
        );
    }
}
