//! The server's clock, estimated from the `Date` headers of one call's responses.

use std::cell::Cell;
use std::time::Duration;

use time::OffsetDateTime;

/// An upper bound of the server's time at the zero of the monotonic clock.
///
/// A response is dated after its request was sent, so each response gives an upper bound. The highest one counts,
/// because a cache may send an old date. It is also the safe one: an order that seems older than its call only costs
/// a lookup.
#[derive(Debug, Default)]
pub(in crate::session) struct ServerClock(Cell<Option<OffsetDateTime>>);

impl ServerClock {
    pub(in crate::session) fn learn(&self, date: Option<OffsetDateTime>, sent: Duration) {
        let since = time::Duration::try_from(sent).ok();
        let zero = date.zip(since).and_then(|(date, since)| date.checked_sub(since));
        self.0.set(self.0.get().max(zero));
    }

    /// The earliest creation time of an order that was placed at `at` (monotonic) or later. Dates have whole seconds,
    /// and the clocks of a server's nodes differ a little.
    pub(super) fn earliest(&self, at: Duration) -> Option<OffsetDateTime> {
        let time = self.0.get()?.checked_add(at.try_into().ok()?)?;
        time.replace_nanosecond(0).ok()?.checked_sub(time::Duration::SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_no_older_than_the_second_before_the_call_by_the_highest_of_all_dates() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let (clock, millis) = (ServerClock::default(), Duration::from_millis);
        assert_eq!(clock.earliest(millis(0)), None);
        clock.learn(None, millis(0));
        assert_eq!(clock.earliest(millis(0)), None);
        clock.learn(Some(at(100)), millis(10_300));
        assert_eq!(clock.earliest(millis(10_300)), Some(at(99)));
        assert_eq!(clock.earliest(millis(8_000)), Some(at(96)));
        // A date cached for a minute, or sent later, does not make the call look older.
        clock.learn(Some(at(60)), millis(20_300));
        assert_eq!(clock.earliest(millis(10_300)), Some(at(99)));
        clock.learn(Some(at(115)), millis(20_300));
        assert_eq!(clock.earliest(millis(10_300)), Some(at(104)));
        assert_eq!(clock.earliest(Duration::MAX), None);
    }
}
