//! Repairs malformed strings in a JSON body, so one of them does not make the entire body unreadable.

use std::ops::Deref;

use zeroize::Zeroizing;

/// The text of a body, copied only if it needed repair.
pub(crate) enum Repaired<'a> {
    Borrowed(&'a str),
    /// Wiped on drop, because it may contain codes or tokens.
    Copied(Zeroizing<String>),
}

impl Deref for Repaired<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Repaired::Borrowed(text) => text,
            Repaired::Copied(text) => text,
        }
    }
}

/// Returns the text of a body without its byte order mark. Bytes that are not UTF-8, and escapes of lone surrogates,
/// become U+FFFD.
pub(crate) fn repair(body: &[u8]) -> Repaired<'_> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    match str::from_utf8(body) {
        Ok(text) if lone_surrogates(text).next().is_none() => Repaired::Borrowed(text),
        _ => Repaired::Copied(repaired_copy(body)),
    }
}

fn repaired_copy(body: &[u8]) -> Zeroizing<String> {
    // Reserve the full size: a string that grows leaves unwiped copies.
    let size = body.utf8_chunks().map(|chunk| chunk.valid().len() + char::REPLACEMENT_CHARACTER.len_utf8());
    let mut text = Zeroizing::new(String::with_capacity(size.sum()));
    for chunk in body.utf8_chunks() {
        let mut rest = 0;
        for at in lone_surrogates(chunk.valid()) {
            text.push_str(chunk.valid().get(rest..at).unwrap_or_default());
            text.push_str("\\ufffd");
            rest = at + ESCAPE;
        }
        text.push_str(chunk.valid().get(rest..).unwrap_or_default());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

/// The length of an escape such as `\ud83d`.
const ESCAPE: usize = 6;

/// Returns the offset of each escaped surrogate that is not part of a pair.
///
/// The search must be the standard library's, which is always optimized. An unoptimized search with vector registers
/// leaves pieces of the text on the stack.
fn lone_surrogates(text: &str) -> impl Iterator<Item = usize> {
    let mut next = 0;
    std::iter::from_fn(move || {
        loop {
            let at = next + text.get(next..)?.find('\\')?;
            let is_low = |at| unit(text, at).is_some_and(|unit| (0xDC00..0xE000).contains(&unit));
            next = at
                + match unit(text, at) {
                    Some(0xD800..0xDC00) if is_low(at + ESCAPE) => 2 * ESCAPE,
                    Some(_) => ESCAPE,
                    None => 2,
                };
            if next == at + ESCAPE && unit(text, at).is_some_and(|unit| (0xD800..0xE000).contains(&unit)) {
                return Some(at);
            }
        }
    })
}

/// Returns the UTF-16 code unit of the escape that begins at `at`. `None` if no `\u` escape begins there.
fn unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
    let all_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    all_hexadecimal.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_that_is_json_text_is_not_copied() {
        for body in [
            "",
            "{}",
            r#"{"name":"Acme \ud83d\ude00 \u00e9 €"}"#,
            r#"{"path":"C:\\ud83c\\"}"#,
            r#"{"cut":"\ud8"#,
            r#"{"no":"\ud8zz \u+d83c"}"#,
        ] {
            assert!(matches!(repair(body.as_bytes()), Repaired::Borrowed(text) if text == body), "{body}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_left_out_without_a_copy() {
        assert!(matches!(repair(b"\xEF\xBB\xBF[]"), Repaired::Borrowed("[]")));
    }

    #[test]
    fn only_lone_surrogates_and_bytes_that_are_not_utf_8_are_replaced() {
        for (body, expected) in [
            (&br#"{"a":"x\ud83c"}"#[..], r#"{"a":"x\ufffd"}"#),
            (br#"{"a":"\uDE00\uD83D!"}"#, r#"{"a":"\ufffd\ufffd!"}"#),
            (br#"{"a":"\ud83d\ud83d\ude00\ude00"}"#, r#"{"a":"\ufffd\ud83d\ude00\ufffd"}"#),
            (br#"{"a":"\ud83d\u0041\n\\ud83d"}"#, r#"{"a":"\ufffd\u0041\n\\ud83d"}"#),
            (br#"{"a":"\\\ud83d"}"#, r#"{"a":"\\\ufffd"}"#),
            (b"{\"a\":\"Ren\xE9\",\"b\":1}", "{\"a\":\"Ren\u{FFFD}\",\"b\":1}"),
            (b"\xEF\xBB\xBF{\"a\":\"\xFF\xFE \\ud83c\"}", "{\"a\":\"\u{FFFD}\u{FFFD} \\ufffd\"}"),
            (b"\"\xE2\x82\"", "\"\u{FFFD}\""),
        ] {
            assert_eq!(&*repair(body), expected);
        }
    }

    const PIECES: &[&[u8]] =
        &[b"\\ud83d", b"\\ude00", b"\\\\", b"u", b"\xE9", b"\xE2\x82", "é".as_bytes(), b"\\n"];

    proptest! {
        #[test]
        fn the_copy_never_grows_and_every_string_can_be_read(
            bytes in proptest::collection::vec(proptest::sample::select(PIECES), 0..40),
        ) {
            let body = [b"\"", bytes.concat().as_slice(), b"\""].concat();
            let copy = repaired_copy(&body);
            let size: usize = body.utf8_chunks().map(|chunk| chunk.valid().len() + 3).sum();
            prop_assert_eq!(copy.capacity(), size);
            prop_assert!(serde_json::from_str::<String>(&repair(&body)).is_ok(), "{:?}", copy);
        }
    }
}
