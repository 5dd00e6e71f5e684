//! Makes JSON text of a body that is almost JSON text: what a server got wrong in one string costs no other.

use std::ops::Deref;

use zeroize::Zeroizing;

/// A body as text: where nothing was to mend, in place.
pub(crate) enum Mended<'a> {
    AsIs(&'a str),
    /// Wiped when it is dropped, because it may hold codes or tokens.
    Anew(Zeroizing<String>),
}

impl Deref for Mended<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Mended::AsIs(text) => text,
            Mended::Anew(text) => text,
        }
    }
}

/// The text of a body. A byte order mark is left out; bytes that are not UTF-8 and halves of surrogate pairs become
/// U+FFFD.
pub(crate) fn mended(body: &[u8]) -> Mended<'_> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    match str::from_utf8(body) {
        Ok(text) if halves(text).next().is_none() => Mended::AsIs(text),
        _ => Mended::Anew(anew(body)),
    }
}

fn anew(body: &[u8]) -> Zeroizing<String> {
    // The size up front: a string that grows leaves pieces behind.
    let size = body.utf8_chunks().map(|chunk| chunk.valid().len() + char::REPLACEMENT_CHARACTER.len_utf8());
    let mut text = Zeroizing::new(String::with_capacity(size.sum()));
    for chunk in body.utf8_chunks() {
        let mut rest = 0;
        for at in halves(chunk.valid()) {
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

/// Where the escapes begin that are one half of a surrogate pair without the other.
///
/// The search is the standard library's, which is always optimised: an unoptimised one that uses vector registers
/// leaves pieces of what it has searched on the stack.
fn halves(text: &str) -> impl Iterator<Item = usize> {
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

/// The code unit of the escape that begins here.
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
            assert!(matches!(mended(body.as_bytes()), Mended::AsIs(text) if text == body), "{body}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_left_out_without_a_copy() {
        assert!(matches!(mended(b"\xEF\xBB\xBF[]"), Mended::AsIs("[]")));
    }

    #[test]
    fn halves_of_pairs_and_bytes_that_are_not_utf_8_are_replaced_and_nothing_else_is() {
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
            assert_eq!(&*mended(body), expected);
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
            let copy = anew(&body);
            let size: usize = body.utf8_chunks().map(|chunk| chunk.valid().len() + 3).sum();
            prop_assert_eq!(copy.capacity(), size);
            prop_assert!(serde_json::from_str::<String>(&mended(&body)).is_ok(), "{:?}", copy);
        }
    }
}
