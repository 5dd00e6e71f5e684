//! Reads a secret out of JSON with one copy, and that one is wiped.
//!
//! serde's own way to a `String` leaves copies that nobody wipes: in the scratch buffer of a string with
//! escapes, and in every buffer that had to grow. Here the raw JSON text is copied out of the response's buffer
//! once, and unescaped straight into memory that is large enough from the start; all three are wiped. The text is
//! owned, because a borrowed one could not be read from a reader or a `Value`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::Secret;

/// For a member that may be null; absence needs `#[serde(default)]` beside it. Empty text means no secret.
pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let raw = Zeroizing::new(String::from(Box::<str>::from(Box::<RawValue>::deserialize(deserializer)?)));
    let raw = raw.as_str();
    if raw == "null" || raw == "\"\"" {
        return Ok(None);
    }
    let text = if raw.starts_with('"') { unescape(raw) } else { number(raw) };
    // The text stays out of the message: an error never holds a secret.
    text.map(Secret::wiped).map(Some).ok_or_else(|| D::Error::custom("a code is neither text nor a number"))
}

/// Some servers write a code of digits as a number: its digits are the code.
fn number(raw: &str) -> Option<Zeroizing<String>> {
    let is_number = raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    is_number.then(|| Zeroizing::new(raw.to_owned()))
}

/// The text of a JSON string, given with its quotes; nothing if it is not one.
pub(crate) fn unescape(raw: &str) -> Option<Zeroizing<String>> {
    let mut rest = raw.strip_prefix('"')?.strip_suffix('"')?;
    // No escape is shorter than what it stands for, so the text never outgrows this buffer.
    let mut text = Zeroizing::new(String::with_capacity(rest.len()));
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let (character, after) = escape(escaped)?;
        text.push(character);
        rest = after;
    }
    if rest.contains('"') {
        return None;
    }
    text.push_str(rest);
    Some(text)
}

/// What the escape after a backslash stands for, and the text behind it.
fn escape(escaped: &str) -> Option<(char, &str)> {
    let mut characters = escaped.chars();
    let character = match characters.next()? {
        plain @ ('"' | '\\' | '/') => plain,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(characters.as_str()),
        _ => return None,
    };
    Some((character, characters.as_str()))
}

/// The character of four hexadecimal digits, or of two such groups that form a surrogate pair.
fn unicode(digits: &str) -> Option<(char, &str)> {
    let (unit, after) = code_unit(digits)?;
    if let Some(character) = char::from_u32(unit) {
        return Some((character, after));
    }
    let (low, after) = code_unit(after.strip_prefix("\\u")?)?;
    if !(0xD800..0xDC00).contains(&unit) || !(0xDC00..0xE000).contains(&low) {
        return None;
    }
    let character = char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00))?;
    Some((character, after))
}

fn code_unit(digits: &str) -> Option<(u32, &str)> {
    let (digits, after) = digits.split_at_checked(4)?;
    let all_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    all_hexadecimal.then(|| u32::from_str_radix(digits, 16).ok())?.map(|unit| (unit, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str) -> Option<String> {
        unescape(raw).map(|text| text.as_str().to_owned())
    }

    #[test]
    fn escapes_are_read_as_json_means_them() {
        for raw in [
            r#""""#,
            r#""ACME-1111""#,
            r#""https:\/\/claim.example\/a?b=c""#,
            r#""quote \" backslash \\ end""#,
            r#""\b\f\n\r\t""#,
            r#""\u0041\u00e9\u20AC""#,
            r#""\ud83d\ude00 and \uD834\uDD1E""#,
            r#""é€😀 as they are""#,
            r#""ends with an escape \\""#,
        ] {
            let expected: String = serde_json::from_str(raw).unwrap();
            assert_eq!(text(raw), Some(expected), "{raw}");
        }
    }

    #[test]
    fn what_is_not_a_json_string_is_refused() {
        for raw in [
            "",
            "\"",
            "ACME",
            "\"open",
            r#""\""#,
            r#""\x""#,
            r#""\u12""#,
            r#""\u12é4""#,
            r#""\u+123""#,
            r#""a"b""#,
            r#""\ud83d""#,
            r#""\ud83d\u0041""#,
            r#""\ude00\ud83d""#,
        ] {
            assert_eq!(text(raw), None, "{raw}");
        }
    }

    #[test]
    fn the_buffer_never_grows_so_no_copy_is_left_behind() {
        for raw in [r#""\u20ac\u20ac\u20ac""#, r#""\ud83d\ude00""#, r#""plain""#, r#""\n\n\n""#] {
            let text = unescape(raw).unwrap();
            assert_eq!(text.capacity(), raw.len() - 2, "{raw}");
        }
    }

    #[derive(Deserialize)]
    struct Read {
        #[serde(default, deserialize_with = "optional")]
        code: Option<Secret>,
    }

    #[test]
    fn a_code_may_be_text_a_number_null_empty_or_absent() {
        for (json, expected) in [
            (r#"{"code":"ACME\/1"}"#, Some("ACME/1")),
            (r#"{"code":43210000000000000000001}"#, Some("43210000000000000000001")),
            (r#"{"code":null}"#, None),
            (r#"{"code":""}"#, None),
            ("{}", None),
        ] {
            let read: Read = serde_json::from_str(json).unwrap();
            assert_eq!(read.code.as_ref().map(Secret::expose), expected, "{json}");
        }
    }

    #[test]
    fn a_code_of_another_type_is_refused_without_being_quoted() {
        for json in [r#"{"code":["4711"]}"#, r#"{"code":{"a":"4711"}}"#, r#"{"code":true}"#] {
            let error = serde_json::from_str::<Read>(json).err().unwrap().to_string();
            assert!(!error.contains("4711"), "{error}");
        }
    }
}
