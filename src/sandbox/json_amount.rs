//! Money in request and response bodies.

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// An amount as a bare JSON number, with every digit kept.
///
/// It does not use the SDK's own code for amounts, because then a mistake there would not show in a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JsonAmount(pub(super) Decimal);

impl Serialize for JsonAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonAmount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let exact = Decimal::from_str_exact(raw).or_else(|_| Decimal::from_scientific(raw));
        exact.map(JsonAmount).map_err(|_| D::Error::custom("not a number"))
    }
}

/// Rounds to four decimals and drops trailing zeros, but keeps `precision` decimals, those of the currency.
pub(super) fn tidy(amount: Decimal, precision: u32) -> Decimal {
    let mut amount = amount.round_dp(4).normalize();
    if amount.scale() < precision {
        amount.rescale(precision);
    }
    amount
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_digits_and_strings_are_refused() {
        let read =
            |json: &str| serde_json::from_str::<JsonAmount>(json).ok().map(|amount| amount.0.to_string());
        assert_eq!(read("12345678901234567.89").as_deref(), Some("12345678901234567.89"));
        assert_eq!(read("20.00").as_deref(), Some("20.00"));
        assert_eq!(read("\"20.00\""), None);
        assert_eq!(read("null"), None);
        assert_eq!(serde_json::to_string(&JsonAmount(Decimal::new(2050, 2))).unwrap(), "20.50");
    }

    #[test]
    fn tidy_amounts_have_the_decimals_of_their_currency() {
        assert_eq!(tidy(Decimal::new(780_000, 4), 2).to_string(), "78.00");
        assert_eq!(tidy(Decimal::new(47_405, 4), 2).to_string(), "4.7405");
        assert_eq!(tidy(Decimal::new(150_000, 2), 0).to_string(), "1500");
    }
}
