//! Reads one value from its JSON text, in every form that servers use.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::money;

/// Reads a string, or the digits of a number.
pub(crate) fn text(raw: &str) -> Option<Cow<'_, str>> {
    if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Some(Cow::Borrowed(raw));
    }
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// Reads an integer, also from a string or a float without a fraction.
pub(crate) fn number<N: TryFrom<i64>>(raw: &str) -> Option<N> {
    N::try_from(integer(raw)?).ok()
}

fn integer(raw: &str) -> Option<i64> {
    let text = text(raw)?;
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let number = money::exact(text)?;
        number.is_integer().then(|| i64::try_from(number).ok())?
    })
}

/// Reads an amount from a number or a string.
pub(crate) fn amount(raw: &str) -> Option<Decimal> {
    money::exact(text(raw)?.trim())
}

/// Reads a Boolean, also from a string or from 1 or 0.
pub(crate) fn flag(raw: &str) -> Option<bool> {
    let word = match raw {
        "true" | "false" => Cow::Borrowed(raw),
        _ => text(raw)?,
    };
    let word = word.trim();
    if word.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    if word.eq_ignore_ascii_case("false") {
        return Some(false);
    }
    match number(raw)? {
        0_i64 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_texts_or_digits() {
        for (raw, expected) in [
            (r#""a\/b""#, Some("a/b")),
            (r#""plain""#, Some("plain")),
            (r#""""#, Some("")),
            ("8900000000000000001", Some("8900000000000000001")),
            ("-4.50", Some("-4.50")),
            ("null", None),
            ("true", None),
            (r#"["a"]"#, None),
            (r#"{"a":"b"}"#, None),
            (r#""\ud83c""#, None),
        ] {
            assert_eq!(text(raw).as_deref(), expected, "{raw}");
        }
    }

    #[test]
    fn numbers_may_be_texts_or_floats_without_a_fraction() {
        for raw in ["2", r#""2""#, "2.0", r#""2.00""#, "2e0", "0.2e1", r#"" 2 ""#, r#""+2""#, r#""002""#] {
            assert_eq!(number(raw), Some(2_u32), "{raw}");
        }
        assert_eq!(number(r#""9223372036854775807""#), Some(i64::MAX));
        for raw in [
            "2.5",
            "-2",
            r#""""#,
            "null",
            "true",
            "[2]",
            r#""two""#,
            r#""1,000""#,
            r#""1_000""#,
            "1e99",
            "0x2",
        ] {
            assert_eq!(number::<u32>(raw), None, "{raw}");
        }
    }

    #[test]
    fn flags_are_words_or_one_and_zero() {
        for raw in ["true", "1", r#""true""#, r#""TRUE""#, r#""True ""#, r#""1""#, "1.0"] {
            assert_eq!(flag(raw), Some(true), "{raw}");
        }
        for raw in ["false", "0", r#""false""#, r#""False""#, r#""0""#, "0.0"] {
            assert_eq!(flag(raw), Some(false), "{raw}");
        }
        for raw in ["null", "2", "-1", r#""""#, r#""yes""#, r#""no""#, "[]", "{}", "[true]"] {
            assert_eq!(flag(raw), None, "{raw}");
        }
    }
}
