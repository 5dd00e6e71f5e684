//! The rolling window of a rate limit, and the doubling of a backoff.

use std::collections::VecDeque;
use std::time::Duration;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Allows at most `limit` calls in any period of `length`.
///
/// The server counts over a rolling window. A token bucket that starts full would allow nearly twice the limit in the
/// first minute, so this remembers the instant of each call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    limit: usize,
    length: Duration,
    /// Calls without a response. Each counts until it ends, because the server may count it at any time until then.
    pending: usize,
    /// In ascending order.
    counted: VecDeque<Duration>,
}

impl Window {
    pub(crate) fn new(limit: usize, length: Duration) -> Self {
        Window { limit, length, pending: 0, counted: VecDeque::new() }
    }

    /// Returns the earliest instant for the next call, `now` or later.
    pub(crate) fn room_at(&self, now: Duration) -> Duration {
        let in_window = || self.counted.iter().filter(|at| at.saturating_add(self.length) > now);
        // Turns are in order: no call may take a turn before one already given.
        let free = self.counted.back().map_or(now, |last| now.max(*last));
        let Some(surplus) = (in_window().count() + self.pending).checked_sub(self.limit) else {
            return free;
        };
        // If pending calls alone fill the window, a full window is the shortest safe wait.
        let leaves = in_window().nth(surplus).map_or(now, |at| *at);
        free.max(leaves.saturating_add(self.length))
    }

    /// Counts a call at this instant.
    pub(crate) fn take(&mut self, at: Duration) {
        let at = self.counted.back().map_or(at, |last| at.max(*last));
        // Only the last `limit` calls affect the next turn.
        if self.counted.len() >= self.limit.max(1) {
            self.counted.pop_front();
        }
        self.counted.push_back(at);
    }

    /// Records that a call was sent.
    pub(crate) fn sent(&mut self) {
        self.pending = self.pending.saturating_add(1);
    }

    /// Records the end of a pending call. If the server counted it, it did so before `now`.
    pub(crate) fn ended(&mut self, now: Duration, counts: bool) {
        self.pending = self.pending.saturating_sub(1);
        self.counted.retain(|at| at.saturating_add(self.length) > now);
        if counts {
            self.take(now);
        }
    }
}

/// The pause after this many failures in a row: `first`, doubling up to `longest`.
pub(crate) fn doubled(first: Duration, failures: u32, longest: Duration) -> Duration {
    let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn no_minute_sees_more_calls_than_the_limit() {
        for limit in [1, 2, 7, 60] {
            let mut draws = fastrand::Rng::with_seed(7);
            let (mut window, mut now, mut made) = (Window::new(limit, MINUTE), Duration::ZERO, Vec::new());
            for _ in 0..2_000 {
                now += Duration::from_millis(draws.u64(0..20_000));
                if window.room_at(now) > now {
                    continue;
                }
                window.sent();
                let ended = now + Duration::from_millis(draws.u64(0..500));
                window.ended(ended, true);
                made.push(ended);
                now = ended;
            }
            assert!(made.len() > limit);
            for pair in made.windows(limit + 1) {
                assert!(pair[limit] >= pair[0] + MINUTE, "{limit} a minute");
            }
        }
    }

    #[test]
    fn turns_are_in_order_and_as_early_as_possible() {
        let mut window = Window::new(3, MINUTE);
        let turns = [0, 10, 10, 20, 20, 20, 20, 500].map(|now| {
            let turn = window.room_at(at(now));
            window.take(turn);
            turn.as_secs()
        });
        assert_eq!(turns, [0, 10, 10, 60, 70, 70, 120, 500]);
    }

    #[test]
    fn a_pending_call_counts_until_it_ends() {
        let mut window = Window::new(2, MINUTE);
        window.sent();
        window.sent();
        assert_eq!(window.room_at(at(5)), at(65));
        window.ended(at(10), true);
        assert_eq!(window.room_at(at(20)), at(70));
        window.ended(at(30), false);
        assert_eq!(window.room_at(at(30)), at(30));
        window.sent();
        assert_eq!(window.room_at(at(31)), at(70));
    }

    #[test]
    fn a_pause_doubles_up_to_the_longest() {
        let pauses = [0, 1, 2, 4, 5, 40].map(|failures| doubled(at(1), failures, at(15)).as_secs());
        assert_eq!(pauses, [1, 1, 2, 8, 15, 15]);
    }
}
