//! When the next turn of a rate limit comes: a rolling window, pure, so that a test needs no clock.

use std::collections::VecDeque;
use std::time::Duration;

/// A minute, and a second for a call that is a little slower to arrive than one a minute later.
pub(super) const WINDOW: Duration = Duration::from_secs(61);

/// The turns of the last window, and those already promised.
#[derive(Debug)]
pub(super) struct Schedule {
    per_minute: usize,
    /// In ascending order, at most `per_minute`: the next turn needs no older one.
    turns: VecDeque<Duration>,
}

/// Why there is no turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The turn would come then.
    Late(Duration),
    /// The limit is zero.
    Never,
}

impl Schedule {
    pub(super) fn new(per_minute: u32) -> Self {
        Schedule { per_minute: per_minute.try_into().unwrap_or(usize::MAX), turns: VecDeque::new() }
    }

    /// Takes the next turn and says when it comes; takes none if that is after the deadline.
    pub(super) fn reserve(&mut self, now: Duration, deadline: Duration) -> Result<Duration, Refusal> {
        if self.per_minute == 0 {
            return Err(Refusal::Never);
        }
        while self.turns.front().is_some_and(|&oldest| oldest.saturating_add(WINDOW) <= now) {
            self.turns.pop_front();
        }
        // Threads read the clock before the lock, so `now` may be a little older than the last turn.
        let mut turn = self.turns.back().map_or(now, |&last| last.max(now));
        let full = self.turns.len() >= self.per_minute;
        if let (true, Some(oldest)) = (full, self.turns.front()) {
            turn = turn.max(oldest.saturating_add(WINDOW));
        }
        if turn > deadline {
            return Err(Refusal::Late(turn));
        }
        if full {
            self.turns.pop_front();
        }
        self.turns.push_back(turn);
        Ok(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn seconds(schedule: &mut Schedule, now: u64) -> u64 {
        schedule.reserve(Duration::from_secs(now), Duration::MAX).unwrap().as_secs()
    }

    #[test]
    fn a_burst_goes_out_at_once_and_the_rest_when_the_window_moves_on() {
        let mut schedule = Schedule::new(3);
        let asked_at = [0, 10, 10, 20, 20, 20, 20, 500];
        let turns = asked_at.map(|now| seconds(&mut schedule, now));
        assert_eq!(turns, [0, 10, 10, 61, 71, 71, 122, 500]);
    }

    #[test]
    fn no_minute_holds_more_turns_than_the_limit() {
        let mut draws = fastrand::Rng::with_seed(7);
        for limit in [1, 2, 7, 60, 300] {
            let mut schedule = Schedule::new(limit);
            let mut now = Duration::ZERO;
            let mut turns = Vec::new();
            for _ in 0..2_000 {
                now += Duration::from_millis(draws.u64(0..2 * 60_000 / u64::from(limit)));
                // Some callers have no patience; their refusals must leave no hole and no extra turn.
                let patience = if draws.bool() { MINUTE * 60 } else { Duration::ZERO };
                turns.extend(schedule.reserve(now, now + patience).ok());
            }
            assert!(turns.is_sorted());
            let limit = usize::try_from(limit).unwrap();
            assert!(turns.len() > limit);
            for pair in turns.windows(limit + 1) {
                assert!(pair[limit].saturating_sub(pair[0]) > MINUTE, "{limit} a minute");
            }
        }
    }

    #[test]
    fn a_caller_whose_turn_comes_too_late_is_refused_and_takes_none() {
        let mut schedule = Schedule::new(1);
        let at = Duration::from_secs;
        assert_eq!(schedule.reserve(at(0), at(30)), Ok(at(0)));
        for _ in 0..100 {
            assert_eq!(schedule.reserve(at(1), at(60)), Err(Refusal::Late(at(61))));
        }
        assert_eq!(schedule.reserve(at(1), at(61)), Ok(at(61)));
    }
}
