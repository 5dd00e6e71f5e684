//! How long the server wants clients to wait.

use std::time::Duration;

use super::Response;
use crate::model::http_date;

/// Reads the `Retry-After` header, in seconds or as a date, or else the message of a 429. An invalid header counts as
/// absent. `wall` is the local time of day.
pub(super) fn of(response: &Response, message: Option<&str>, wall: Duration) -> Option<Duration> {
    let header = response.header("retry-after").map(|text| text.trim_matches(is_blank_or_quote));
    header.and_then(|text| first_seconds(text).or_else(|| until(response, text, wall))).or_else(|| {
        let message = message.filter(|_| response.status == 429)?;
        in_message(message)
    })
}

fn is_blank_or_quote(c: char) -> bool {
    c.is_whitespace() || c == '"'
}

/// Some gateways add their own header to the server's, which makes a list.
fn first_seconds(list: &str) -> Option<Duration> {
    seconds(list.split(',').next()?.trim_matches(is_blank_or_quote))
}

/// Seconds with or without a fraction, rounded up. At most 136 years, which overflows no clock.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let begun = u32::from(fraction.bytes().any(|digit| digit != b'0'));
    Some(Duration::from_secs(whole.parse().unwrap_or(u32::MAX).saturating_add(begun).into()))
}

/// The time until an HTTP date, by the server's clock if it sent a `Date`.
fn until(response: &Response, header: &str, wall: Duration) -> Option<Duration> {
    let then = http_date(header, wall)?;
    let now = response
        .header("date")
        .and_then(|date| http_date(date, wall))
        .map_or_else(|| i64::try_from(wall.as_secs()).ok(), |date| Some(date.unix_timestamp()))?;
    Some(Duration::from_secs(u64::try_from(then.unix_timestamp().saturating_sub(now)).unwrap_or(0)))
}

/// The number in a text such as "Retry after 12 seconds.". No other number counts.
fn in_message(message: &str) -> Option<Duration> {
    let words: Vec<&str> = message
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(3).find_map(|words| {
        let [after, number, unit] = words else { return None };
        let is_unit = ["second", "seconds"].iter().any(|name| unit.eq_ignore_ascii_case(name));
        if is_unit && after.eq_ignore_ascii_case("after") { seconds(number) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    use super::*;
    use crate::http::Body;

    const NOV_1994: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const WALL: Duration = Duration::from_secs(784_111_777);

    fn response(status: u16, headers: &[(&'static str, &[u8])]) -> Response {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_bytes(value).unwrap());
        }
        Response { status, headers: map, body: Body::new(Vec::new()), resent: false }
    }

    fn waits(status: u16, header: &str, message: &str) -> Option<u64> {
        let response = response(status, &[("retry-after", header.as_bytes())]);
        of(&response, Some(message), WALL).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_are_read_from_every_spelling_and_rounded_up() {
        for (header, seconds) in [
            ("12", 12),
            ("0", 0),
            ("2.0", 2),
            ("2.000001", 3),
            ("0.2", 1),
            ("2, 2", 2),
            ("7,30", 7),
            ("\"2\"", 2),
            ("\"2\", \"9\"", 2),
            (" 3 ", 3),
            ("99999999999999999999", u64::from(u32::MAX)),
            ("99999999999999999999.5", u64::from(u32::MAX)),
        ] {
            assert_eq!(waits(429, header, ""), Some(seconds), "{header}");
        }
    }

    #[test]
    fn a_date_is_read_in_all_three_forms_and_counts_from_the_servers_clock() {
        for header in [
            "Sun, 06 Nov 1994 08:50:07 GMT",
            "Sun, 06 Nov 1994 08:50:07 UTC",
            "\"Sun, 06 Nov 1994 08:50:07 GMT\"",
            "Sunday, 06-Nov-94 08:50:07 GMT",
            "Sun Nov  6 08:50:07 1994",
        ] {
            assert_eq!(waits(503, header, ""), Some(30), "{header}");
        }
        for (date, seconds) in [(NOV_1994, 30), ("Sun Nov  6 08:49:57 1994", 10), ("soon", 40)] {
            let headers = [("retry-after", &b"Sun, 06 Nov 1994 08:50:07 GMT"[..]), ("date", date.as_bytes())];
            let ours = Duration::from_secs(784_111_767);
            assert_eq!(
                of(&response(503, &headers), None, ours),
                Some(Duration::from_secs(seconds)),
                "{date}"
            );
        }
        assert_eq!(waits(503, "Sun, 06 Nov 1994 08:49:36 GMT", ""), Some(0), "a date in the past");
    }

    #[test]
    fn what_cannot_be_read_counts_as_absent() {
        for header in
            ["", "soon", "-5", "+5", "1e3", ".5", "2s", "0x10", "1.2.3", "\"", ",", "Sun, 06 Nov 1994"]
        {
            assert_eq!(waits(429, header, ""), None, "{header}");
            assert_eq!(waits(429, header, "Retry after 4 seconds."), Some(4), "{header}");
        }
    }

    #[test]
    fn only_the_seconds_after_the_word_after_count_and_only_in_a_429() {
        for (message, seconds) in [
            ("Rate limit exceeded. Retry after 7 seconds.", Some(7)),
            ("limit of 600 requests a minute exceeded; retry AFTER 1 Second", Some(1)),
            ("Limit of 600 requests... after 1 seconds", Some(1)),
            ("Retry-After: 3 seconds", Some(3)),
            ("(after 2.5 second(s))", Some(3)),
            ("after 99999999999999999999 seconds", Some(u64::from(u32::MAX))),
            ("told 503", None),
            ("99", None),
            ("after 5 minutes", None),
            ("after 5", None),
            ("thereafter 5 seconds", None),
            ("in 5 seconds", None),
            ("after five seconds", None),
            ("Too many login attempts.", None),
        ] {
            let found = of(&response(429, &[]), Some(message), WALL);
            assert_eq!(found.map(|wait| wait.as_secs()), seconds, "{message}");
            assert_eq!(of(&response(503, &[]), Some(message), WALL), None, "{message}");
        }
        assert_eq!(waits(429, "9", "Retry after 7 seconds."), Some(9), "the header comes first");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_a_server_writes_causes_a_panic(
            header in prop_oneof!["[ -~]{0,40}", "[0-9.,\" ]{0,30}", "[A-Z][a-z]{2},? [0-9A-Za-z:, -]{0,30}"],
            date in prop_oneof!["[ -~]{0,40}", Just(NOV_1994.to_owned())],
            bytes in proptest::collection::vec(0x80_u8..=0xff, 0..10),
            message in prop_oneof![any::<String>(), "after [0-9.]{0,25} seconds?"],
            wall in any::<u64>(),
        ) {
            let wall = Duration::from_secs(wall);
            let named = [("retry-after", header.as_bytes()), ("date", date.as_bytes())];
            of(&response(429, &named), Some(&message), wall);
            of(&response(429, &[("retry-after", &bytes)]), Some(&message), wall);
        }
    }
}
