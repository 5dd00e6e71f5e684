//! The quotas of the real sandbox environment, counted per rolling minute of the sandbox's clock.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::routes::QuotaClass;

#[derive(Default)]
pub(super) struct Quotas {
    pub(super) enforced: bool,
    /// When the requests of the last minute arrived, oldest first.
    recent: HashMap<QuotaClass, VecDeque<Duration>>,
}

const WINDOW: Duration = Duration::from_secs(60);

impl Quotas {
    /// Counts a request. If the quota is used up, returns the seconds to wait as the error.
    pub(super) fn admit(&mut self, class: QuotaClass, now: Duration) -> Result<(), u64> {
        let quota = match class {
            QuotaClass::Login | QuotaClass::Refresh => 30,
            QuotaClass::Get => 600,
            QuotaClass::Order(_) => 120,
            QuotaClass::Charges(_) => 300,
            QuotaClass::Unlimited => return Ok(()),
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
        let mut quotas = Quotas { enforced: true, ..Quotas::default() };
        let at = |seconds: u64| Duration::from_secs(1000 + seconds);
        assert!((0..30_u64).all(|second| quotas.admit(QuotaClass::Login, at(second)).is_ok()));
        assert_eq!(quotas.admit(QuotaClass::Login, at(40)), Err(21));
        assert_eq!(quotas.admit(QuotaClass::Refresh, at(40)), Ok(()));
        assert_eq!(quotas.admit(QuotaClass::Login, at(60)), Ok(()));
        assert!(quotas.admit(QuotaClass::Login, at(60)).is_err());
    }
}
