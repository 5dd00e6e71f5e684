//! Reads instants from bodies and headers, in every form that servers use.

use std::time::Duration;

use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::{Iso8601, Rfc2822, Rfc3339};

use super::scalar;
use crate::clock;

/// Reads the instant in a JSON value. A date without a time means its first second.
pub(crate) fn instant(raw: &RawValue) -> Option<OffsetDateTime> {
    parse(&scalar::text(raw.get())?, "T00:00:00Z")
}

/// Like `instant`, for the end of a period: a date without a time means its last second.
pub(crate) fn end(raw: &RawValue) -> Option<OffsetDateTime> {
    parse(&scalar::text(raw.get())?, "T23:59:59Z")
}

/// Reads RFC 3339 and ISO 8601 with any common separator and offset, and epoch seconds or milliseconds. A time
/// without an offset is UTC. `time_of_day` is appended to a date without a time.
fn parse(text: &str, time_of_day: &str) -> Option<OffsetDateTime> {
    if let Ok(number) = text.trim().parse() {
        return epoch(number);
    }
    let text = text.trim().to_ascii_uppercase();
    let text = text.trim_end_matches("UTC").trim_end_matches("GMT").trim_end();
    // The first blank stands for the `T`. Ignore the others.
    let text = text.replacen(' ', "T", 1).replace(' ', "");
    let read = |text: &str| {
        OffsetDateTime::parse(text, &Rfc3339).or_else(|_| OffsetDateTime::parse(text, &Iso8601::PARSING)).ok()
    };
    // Accept a leap second in any minute and read it as the second before.
    let before_leap = match (text.get(..17), text.get(17..).and_then(|rest| rest.strip_prefix("60"))) {
        (Some(minute), Some(rest)) => format!("{minute}59{rest}"),
        _ => text,
    };
    ["", "Z", time_of_day].iter().find_map(|rest| read(&format!("{before_leap}{rest}")))
}

/// Reads seconds from 1973 to the year 5138, or milliseconds from 1973 to 2286. Other numbers are not instants.
fn epoch(number: f64) -> Option<OffsetDateTime> {
    let seconds = match number {
        1e8..1e11 => number,
        1e11..1e13 => number / 1e3,
        _ => return None,
    };
    OffsetDateTime::UNIX_EPOCH.checked_add(time::Duration::checked_seconds_f64(seconds)?)
}

/// Reads the date of an HTTP header in any of the three forms of RFC 9110. `wall` is the local time of day, which
/// determines the century of a two-digit year.
pub(crate) fn http_date(text: &str, wall: Duration) -> Option<OffsetDateTime> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    // `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`
    let ([_, day, month, year, time, "GMT" | "UTC", ..] | [_, month, day, time, year]) = words[..] else {
        return OffsetDateTime::parse(text, &Rfc2822).ok();
    };
    let year = if year.len() == 2 { full_year(year.parse().ok()?, wall) } else { year.parse().ok()? };
    let time = time.strip_suffix(":60").map_or_else(|| time.to_owned(), |minute| format!("{minute}:59"));
    OffsetDateTime::parse(&format!("{day} {month} {year:04} {time} GMT"), &Rfc2822).ok()
}

/// Returns the year with these last two digits that is at most 50 years ahead and less than 50 years back.
fn full_year(digits: i32, wall: Duration) -> i32 {
    let latest = clock::date(wall).year() + 50;
    latest - (latest - digits).rem_euclid(100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WALL: Duration = Duration::from_secs(1_930_212_300);

    fn read(json: &str) -> Option<i64> {
        Some(instant(&RawValue::from_string(json.to_owned()).unwrap())?.unix_timestamp())
    }

    #[test]
    fn a_time_is_read_in_every_common_form() {
        for json in [
            r#""2031-03-02T10:05:00Z""#,
            r#""2031-03-02t10:05:00z""#,
            r#""2031-03-02T10:05:00.999999999999Z""#,
            r#""2031-03-02T10:05:00,5Z""#,
            r#""2031-03-02T12:05:00+02:00""#,
            r#""2031-03-02T10:05:00+0000""#,
            r#""2031-03-02T05:05:00-05""#,
            r#""2031-03-02T10:05Z""#,
            r#""2031-03-02 10:05:00""#,
            r#""2031-03-02T10:05:00.25""#,
            r#""2031-03-02 10:05:00 UTC""#,
            r#""2031-03-02 10:05:00 GMT""#,
            r#""2031-03-02 10:05:00 +0000 UTC""#,
            r#""20310302T100500Z""#,
            r#"" 2031-03-02T10:05:00Z ""#,
            "1930212300",
            "1930212300.75",
            "1930212300999",
            "1.9302123e9",
            r#""1930212300""#,
            r#""1930212300000""#,
        ] {
            assert_eq!(read(json), Some(1_930_212_300), "{json}");
        }
        assert_eq!(read(r#""1969-12-31T23:59:59Z""#), Some(-1));
        assert_eq!(read("4070908800"), Some(4_070_908_800));
    }

    #[test]
    fn a_date_without_a_time_is_its_first_second_or_its_last_if_it_ends_a_period() {
        let raw = RawValue::from_string(r#""2031-03-02""#.to_owned()).unwrap();
        let (first, last) = (instant(&raw).unwrap(), end(&raw).unwrap());
        assert_eq!((first.unix_timestamp(), last.unix_timestamp()), (1_930_176_000, 1_930_262_399));
    }

    #[test]
    fn a_leap_second_is_read_in_any_minute_but_other_values_out_of_range_are_not() {
        for (text, second_before) in [
            ("2026-06-30T23:59:60Z", "2026-06-30T23:59:59Z"),
            ("2026-11-22T23:59:60Z", "2026-11-22T23:59:59Z"),
            ("2026-11-22 23:59:60.75", "2026-11-22T23:59:59Z"),
            ("2026-11-23T01:29:60+01:30", "2026-11-22T23:59:59Z"),
        ] {
            let at = read(&format!("\"{text}\""));
            assert!(at.is_some() && at == read(&format!("\"{second_before}\"")), "{text}");
        }
        for text in ["2026-11-22T23:59:61Z", "2026-11-22T23:60:60Z", "2026-13-01T00:00:00Z", "2026-02-30"] {
            assert_eq!(read(&format!("\"{text}\"")), None, "{text}");
        }
    }

    #[test]
    fn other_values_are_not_instants() {
        for json in [
            "null",
            "true",
            "{}",
            "[1930212300]",
            "0",
            "17",
            "-1",
            "1e30",
            "1e999",
            "10000000000000000",
            r#""""#,
            r#""soon""#,
            r#""NaN""#,
            r#""inf""#,
            r#""10:05:00""#,
            r#""2031""#,
            r#""2031-03""#,
            r#""é""#,
            r#""60""#,
            r#""\ud800""#,
            r#""10000-01-01T00:00:00Z""#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn headers_are_read_in_all_three_forms() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:39 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(
                http_date(text, WALL).map(OffsetDateTime::unix_timestamp),
                Some(784_111_777),
                "{text}"
            );
        }
        assert_eq!(
            http_date("Sun, 22 Nov 2026 23:59:60 GMT", WALL),
            http_date("Sun, 22 Nov 2026 23:59:59 GMT", WALL)
        );
        for text in
            ["", "soon", "12", "Sun, 06 Nov 1994", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 -1"]
        {
            assert_eq!(http_date(text, WALL), None, "{text}");
        }
    }

    #[test]
    fn a_year_of_two_digits_is_never_more_than_fifty_years_ahead() {
        for (digits, year) in
            [("31", 2031), ("32", 2032), ("81", 2081), ("82", 1982), ("99", 1999), ("00", 2000)]
        {
            let read = http_date(&format!("Sunday, 06-Nov-{digits} 08:49:37 GMT"), WALL);
            assert_eq!(read.map(OffsetDateTime::year), Some(year), "{digits}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_a_parser_panic(
            text in prop_oneof![any::<String>(), "[0-9TZ:+. ,-]{0,40}", "[A-Za-z]{3,6},? ?[0-9A-Za-z:, -]{0,40}"],
            seconds in any::<u64>(),
        ) {
            parse(&text, "T00:00:00Z");
            http_date(&text, Duration::from_secs(seconds));
        }

        #[test]
        fn every_rfc_3339_time_is_read(second in -62_000_000_000..253_402_300_799_i64, hours in -12..=12_i8) {
            let at = OffsetDateTime::from_unix_timestamp(second).unwrap();
            let at = at.checked_to_offset(time::UtcOffset::from_hms(hours, 0, 0).unwrap()).unwrap_or(at);
            let text = at.format(&Rfc3339).unwrap();
            prop_assert_eq!(parse(&text, ""), Some(at));
        }
    }
}
