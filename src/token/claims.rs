//! The issue and expiry times in the payload of a JSON Web Token.

use std::time::Duration;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{Error, Result, clock};

/// The issue and expiry times that a JSON Web Token claims.
///
/// Use this to inspect a token, not to trust one: **the signature is not verified**. A [`Session`](crate::Session)
/// refreshes its token in time and does not need this type.
///
/// A token without an expiry counts as expired. Treat a token that cannot be parsed as expired too. Only the two times
/// are kept, nothing else of the token.
///
/// # Examples
/// ```
/// use popup_rewards::TokenClaims;
///
/// // The payload reads {"iat":1930212300,"exp":1930215900}.
/// let claims = TokenClaims::parse("eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE5MzAyMTIzMDAsImV4cCI6MTkzMDIxNTkwMH0.c2ln")?;
/// assert_eq!(claims.expires_at().map(|at| at.unix_timestamp()), Some(1_930_215_900));
///
/// let expired = TokenClaims::parse("not a token").map_or(true, |claims| claims.is_expired());
/// assert!(expired);
/// # Ok::<(), popup_rewards::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenClaims {
    expires_at: Option<OffsetDateTime>,
    issued_at: Option<OffsetDateTime>,
}

/// The two claims, unparsed.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    exp: Option<&'a RawValue>,
    #[serde(borrow)]
    iat: Option<&'a RawValue>,
}

/// The standard forbids padding, but some libraries add it.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl TokenClaims {
    /// Reads the times of a token without verifying its signature.
    ///
    /// The `exp` and `iat` claims are seconds since 1970: an integer, a number with a fraction, or a string that holds
    /// either. An `iat` that cannot be read is ignored.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the token is malformed: it does not have three parts
    /// separated by dots, its payload is not a JSON object in base64url, or its expiry is not in the years -9999 to
    /// 9999. The message quotes no part of the token.
    pub fn parse(jwt: &str) -> Result<Self> {
        let [_header, payload, _signature] = three_parts(jwt)
            .ok_or_else(|| Error::invalid_request("the token does not have three parts separated by dots"))?;
        let decoded =
            decode(payload).ok_or_else(|| Error::invalid_request("the token's payload is not base64url"))?;
        let payload = read(&decoded)
            .ok_or_else(|| Error::invalid_request("the token's payload is not a JSON object"))?;
        let expires_at = payload
            .exp
            .map(|exp| instant(exp).ok_or_else(|| Error::invalid_request("the token's expiry is not a time")))
            .transpose()?;
        Ok(TokenClaims { expires_at, issued_at: payload.iat.and_then(instant) })
    }

    /// Returns when the token expires, or `None` if it has no `exp` claim.
    #[must_use]
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at
    }

    /// Returns when the token was issued, or `None` if it has no readable `iat` claim.
    #[must_use]
    pub fn issued_at(&self) -> Option<OffsetDateTime> {
        self.issued_at
    }

    /// Returns whether the token has expired by the clock of this machine. A token without an expiry has.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.time_until_expiry().is_zero()
    }

    /// Returns the remaining life of the token by the clock of this machine. It is zero if the token has expired or
    /// has no expiry.
    #[must_use]
    pub fn time_until_expiry(&self) -> Duration {
        self.remaining_at(clock::wall_now())
    }

    /// Returns whether the token expires within `buffer`, or has expired.
    #[must_use]
    pub fn should_refresh(&self, buffer: Duration) -> bool {
        self.time_until_expiry() <= buffer
    }

    fn remaining_at(&self, now: OffsetDateTime) -> Duration {
        // The conversion fails for a negative difference: the token has expired.
        self.expires_at.and_then(|at| Duration::try_from(at - now).ok()).unwrap_or_default()
    }
}

/// Returns `exp` and `iat` in seconds since 1970, rounded down, or `None` if the token is malformed.
pub(crate) fn times(jwt: &str) -> Option<(Option<i64>, Option<i64>)> {
    let claims = TokenClaims::parse(jwt).ok()?;
    let seconds = |at: Option<OffsetDateTime>| at.map(OffsetDateTime::unix_timestamp);
    Some((seconds(claims.expires_at), seconds(claims.issued_at)))
}

fn three_parts(jwt: &str) -> Option<[&str; 3]> {
    let mut parts = jwt.trim().split('.');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

/// Decodes into one buffer that never grows and is wiped: the payload is a part of the token.
fn decode(payload: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut decoded = Zeroizing::new(vec![0; base64::decoded_len_estimate(payload.len())]);
    let length = BASE64URL.decode_slice(payload, &mut decoded).ok()?;
    decoded.truncate(length);
    Some(decoded)
}

fn read(payload: &[u8]) -> Option<Payload<'_>> {
    // serde would accept an array as the members in order.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(payload).ok()
}

/// Returns the time of a claim, or `None` if it is not a number or is beyond the calendar.
fn instant(claim: &RawValue) -> Option<OffsetDateTime> {
    let text = claim.get();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
    if let Ok(seconds) = text.parse() {
        return OffsetDateTime::from_unix_timestamp(seconds).ok();
    }
    let since = time::Duration::checked_seconds_f64(text.parse().ok()?)?;
    OffsetDateTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn token(payload: &str) -> String {
        let config = GeneralPurposeConfig::new().with_encode_padding(false);
        let encoded = GeneralPurpose::new(&URL_SAFE, config).encode(payload);
        format!("eyJhbGciOiJIUzI1NiJ9.{encoded}.c2lnbmF0dXJl")
    }

    fn expiring(in_seconds: i64) -> TokenClaims {
        let at = clock::wall_now().unix_timestamp() + in_seconds;
        TokenClaims::parse(&token(&format!(r#"{{"exp":{at}}}"#))).unwrap()
    }

    #[test]
    fn times_are_read_from_integers_fractions_and_strings() {
        for exp in ["1930215900", "1930215900.75", "1.9302159e9", r#""1930215900""#, r#"" 1930215900.5 ""#] {
            let jwt = token(&format!(r#"{{"sub":"77","exp":{exp},"iat":1930212300,"roles":["a"]}}"#));
            assert_eq!(times(&jwt), Some((Some(1_930_215_900), Some(1_930_212_300))), "{exp}");
        }
    }

    #[test]
    fn padding_and_the_two_url_safe_characters_are_accepted() {
        let plain = token(r#"{"exp":1930215900,"n":"???>>>~~"}"#);
        assert!(plain.contains(['-', '_']), "{plain}");
        assert_eq!(times(&plain), Some((Some(1_930_215_900), None)), "{plain}");
        assert_eq!(times("e30.eyJleHAiOjF9.").unwrap().0, Some(1));
        assert_eq!(times("e30=.eyJleHAiOjEyfQ==.x").unwrap().0, Some(12));
    }

    #[test]
    fn malformed_tokens_are_refused_without_being_quoted() {
        let good = token(r#"{"exp":1930215900}"#);
        let payload = good.split('.').nth(1).unwrap();
        for malformed in [
            "",
            "..",
            "a.b",
            &format!("a.{payload}"),
            &format!("a.{payload}.c.d"),
            &format!("a.{payload}*.c"),
            &format!("a.{payload}+/.c"),
            &token("[1930215900,1930212300]"),
            &token("1930215900"),
            &token("{"),
            &token(r#"{"exp":true}"#),
            &token(r#"{"exp":"soon-canary"}"#),
            &token(r#"{"exp":""}"#),
            &token(r#"{"exp":[1]}"#),
            &token(r#"{"exp":1,"exp":1930215900}"#),
        ] {
            let error = TokenClaims::parse(malformed).expect_err(malformed);
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
            assert_eq!(times(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn expiries_beyond_the_calendar_are_refused() {
        for extreme in [
            "253402300800",  // the first second of the year 10000
            "3093527980800", // the year 99999
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551616",
            "1e308",
            "-1e308",
            "1e15",
            r#""1e999""#,
            r#""inf""#,
            r#""NaN""#,
        ] {
            assert!(TokenClaims::parse(&token(&format!(r#"{{"exp":{extreme}}}"#))).is_err(), "{extreme}");
        }
        for (edge, expired) in [("253402300799", false), ("-377705116800", true), ("0", true), ("-1.5", true)]
        {
            let claims = TokenClaims::parse(&token(&format!(r#"{{"exp":{edge}}}"#))).unwrap();
            assert_eq!(claims.is_expired(), expired, "{edge}");
            assert_eq!(claims.time_until_expiry().is_zero(), expired, "{edge}");
            assert_eq!(claims.should_refresh(Duration::ZERO), expired, "{edge}");
            assert!(claims.should_refresh(Duration::MAX), "{edge}");
        }
    }

    #[test]
    fn a_token_without_an_expiry_counts_as_expired() {
        for payload in ["{}", r#"{"exp":null}"#, r#"{"iat":1930212300}"#] {
            let claims = TokenClaims::parse(&token(payload)).unwrap();
            assert_eq!(claims.expires_at(), None);
            assert!(claims.is_expired() && claims.should_refresh(Duration::ZERO), "{payload}");
            assert_eq!(claims.time_until_expiry(), Duration::ZERO);
        }
    }

    #[test]
    fn an_unreadable_time_of_issue_is_ignored() {
        for iat in ["1e308", "{}", r#""yesterday""#] {
            let jwt = token(&format!(r#"{{"exp":1930215900,"iat":{iat}}}"#));
            assert_eq!(times(&jwt), Some((Some(1_930_215_900), None)), "{iat}");
        }
    }

    #[test]
    fn a_token_is_due_for_refresh_within_the_buffer() {
        let claims = expiring(600);
        assert!(!claims.is_expired());
        assert!(!claims.should_refresh(Duration::from_secs(300)));
        assert!(claims.should_refresh(Duration::from_secs(600)));
        assert!(expiring(-1).is_expired());
    }

    #[test]
    fn the_remaining_life_is_exact_and_ends_at_the_expiry() {
        let claims = TokenClaims::parse(&token(r#"{"exp":1930215900}"#)).unwrap();
        let at = claims.expires_at().unwrap();
        assert_eq!(claims.remaining_at(at - time::Duration::seconds(90)), Duration::from_secs(90));
        assert_eq!(claims.remaining_at(at), Duration::ZERO);
        assert_eq!(claims.remaining_at(at + time::Duration::NANOSECOND), Duration::ZERO);
    }
}
