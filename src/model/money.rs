//! Money, read exactly from a JSON number or a string and written exactly; it never meets an `f64`.
//!
//! What is sent is a JSON number, as the server wants it. What a caller stores is text with the same digits, because
//! there is no other form of a decimal that every format can write.

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// For a member that must be there.
pub(crate) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    optional(deserializer)?.ok_or_else(|| D::Error::custom("an amount is missing"))
}

/// For a member that may be null; absence needs `#[serde(default)]` beside it.
pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let raw = raw.get();
    if raw == "null" {
        return Ok(None);
    }
    let text = raw.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(raw).trim();
    // The text stays out of the message: errors never quote the server's values.
    exact(text).map(Some).ok_or_else(|| D::Error::custom("an amount is not a decimal number"))
}

/// The decimal a text stands for, or nothing if it is not a number or does not fit without rounding.
pub(crate) fn exact(text: &str) -> Option<Decimal> {
    if text.contains(['e', 'E']) {
        return Decimal::from_scientific(text).ok();
    }
    Decimal::from_str_exact(text).ok()
}

/// Whether two amounts are the same as far as six decimals go: what is beyond them is noise of a server's floats.
pub(crate) fn agree(one: Decimal, other: Decimal) -> bool {
    one.round_dp(6) == other.round_dp(6)
}

/// Writes an amount of a request: a JSON number with the very digits it has.
pub(crate) fn number<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(amount.to_string()).map_err(S::Error::custom)?.serialize(serializer)
}

/// Writes an amount of an answer: text with the very digits it has.
///
/// The serializer of `Decimal` itself will not do: a feature of its crate that anybody switches on turns it to floats.
pub(crate) fn text<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// Writes an amount that may be absent.
#[expect(clippy::ref_option, reason = "serde hands a reference to the field")]
pub(crate) fn text_or_null<S: Serializer>(
    amount: &Option<Decimal>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match amount {
        Some(amount) => serializer.collect_str(amount),
        None => serializer.serialize_none(),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Amount(#[serde(deserialize_with = "required", serialize_with = "text")] Decimal);

/// Reads a list of amounts; null is an empty list.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Decimal>, D::Error> {
    let amounts = Option::<Vec<Amount>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(amounts.into_iter().map(|amount| amount.0).collect())
}

/// Writes a list of amounts.
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
            ("{}", "none"),
        ] {
            assert_eq!(read(json).as_deref(), Some(text), "{json}");
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
    fn what_is_not_a_number_is_refused_without_being_quoted() {
        for json in [r#"{"amount":"NaN-4711"}"#, r#"{"amount":{}}"#, r#"{"amount":""}"#, r#"{"amount":true}"#]
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
