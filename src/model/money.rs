//! Reads and writes money digit by digit. An amount never passes through an `f64`.
//!
//! Responses are read from JSON numbers or strings. Requests carry JSON numbers, as the server requires. Serialized
//! responses carry text with the same digits, the only form of a decimal that every format can write.

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::scalar;

/// More digits than a decimal can have on either side of its point.
const MOST_DIGITS: i32 = 40;

/// Reads a required member.
pub(crate) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    optional(deserializer)?.ok_or_else(|| D::Error::custom("an amount is missing"))
}

/// Reads a member that may be null. If it may be absent, it needs `#[serde(default)]` too.
pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if matches!(raw.get(), "null" | "\"\"") {
        return Ok(None);
    }
    // The message omits the text, because errors never quote the server.
    scalar::amount(raw.get()).map(Some).ok_or_else(|| D::Error::custom("an amount is not a decimal number"))
}

/// Reads a decimal digit by digit, with or without an exponent. Returns `None` if the text is not a number or is too
/// large. A fraction with more digits than a decimal holds is rounded, because such digits are the noise of a server's
/// floats.
pub(crate) fn exact(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if digits.len() < 1 + usize::from(digits.contains('.')) || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    if exponent == "0" {
        return mantissa.parse().ok();
    }
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    // The number of digits before the point.
    let before = exponent.parse::<i32>().ok()?.checked_add(i32::try_from(whole.len()).ok()?)?;
    if before > MOST_DIGITS {
        return None;
    }
    let zeros = |count: i32| "0".repeat(usize::try_from(count.min(MOST_DIGITS)).unwrap_or_default());
    let digits = format!("{}{whole}{fraction}", zeros(before.saturating_neg()));
    let after = i32::try_from(digits.len()).ok()? - before.max(0);
    let digits = format!("{digits}{}", zeros(after.saturating_neg()));
    let (whole, fraction) = digits.split_at_checked(usize::try_from(before).unwrap_or_default())?;
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}0{whole}{point}{fraction}").parse().ok()
}

/// Whether two amounts are equal to six decimals. Further digits are the noise of a server's floats.
pub(crate) fn agree(one: Decimal, other: Decimal) -> bool {
    one.round_dp(6) == other.round_dp(6)
}

/// Writes an amount of a request as a JSON number with exactly its digits.
pub(crate) fn number<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(amount.to_string()).map_err(S::Error::custom)?.serialize(serializer)
}

/// Writes an amount of a response as text with exactly its digits.
///
/// `Decimal`'s own serializer is not safe: any crate can enable a feature of `rust_decimal` that turns amounts into
/// floats.
pub(crate) fn text<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// Like `text`, for an amount that may be absent.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(crate) fn text_or_null<S: Serializer>(
    amount: &Option<Decimal>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match amount {
        Some(amount) => serializer.collect_str(amount),
        None => serializer.serialize_none(),
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Amount(#[serde(serialize_with = "text")] Decimal);

/// Like `text`, for a list of amounts.
pub(crate) fn texts<S: Serializer>(amounts: &[Decimal], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(amounts.iter().copied().map(Amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Read {
        #[serde(default, deserialize_with = "optional")]
        amount: Option<Decimal>,
    }

    fn read(json: &str) -> Option<String> {
        let read: Read = serde_json::from_str(json).ok()?;
        Some(read.amount.map_or("none".to_owned(), |amount| amount.to_string()))
    }

    #[test]
    fn numbers_and_strings_keep_every_digit() {
        for (json, text) in [
            (r#"{"amount":50.00}"#, "50.00"),
            (r#"{"amount":"50.00"}"#, "50.00"),
            (r#"{"amount":4.7405}"#, "4.7405"),
            (r#"{"amount":-39}"#, "-39"),
            (r#"{"amount":12345678901234567.89}"#, "12345678901234567.89"),
            (r#"{"amount":1e3}"#, "1000"),
            (r#"{"amount":null}"#, "none"),
            (r#"{"amount":""}"#, "none"),
            ("{}", "none"),
        ] {
            assert_eq!(read(json).as_deref(), Some(text), "{json}");
        }
    }

    #[test]
    fn an_amount_is_the_same_with_an_exponent_and_without() {
        for (plain, with_exponent, expected) in [
            ("1000", "1e3", "1000"),
            ("1000", "1.0E+3", "1000"),
            ("50.0", "5.00e1", "50.0"),
            ("-4.99", "-499e-2", "-4.99"),
            ("0.00499", "4.99e-3", "0.00499"),
            (".5", ".05e1", "0.5"),
            (
                "79228162514264337593543950335",
                "7.9228162514264337593543950335e28",
                "79228162514264337593543950335",
            ),
            // The noise of a float, with more digits than a decimal holds.
            (
                "4.9900000000000002131628207280300557613372802734375",
                "49.900000000000002131628207280300557613372802734375e-1",
                "4.9900000000000002131628207280",
            ),
            (
                "5.9999999999999999999999999999999999999999999999999",
                "0.59999999999999999999999999999999999999999999999999e1",
                "6.0000000000000000000000000000",
            ),
            (
                "12345678901234567890.12345678901234",
                "1234567890123456789012345678901234e-14",
                "12345678901234567890.123456789",
            ),
            ("0.000000000000000000000000000001", "1e-30", "0.0000000000000000000000000000"),
            (
                "0.00000000000000000000000000000000000000000",
                "1e-2000000000",
                "0.0000000000000000000000000000",
            ),
        ] {
            for text in [plain, with_exponent] {
                assert_eq!(exact(text).map(|amount| amount.to_string()).as_deref(), Some(expected), "{text}");
            }
        }
    }

    #[test]
    fn text_that_is_not_an_exact_decimal_is_refused() {
        for text in [
            "",
            ".",
            "-",
            "+",
            "-.",
            "e3",
            "1e",
            "1e1.5",
            "1ee3",
            "1,040.00",
            "1.040,00",
            "4,99",
            "1 000",
            "1_000",
            "1'000",
            "4.99 USD",
            "$4.99",
            "0x10",
            "NaN",
            "inf",
            "Infinity",
            "--1",
            "1.2.3",
            "٤",
            "1e29",
            "79228162514264337593543950336",
            "1e2000000000",
            "1e99999999999",
        ] {
            assert_eq!(exact(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_agree_to_six_decimals() {
        for (one, other, expected) in [
            ("4.99", "4.990", true),
            ("4.99", "4.9900000000000002", true),
            ("4.99", "4.9899999999999998", true),
            ("4.99", "4.990001", false),
            ("4.99", "49.9", false),
        ] {
            assert_eq!(agree(exact(one).unwrap(), exact(other).unwrap()), expected, "{one} {other}");
        }
    }

    #[test]
    fn an_error_does_not_quote_the_value() {
        for json in [r#"{"amount":"NaN-4711"}"#, r#"{"amount":{}}"#, r#"{"amount":[]}"#, r#"{"amount":true}"#]
        {
            let error = serde_json::from_str::<Read>(json).err().unwrap().to_string();
            assert!(!error.contains("4711"), "{error}");
        }
    }

    #[test]
    fn amounts_are_sent_as_plain_numbers() {
        #[derive(Serialize)]
        struct Write {
            #[serde(serialize_with = "number")]
            amount: Decimal,
        }
        let amount = exact("20.10").unwrap();
        assert_eq!(serde_json::to_string(&Write { amount }).unwrap(), r#"{"amount":20.10}"#);
    }
}
