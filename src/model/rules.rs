//! The contract's rules for input, checked before anything is sent.

use rust_decimal::Decimal;

use crate::Error;
use crate::http::Request;

/// The most cards one order can hold.
const LARGEST_QUANTITY: u32 = 5_000;

/// The longest e-mail address, in bytes.
const LONGEST_EMAIL: usize = 254;

impl Request {
    /// An id in the body or query is 1 or more.
    pub(crate) fn needs_id(self, id: Option<i64>) -> Self {
        let wrong = id.filter(|id| *id <= 0);
        self.require(wrong.is_none(), || {
            Error::invalid_request(format!("an id is 1 or more, not {}", wrong.unwrap_or_default()))
        })
    }

    /// An amount of money is above zero.
    pub(crate) fn needs_amount(self, what: &str, amount: Decimal) -> Self {
        self.require(amount > Decimal::ZERO, || {
            Error::invalid_request(format!("the {what} is above zero, not {amount}"))
        })
    }

    /// A quantity is 1 to 5,000.
    pub(crate) fn needs_quantity(self, quantity: u32) -> Self {
        self.require((1..=LARGEST_QUANTITY).contains(&quantity), || {
            Error::invalid_request(format!("the quantity is 1 to {LARGEST_QUANTITY}, not {quantity}"))
        })
    }

    /// An e-mail address has a shape that a server can accept. The address is not quoted: errors get logged.
    pub(crate) fn needs_email(self, email: Option<&str>) -> Self {
        self.require(email.is_none_or(|email| email.len() <= LONGEST_EMAIL), || {
            Error::invalid_request(format!("an e-mail address has at most {LONGEST_EMAIL} bytes"))
        })
        .require(email.is_none_or(has_email_shape), || {
            Error::invalid_request("an e-mail address looks like name@example.org")
        })
    }

    /// A country is named by its three-letter code.
    pub(crate) fn needs_country(self, country: Option<&str>) -> Self {
        let fits = country
            .is_none_or(|code| code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase()));
        self.require(fits, || {
            Error::invalid_request(
                "a country is three capital letters of ISO 3166-1, such as USA, or GLO for global",
            )
        })
    }

    /// A phone number is in E.164: a plus and 7 to 15 digits. The number is not quoted: errors get logged.
    pub(crate) fn needs_phone_number(self, number: Option<&str>) -> Self {
        self.require(number.is_none_or(is_phone_number), || {
            Error::invalid_request(
                "a phone number is + and 7 to 15 digits, without spaces, such as +14155550123",
            )
        })
    }
}

fn is_phone_number(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !digits.starts_with('0')
}

fn has_email_shape(email: &str) -> bool {
    let is_text =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    email.rsplit_once('@').is_some_and(|(name, host)| is_text(name) && is_text(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(rule: impl FnOnce(Request) -> Request) -> bool {
        rule(Request::get("/x")).checked().is_ok()
    }

    #[test]
    fn phone_numbers_are_e164() {
        for number in ["+1415555", "+14155550123", "+123456789012345"] {
            assert!(accepts(|request| request.needs_phone_number(Some(number))), "{number}");
        }
        for number in [
            "",
            "+",
            "14155550123",
            "+141555",
            "+1234567890123456",
            "+1 415 555 0123",
            "+0415555012",
            "++1415555",
        ] {
            assert!(!accepts(|request| request.needs_phone_number(Some(number))), "{number}");
        }
    }

    #[test]
    fn email_addresses_have_two_parts_and_at_most_254_bytes() {
        let longest = format!("{}@example.org", "x".repeat(242));
        for email in ["a@b", "someone+tag@example.org", "\"a@b\"@example.org", "jürgen@example.org", &longest]
        {
            assert!(accepts(|request| request.needs_email(Some(email))), "{email}");
        }
        let too_long = format!("x{longest}");
        for email in [
            "",
            "someone",
            "@example.org",
            "someone@",
            "a b@example.org",
            "a@example.org\r\nBcc: b",
            &too_long,
        ] {
            assert!(!accepts(|request| request.needs_email(Some(email))), "{email}");
        }
    }

    #[test]
    fn quantities_amounts_ids_and_countries_keep_their_ranges() {
        for (quantity, fits) in [(0, false), (1, true), (5_000, true), (5_001, false)] {
            assert_eq!(accepts(|request| request.needs_quantity(quantity)), fits, "{quantity}");
        }
        for (amount, fits) in [(-1, false), (0, false), (1, true)] {
            let amount = Decimal::new(amount, 2);
            assert_eq!(accepts(|request| request.needs_amount("amount", amount)), fits, "{amount}");
        }
        for (id, fits) in [(Some(-1), false), (Some(0), false), (Some(1), true), (None, true)] {
            assert_eq!(accepts(|request| request.needs_id(id)), fits, "{id:?}");
        }
        for (country, fits) in [("USA", true), ("GLO", true), ("US", false), ("usa", false), ("ÄÖ", false)]
        {
            assert_eq!(accepts(|request| request.needs_country(Some(country))), fits, "{country}");
        }
    }
}
