//! The server's own clock, as far as the responses to one call show it.

use std::cell::Cell;
use std::time::Duration;

use time::OffsetDateTime;

/// What the server's clock showed at the zero of the monotonic clock, at the latest.
///
/// A response is dated when it is made, which is after its request was sent, so each of them bounds it from above. The
/// highest bound counts: a cache may answer with an old date. It is the safe one, too: an order that seems older than
/// its call is only looked at once more.
#[derive(Debug, Default)]
pub(in crate::session) struct ServerClock(Cell<Option<OffsetDateTime>>);

impl ServerClock {
    pub(in crate::session) fn learn(&self, date: Option<OffsetDateTime>, sent: Duration) {
        let since = time::Duration::try_from(sent).ok();
        let zero = date.zip(since).and_then(|(date, since)| date.checked_sub(since));
        self.0.set(self.0.get().max(zero));
    }

    /// The earliest time that an order can show which was placed at a monotonic reading or later. Dates have whole
    /// seconds, and the nodes of a server differ a little.
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
        // Cached for a minute, or sent later: neither makes the call look older.
        clock.learn(Some(at(60)), millis(20_300));
        assert_eq!(clock.earliest(millis(10_300)), Some(at(99)));
        clock.learn(Some(at(115)), millis(20_300));
        assert_eq!(clock.earliest(millis(10_300)), Some(at(104)));
        assert_eq!(clock.earliest(Duration::MAX), None);
    }
}
