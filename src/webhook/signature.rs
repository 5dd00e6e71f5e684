//! Verifies the HMAC over the raw body and the timestamp header.

use std::borrow::Cow;
use std::str;

use ring::hmac;
use time::{Duration, OffsetDateTime};

use crate::credentials::is_blank;
use crate::{Error, ErrorKind, Result, Secret, hex};

/// In either direction.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::minutes(5);

/// Signs a body as the server does, for a receiver's tests. Returns the HMAC-SHA256 in lower-case hexadecimal.
///
/// It accepts an empty secret, but [`verify`](super::verify) rejects one.
///
/// # Examples
/// ```
/// use popup_rewards::{Secret, webhook};
///
/// let signature = webhook::sign(b"{}", &Secret::new("whsec-of-this-endpoint"));
/// assert_eq!(signature.len(), 64);
/// ```
#[must_use]
pub fn sign(body: &[u8], secret: &Secret) -> String {
    hex::encode(hmac::sign(&key(secret), body).as_ref())
}

/// Verifies that the body was signed with the secret.
pub(super) fn check(
    body: &[u8],
    headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
    secret: &Secret,
) -> Result<()> {
    let trimmed = secret.expose().trim_matches(is_blank);
    if trimmed.is_empty() {
        return Err(Error::configuration(
            "the webhook secret is empty; copy it from the webhook's page in the dashboard",
        ));
    }
    if trimmed.len() < secret.expose().len() {
        return Err(Error::configuration(
            "the webhook secret begins or ends with a blank or a line break; trim it",
        ));
    }
    let signature = hex::decode(single(headers, "X-Signature")?)
        .ok_or_else(|| unauthorized("the webhook's signature is not a hexadecimal string"))?;
    hmac::verify(&key(secret), body, &signature)
        .map_err(|_| unauthorized("the webhook's signature is not that of its body with this secret"))
}

/// Verifies that the timestamp is close to `now`, and returns it.
pub(super) fn check_timestamp(
    headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
    now: OffsetDateTime,
) -> Result<OffsetDateTime> {
    let sent_at = from_unix(single(headers, "X-Timestamp")?)
        .ok_or_else(|| unauthorized("the webhook's timestamp is not a number of seconds since 1970"))?;
    match now - sent_at {
        age if age > MAX_CLOCK_DIFFERENCE => {
            Err(unauthorized("the webhook's timestamp is more than five minutes old"))
        }
        age if age < -MAX_CLOCK_DIFFERENCE => {
            Err(unauthorized("the webhook's timestamp is more than five minutes ahead"))
        }
        _ => Ok(sent_at),
    }
}

/// Iterates over the values of a header, trimmed.
pub(super) fn values<'a>(
    headers: &'a [(impl AsRef<str>, impl AsRef<[u8]>)],
    name: &'a str,
) -> impl Iterator<Item = &'a [u8]> {
    headers
        .iter()
        .filter(move |(found, _)| is_named(found.as_ref(), name))
        .map(|(_, value)| value.as_ref().trim_ascii())
}

/// Whether a header has this name, ignoring case, as sent or as in CGI: `HTTP_X_SIGNATURE` for `X-Signature`.
fn is_named(found: &str, name: &str) -> bool {
    let cgi = || {
        let (prefix, rest) = found.split_at_checked(5)?;
        let is_cgi = prefix.eq_ignore_ascii_case("HTTP_");
        Some(is_cgi && rest.replace('_', "-").eq_ignore_ascii_case(name))
    };
    found.eq_ignore_ascii_case(name) || cgi().unwrap_or(false)
}

pub(super) fn unauthorized(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Unauthorized, message)
}

/// Returns the value of a header that must occur exactly once.
///
/// Two equal values are rejected too: a proxy that repeats a header cannot be told from one that adds its own.
fn single<'a>(headers: &'a [(impl AsRef<str>, impl AsRef<[u8]>)], name: &'static str) -> Result<&'a [u8]> {
    let mut found = values(headers, name);
    let missing = || unauthorized(format!("the webhook's {name} header is missing"));
    let value = found.next().ok_or_else(missing)?;
    if found.next().is_some() {
        return Err(unauthorized(format!("the webhook has more than one {name} header")));
    }
    Ok(value)
}

fn key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())
}

/// Accepts digits only. The server sends no sign, fraction or exponent.
fn from_unix(text: &[u8]) -> Option<OffsetDateTime> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    OffsetDateTime::from_unix_timestamp(str::from_utf8(text).ok()?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_match_the_published_test_vectors() {
        // RFC 4231, test cases 1 and 2: those whose keys are text.
        assert_eq!(
            sign(b"what do ya want for nothing?", &Secret::new("Jefe")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            sign(b"Hi There", &Secret::new("\u{b}".repeat(20))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }

    #[test]
    fn timestamps_are_whole_seconds() {
        assert_eq!(from_unix(b"0"), Some(OffsetDateTime::UNIX_EPOCH));
        for wrong in ["", "-5", "+5", "1.5", "1e9", "99999999999999999999", "253402300800000", "now"] {
            assert_eq!(from_unix(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
