//! The rolling minute and the doubling pause: each exists once in the crate.

use std::collections::VecDeque;
use std::time::Duration;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Holds at most `limit` calls in any `length` of time.
///
/// It remembers when each call was made. A bucket that starts full would let nearly twice its size through in the
/// first minute, and the server counts over a rolling window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    limit: usize,
    length: Duration,
    /// Calls that are out: each counts until it ends, because its response may.
    out: usize,
    /// In ascending order.
    counted: VecDeque<Duration>,
}

impl Window {
    pub(crate) fn new(limit: usize, length: Duration) -> Self {
        Window { limit, length, out: 0, counted: VecDeque::new() }
    }

    /// When the next call may leave; `now` or later.
    pub(crate) fn room_at(&self, now: Duration) -> Duration {
        let in_window = || self.counted.iter().filter(|at| at.saturating_add(self.length) > now);
        // A call that was promised a later turn is not overtaken.
        let free = self.counted.back().map_or(now, |last| now.max(*last));
        let Some(surplus) = (in_window().count() + self.out).checked_sub(self.limit) else {
            return free;
        };
        // Where the calls that are out fill the window alone, its length is the least that can be promised.
        let leaves = in_window().nth(surplus).map_or(now, |at| *at);
        free.max(leaves.saturating_add(self.length))
    }

    /// Counts a call from this instant on.
    pub(crate) fn take(&mut self, at: Duration) {
        let at = self.counted.back().map_or(at, |last| at.max(*last));
        // No more than `limit` calls ever decide when the next may leave.
        if self.counted.len() >= self.limit.max(1) {
            self.counted.pop_front();
        }
        self.counted.push_back(at);
    }

    /// A call went out.
    pub(crate) fn sent(&mut self) {
        self.out = self.out.saturating_add(1);
    }

    /// A call that was out has ended. If the server counted it, it did so before its response arrived.
    pub(crate) fn ended(&mut self, now: Duration, counts: bool) {
        self.out = self.out.saturating_sub(1);
        self.counted.retain(|at| at.saturating_add(self.length) > now);
        if counts {
            self.take(now);
        }
    }
}

/// The pause after so many failures in a row: `first`, doubling up to `longest`.
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
    fn turns_are_promised_in_order_and_as_early_as_can_be() {
        let mut window = Window::new(3, MINUTE);
        let turns = [0, 10, 10, 20, 20, 20, 20, 500].map(|now| {
            let turn = window.room_at(at(now));
            window.take(turn);
            turn.as_secs()
        });
        assert_eq!(turns, [0, 10, 10, 60, 70, 70, 120, 500]);
    }

    #[test]
    fn a_call_that_is_out_counts_until_it_ends() {
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
