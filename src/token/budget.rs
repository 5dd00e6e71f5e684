//! How often the auth endpoints may be called, whatever happens.

use std::collections::VecDeque;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(60);

/// At most so many calls in any minute.
///
/// It remembers when each call was made instead of filling a bucket drop by drop: a bucket that starts full lets
/// nearly twice its size through in the first minute, and the server counts over a rolling window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    limit: usize,
    spent: VecDeque<Duration>,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Budget { limit, spent: VecDeque::new() }
    }

    /// How long to wait until a call may be made: zero if one may be made now.
    pub(crate) fn wait(&self, monotonic: Duration) -> Duration {
        let in_window = self.spent.iter().filter(|at| at.saturating_add(WINDOW) > monotonic).count();
        if in_window < self.limit {
            return Duration::ZERO;
        }
        let frees = self.spent.get(self.spent.len().saturating_sub(self.limit));
        frees.map_or(Duration::ZERO, |at| at.saturating_add(WINDOW).saturating_sub(monotonic))
    }

    /// Notes a call.
    pub(crate) fn spend(&mut self, monotonic: Duration) {
        while self.spent.front().is_some_and(|at| at.saturating_add(WINDOW) <= monotonic) {
            self.spent.pop_front();
        }
        self.spent.push_back(monotonic);
    }

    /// Takes the last call back: it never reached the server.
    pub(crate) fn refund(&mut self) {
        self.spent.pop_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn no_minute_sees_more_calls_than_the_limit() {
        let mut budget = Budget::new(10);
        let mut made = Vec::new();
        for second in 0..600 {
            if budget.wait(at(second)).is_zero() {
                budget.spend(at(second));
                made.push(second);
            }
        }
        for start in 0..540 {
            let calls = made.iter().filter(|&&call| (start..start + 60).contains(&call)).count();
            assert!(calls <= 10, "{calls} calls from second {start}");
        }
        assert_eq!(made.len(), 100);
    }

    #[test]
    fn the_wait_is_until_the_oldest_call_leaves_the_window() {
        let mut budget = Budget::new(2);
        budget.spend(at(5));
        budget.spend(at(20));
        assert_eq!(budget.wait(at(30)), at(35));
        assert_eq!(budget.wait(at(65)), at(0));
    }

    #[test]
    fn a_call_that_never_left_is_not_counted() {
        let mut budget = Budget::new(1);
        budget.spend(at(5));
        budget.refund();
        assert!(budget.wait(at(6)).is_zero());
    }
}
