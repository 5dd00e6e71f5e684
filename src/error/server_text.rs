//! Makes the server's texts safe for errors: short, on one line, and without secrets.

use zeroize::Zeroizing;

/// The longest server text that an error keeps, in characters: long enough for a sentence, too short for a page.
const TEXT_LIMIT: usize = 300;
/// The length in bytes of the shortest secret that is redacted. A shorter one occurs by chance in many texts.
pub(crate) const SHORTEST_SECRET: usize = 4;

/// Makes a server text safe for one log line: bounds its length, and replaces control characters, line and paragraph
/// separators, and characters that change the direction of text.
pub(crate) fn printable(text: &str) -> Box<str> {
    let fit = || text.chars().take(TEXT_LIMIT).map(|c| if is_plain(c) { c } else { ' ' });
    // Reserve the full size: a string that grows leaves unwiped copies, and the text may repeat a token.
    let mut printable = String::with_capacity(fit().map(char::len_utf8).sum());
    printable.extend(fit());
    printable.into()
}

/// Whether a character neither breaks the line nor changes the direction of text. Characters that do are invisible, and
/// a change of direction can disguise the content.
fn is_plain(c: char) -> bool {
    let breaks_or_redirects = matches!(c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !breaks_or_redirects
}

/// Returns the text without the secret. `None` if the text does not contain it. If the text was cut at the length
/// limit, it may end with only the beginning of the secret.
pub(super) fn redacted(text: &str, secret: &str) -> Option<Box<str>> {
    let without = Zeroizing::new(text.replace(secret, "[redacted]"));
    let is_cut = text.chars().count() == TEXT_LIMIT;
    let beginnings = (SHORTEST_SECRET..secret.len()).rev().filter(|_| is_cut);
    let before_cut = beginnings
        .filter_map(|length| secret.get(..length))
        .find_map(|beginning| without.strip_suffix(beginning))
        .map(|kept| format!("{kept}[redacted]"));
    match before_cut {
        Some(without) => Some(without.into()),
        None => text.contains(secret).then(|| without.as_str().into()),
    }
}

#[cfg(test)]
mod tests {
    use crate::Error;

    #[test]
    fn server_texts_are_short_and_on_one_line() {
        let long = format!("first\nsecond\u{1b}[31m{}", "x".repeat(10_000));
        let error = Error::invalid_request("refused").with_status(400).with_server_message(Some(&long));
        assert!(error.to_string().len() < 400);
        assert!(!error.to_string().chars().any(char::is_control));
    }

    #[test]
    fn characters_that_break_a_line_or_change_its_direction_become_blanks() {
        let directional =
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        for c in directional
            .chars()
            .chain("\u{2028}\u{2029}\u{85}\n\r\t\u{b}\u{c}\0\u{1b}\u{7f}\u{200b}\u{feff}".chars())
        {
            let text = format!("a{c}b");
            let error = Error::invalid_request("refused")
                .with_status(400)
                .with_code(Some(&text))
                .with_server_message(Some(&text))
                .with_request_id(Some(&text))
                .with_client_reference(&text);
            assert_eq!(error.to_string(), "refused (400 a b): a b", "{c:?}");
            assert_eq!((error.request_id(), error.client_reference()), (Some("a b"), Some("a b")), "{c:?}");
        }
        let kept = "ümlaut €, 日本, עברית, 👩‍👧".replace('\u{200d}', "");
        assert_eq!(
            Error::invalid_request("x").with_server_message(Some(&kept)).server_message(),
            Some(&*kept)
        );
    }

    #[test]
    fn an_echoed_secret_is_redacted() {
        let error = Error::invalid_request("refused")
            .with_server_message(Some("bad token s3cr3t-value!"))
            .redact("s3cr3t-value");
        assert_eq!(error.server_message(), Some("bad token [redacted]!"));
    }

    #[test]
    fn a_secret_that_the_length_limit_cuts_is_redacted_too() {
        let secret = "0123456789".repeat(50);
        for before in [0, 1, 200, 290, 297] {
            let message = format!("{} {secret}", "x".repeat(before));
            let error = Error::invalid_request("refused").with_server_message(Some(&message)).redact(&secret);
            let shown = error.server_message().unwrap();
            assert!(!shown.contains("0123"), "{shown}");
            assert!(shown.starts_with(&"x".repeat(before)));
        }
    }
}
