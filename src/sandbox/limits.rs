//! The quotas of the sandbox environment, counted over rolling minutes of the sandbox's clock.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::routes::Class;

#[derive(Default)]
pub(super) struct Limits {
    pub(super) enforced: bool,
    /// When the requests of the last minute came, oldest first.
    recent: HashMap<Class, VecDeque<Duration>>,
}

const WINDOW: Duration = Duration::from_secs(60);

impl Limits {
    /// Counts a request; `Err` holds the whole seconds to wait when the quota is used up.
    pub(super) fn admit(&mut self, class: Class, now: Duration) -> Result<(), u64> {
        let quota = match class {
            Class::Login | Class::Refresh => 30,
            Class::Get => 600,
            Class::Order(_) => 120,
            Class::Charges(_) => 300,
            Class::Unlimited => return Ok(()),
        };
        if !self.enforced {
            return Ok(());
        }
        let recent = self.recent.entry(class).or_default();
        while recent.front().is_some_and(|oldest| now.saturating_sub(*oldest) >= WINDOW) {
            recent.pop_front();
        }
        if recent.len() >= quota {
            let oldest = recent.front().copied().unwrap_or(now);
            let left = (oldest + WINDOW).saturating_sub(now);
            return Err(left.as_secs() + 1);
        }
        recent.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_per_rolling_minute() {
        let mut limits = Limits { enforced: true, ..Limits::default() };
        let at = |seconds: u64| Duration::from_secs(1000 + seconds);
        assert!((0..30_u64).all(|second| limits.admit(Class::Login, at(second)).is_ok()));
        assert_eq!(limits.admit(Class::Login, at(40)), Err(21));
        assert_eq!(limits.admit(Class::Refresh, at(40)), Ok(()));
        assert_eq!(limits.admit(Class::Login, at(60)), Ok(()));
        assert!(limits.admit(Class::Login, at(60)).is_err());
    }
}
