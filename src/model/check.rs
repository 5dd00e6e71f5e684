//! The API's rules for requests, checked before anything is sent.

use std::borrow::Cow;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::WalletId;

/// The error is a message that states the broken rule.
pub(crate) type Check = Result<(), Cow<'static, str>>;

/// A request body with rules.
pub(crate) trait Input: Serialize {
    fn check(&self) -> Check;
}

/// The largest number of gift cards in one order.
const LARGEST_QUANTITY: u32 = 5_000;

/// The longest e-mail address, in bytes.
const LONGEST_EMAIL: usize = 254;

pub(crate) fn id(id: i64) -> Check {
    ensure(id > 0, || format!("an id must be 1 or more, not {id}"))
}

pub(crate) fn wallet(wallet: Option<WalletId>) -> Check {
    wallet.map_or(Ok(()), |wallet| id(wallet.get()))
}

pub(crate) fn amount(what: &str, amount: Decimal) -> Check {
    ensure(amount > Decimal::ZERO, || format!("the {what} must be above zero, not {amount}"))
}

pub(crate) fn quantity(quantity: u32) -> Check {
    ensure((1..=LARGEST_QUANTITY).contains(&quantity), || {
        format!("the quantity must be 1 to {LARGEST_QUANTITY}, not {quantity}")
    })
}

/// The message does not quote the address: errors get logged.
pub(crate) fn email(email: &str) -> Check {
    ensure(email.len() <= LONGEST_EMAIL, || {
        format!("an e-mail address must have at most {LONGEST_EMAIL} bytes")
    })?;
    ensure(has_email_shape(email), || "an e-mail address must look like name@example.org")
}

pub(crate) fn country(alpha_3: &str) -> Check {
    let is_code = alpha_3.len() == 3 && alpha_3.bytes().all(|letter| letter.is_ascii_uppercase());
    ensure(
        is_code,
        || "a country must be three capital letters of ISO 3166-1, such as USA, or GLO for global",
    )
}

/// Checks for E.164. The message does not quote the number: errors get logged.
pub(crate) fn phone_number(number: &str) -> Check {
    ensure(
        is_phone_number(number),
        || "a phone number must be + and 7 to 15 digits, without spaces, such as +14155550123",
    )
}

pub(crate) fn page(page: u32) -> Check {
    ensure(page > 0, || "the page must be 1 or more")
}

pub(crate) fn page_size(size: u32, largest: u32) -> Check {
    ensure((1..=largest).contains(&size), || format!("the limit of a page must be 1 to {largest} items here"))
}

/// Fails with the message unless the rule holds.
pub(crate) fn ensure<M: Into<Cow<'static, str>>>(holds: bool, message: impl FnOnce() -> M) -> Check {
    if holds { Ok(()) } else { Err(message().into()) }
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

    #[test]
    fn phone_numbers_are_e164() {
        for number in ["+1415555", "+14155550123", "+123456789012345"] {
            assert!(phone_number(number).is_ok(), "{number}");
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
            assert!(phone_number(number).is_err(), "{number}");
        }
    }

    #[test]
    fn email_addresses_have_two_parts_and_at_most_254_bytes() {
        let longest = format!("{}@example.org", "x".repeat(242));
        for address in
            ["a@b", "someone+tag@example.org", "\"a@b\"@example.org", "jürgen@example.org", &longest]
        {
            assert!(email(address).is_ok(), "{address}");
        }
        let too_long = format!("x{longest}");
        for address in [
            "",
            "someone",
            "@example.org",
            "someone@",
            "a b@example.org",
            "a@example.org\r\nBcc: b",
            &too_long,
        ] {
            assert!(email(address).is_err(), "{address}");
        }
    }

    #[test]
    fn quantities_amounts_ids_and_countries_are_checked() {
        for (number, fits) in [(0, false), (1, true), (5_000, true), (5_001, false)] {
            assert_eq!(quantity(number).is_ok(), fits, "{number}");
        }
        for (cents, fits) in [(-1, false), (0, false), (1, true)] {
            assert_eq!(amount("amount", Decimal::new(cents, 2)).is_ok(), fits, "{cents}");
        }
        for (number, fits) in [(-1, false), (0, false), (1, true)] {
            assert_eq!(id(number).is_ok(), fits, "{number}");
        }
        for (code, fits) in [("USA", true), ("GLO", true), ("US", false), ("usa", false), ("ÄÖ", false)] {
            assert_eq!(country(code).is_ok(), fits, "{code}");
        }
    }
}
