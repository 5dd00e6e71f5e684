//! Formatting and arithmetic for the server's timestamps.

use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::{Duration, OffsetDateTime};

/// Formats an instant for a body: RFC 3339 in UTC, without fractions of a second.
pub(super) fn rfc3339(at: OffsetDateTime) -> String {
    whole_seconds(at).format(&Rfc3339).unwrap_or_default()
}

/// Formats an instant for the `Date` header.
pub(super) fn http_date(at: OffsetDateTime) -> String {
    whole_seconds(at).format(&Rfc2822).unwrap_or_default().replace("+0000", "GMT")
}

/// Drops the fraction of a second.
pub(super) fn whole_seconds(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(0).unwrap_or(at)
}

/// Adds a duration and stops at the end of the calendar.
pub(super) fn after(at: OffsetDateTime, duration: std::time::Duration) -> OffsetDateTime {
    at.saturating_add(Duration::try_from(duration).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_the_formats_of_their_protocols() {
        let at = OffsetDateTime::from_unix_timestamp(784_111_777).unwrap();
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(rfc3339(at + Duration::milliseconds(250)), "1994-11-06T08:49:37Z");
    }
}
