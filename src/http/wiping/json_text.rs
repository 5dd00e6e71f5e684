//! Reads a secret from JSON into one copy, which is wiped.
//!
//! When serde reads a `String`, it leaves unwiped copies: in the scratch buffer of a string with escapes, and in
//! every buffer that had to grow. Here the text is unescaped from the response's buffer into memory of its final
//! size. Both are wiped.

use zeroize::Zeroizing;

use crate::Secret;

/// The code in a JSON value: its text, or the digits of a number. A number with a point or an exponent was a float
/// once, and its digits are no longer those of the code.
pub(crate) fn code(raw: &str) -> Option<Secret> {
    let is_digits = !raw.is_empty() && raw.bytes().all(|digit| digit.is_ascii_digit());
    let text = if is_digits { Some(Zeroizing::new(raw.to_owned())) } else { unescape(raw) };
    text.filter(|text| !text.is_empty()).map(Secret::wiped)
}

/// The text of a JSON string with its quotes; `None` if it is not one.
pub(crate) fn unescape(raw: &str) -> Option<Zeroizing<String>> {
    let mut rest = raw.strip_prefix('"')?.strip_suffix('"')?;
    // No escape is shorter than its character, so the text always fits.
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

/// The character of the escape after a backslash, and the text after it.
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

/// The character of four hexadecimal digits, or of two such groups that are a surrogate pair.
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

    #[test]
    fn a_code_is_text_or_digits_and_nothing_else() {
        for (raw, expected) in [
            (r#""ACME\/1""#, Some("ACME/1")),
            (r#""1.23e+18""#, Some("1.23e+18")),
            ("43210000000000000000001", Some("43210000000000000000001")),
            ("1.23e+18", None),
            ("1E18", None),
            ("4321.0", None),
            ("-4321", None),
            (r#""""#, None),
            ("null", None),
            ("true", None),
            (r#"["4711"]"#, None),
            (r#"{"a":"4711"}"#, None),
        ] {
            assert_eq!(code(raw).as_ref().map(Secret::expose), expected, "{raw}");
        }
    }
}
