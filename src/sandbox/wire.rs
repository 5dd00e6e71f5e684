//! How the server writes and reads the two things JSON has no type for: money and moments.

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// An amount as a bare JSON number, digit for digit. Kept apart from the client's own reader and writer, so that
/// a mistake there is not mirrored here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Amount(pub(super) Decimal);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let exact = Decimal::from_str_exact(raw).or_else(|_| Decimal::from_scientific(raw));
        exact.map(Amount).map_err(|_| D::Error::custom("not a number"))
    }
}

/// An amount without idle zeros, but with at least the decimals its currency has.
pub(super) fn tidy(amount: Decimal, precision: u32) -> Decimal {
    let mut amount = amount.round_dp(4).normalize();
    if amount.scale() < precision {
        amount.rescale(precision);
    }
    amount
}

/// A moment as the API writes it: RFC 3339, UTC, whole seconds.
pub(super) fn stamp(at: OffsetDateTime) -> String {
    whole(at).format(&Rfc3339).unwrap_or_default()
}

/// A moment as the `Date` header writes it.
pub(super) fn http_date(at: OffsetDateTime) -> String {
    whole(at).format(&Rfc2822).unwrap_or_default().replace("+0000", "GMT")
}

/// The moment without its fraction of a second.
pub(super) fn whole(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(0).unwrap_or(at)
}

/// `at` moved by a number of seconds, or `at` itself if that leaves the calendar.
pub(super) fn shifted(at: OffsetDateTime, seconds: i64) -> OffsetDateTime {
    at.checked_add(time::Duration::seconds(seconds)).unwrap_or(at)
}

/// `at` plus a length of time, or the end of the calendar.
pub(super) fn after(at: OffsetDateTime, life: std::time::Duration) -> OffsetDateTime {
    let end = time::Duration::try_from(life).ok().and_then(|life| at.checked_add(life));
    end.unwrap_or(time::PrimitiveDateTime::MAX.assume_utc())
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|it| char::from_digit(it.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_digits_and_strings_are_refused() {
        let read = |json: &str| serde_json::from_str::<Amount>(json).ok().map(|amount| amount.0.to_string());
        assert_eq!(read("12345678901234567.89").as_deref(), Some("12345678901234567.89"));
        assert_eq!(read("20.00").as_deref(), Some("20.00"));
        assert_eq!(read("\"20.00\""), None);
        assert_eq!(read("null"), None);
        assert_eq!(serde_json::to_string(&Amount(Decimal::new(2050, 2))).unwrap(), "20.50");
    }

    #[test]
    fn tidy_amounts_have_the_decimals_of_their_currency() {
        assert_eq!(tidy(Decimal::new(780_000, 4), 2).to_string(), "78.00");
        assert_eq!(tidy(Decimal::new(47_405, 4), 2).to_string(), "4.7405");
        assert_eq!(tidy(Decimal::new(150_000, 2), 0).to_string(), "1500");
    }

    #[test]
    fn moments_are_written_as_the_protocols_ask() {
        let at = OffsetDateTime::from_unix_timestamp(784_111_777).unwrap();
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(stamp(at + time::Duration::milliseconds(250)), "1994-11-06T08:49:37Z");
    }
}
