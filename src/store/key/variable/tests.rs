use super::*;
use crate::ErrorKind;
use crate::store::key::Material;

const KEY: [u8; 32] = [0xfb; 32];

/// Returns the 32 bytes, if the value is a key.
fn bytes(value: &str) -> Option<[u8; 32]> {
    match parse("NAME", value).unwrap().0 {
        Material::Bytes(bytes) => Some(*bytes),
        #[cfg(any(feature = "redis", feature = "file-store"))]
        Material::Passphrase(_) => None,
    }
}

/// Returns the message of the error, after checking that it names the variable and does not show the value.
fn refusal(value: &str) -> String {
    let error = parse("NAME", value).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let (shown, debug) = (error.to_string(), format!("{error:?}"));
    assert!(shown.starts_with("the environment variable NAME "), "{shown}");
    if !value.trim().is_empty() {
        assert!(!shown.contains(value.trim()) && !debug.contains(value.trim()), "{debug}");
    }
    shown
}

#[test]
fn a_key_is_hexadecimal_or_base64_of_either_alphabet_with_or_without_padding() {
    let hex = hex::encode(&KEY);
    let standard = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";
    let url = standard.replace('+', "-").replace('/', "_");
    for value in
        [&hex, &hex.to_uppercase(), standard, standard.trim_matches('='), &url, url.trim_matches('=')]
    {
        assert_eq!(bytes(value), Some(KEY), "{value}");
    }
}

#[test]
fn a_mistyped_hexadecimal_key_is_refused() {
    for length in [40, 43, 44, 62, 63, 65, 66, 90] {
        let problem = refusal(&"a".repeat(length));
        assert!(problem.contains("not the 64 of a key"), "{length}: {problem}");
    }
}

#[test]
fn a_blank_value_is_refused() {
    for value in [" ", "   \t ", "\u{feff}\n", "              "] {
        assert!(refusal(value).contains("is blank"), "{value:?}");
    }
}

#[test]
fn a_value_with_surplus_blanks_is_refused() {
    let key = "ab".repeat(32);
    for value in
        [format!(" {key}"), format!("{key} "), format!("{key}\r\n"), "two lines\nof a phrase".to_owned()]
    {
        assert!(refusal(&value).contains("trim it"), "{value:?}");
    }
}

#[test]
fn a_short_value_is_refused() {
    for value in ["zq7", "hunter2", "elevenchars", "ääääääääää", "0123456789a"] {
        assert!(refusal(value).contains("is shorter than 12 characters"), "{value}");
    }
}

const PASSPHRASES: [&str; 6] = [
    "twelve chars",
    "correct horse battery staple",
    "0123456789abcdef0123456789abcdef0123456",
    "Base64ThatIsTooLongForAKeyAndThereforeAPassphrase",
    "Base64ThatIsTooShortForAKey=",
    "a passphrase that is longer than any key and has an ü, so that it cannot be mistaken for one at all",
];

#[cfg(any(feature = "redis", feature = "file-store"))]
#[test]
fn any_other_text_is_a_passphrase() {
    for value in PASSPHRASES.into_iter().chain([&*"a".repeat(91)]) {
        assert_eq!(bytes(value), None, "{value}");
    }
}

#[cfg(not(any(feature = "redis", feature = "file-store")))]
#[test]
fn a_passphrase_is_refused_without_the_features_that_derive_a_key() {
    for value in PASSPHRASES {
        assert!(refusal(value).contains("enable the feature `redis` or `file-store`"), "{value}");
    }
}

#[test]
fn a_missing_variable_is_named() {
    let error = StoreKey::from_env("A_VARIABLE_THAT_NOBODY_SETS").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("A_VARIABLE_THAT_NOBODY_SETS is not set"), "{error}");
}

#[test]
fn a_key_is_not_printed() {
    assert_eq!(format!("{:?}", StoreKey::new(KEY)), "StoreKey([redacted])");
    #[cfg(any(feature = "redis", feature = "file-store"))]
    assert_eq!(format!("{:?}", StoreKey::from_passphrase("a phrase")), "StoreKey([redacted])");
}
