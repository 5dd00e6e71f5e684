//! The access token, stored as the header that carries it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::TokenClaims;

const SCHEME: &str = "Bearer ";
/// Longer than any known token, and shorter than the header limits of servers.
const MAX_LENGTH: usize = 16 * 1024;

/// An access token, valid when the session returned it.
///
/// Use it for calls outside of this crate. The session adds the token to its own requests. The text is wiped from
/// memory when the session has replaced the token and the last clone of this value is dropped.
#[derive(Clone)]
pub struct AccessToken(Arc<Bearer>);

/// The header value and the token inside it share one allocation. It is wiped when the last reference is dropped. A
/// request clones a reference, never the text.
struct Bearer {
    text: Bytes,
    header: HeaderValue,
    expires_at: OffsetDateTime,
}

impl AccessToken {
    /// Wraps the text of a token. Returns `None` if it cannot be sent in a header.
    pub(crate) fn new(token: &str, expires_at: OffsetDateTime) -> Option<Self> {
        let sendable =
            (1..=MAX_LENGTH).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !sendable {
            return None;
        }
        // The exact capacity: a buffer that grows would leave unwiped copies behind.
        let mut value = Zeroizing::new(Vec::with_capacity(SCHEME.len() + token.len()));
        value.extend_from_slice(SCHEME.as_bytes());
        value.extend_from_slice(token.as_bytes());
        let text = Bytes::from_owner(value);
        let mut header = HeaderValue::from_maybe_shared(text.clone()).ok()?;
        header.set_sensitive(true);
        Some(AccessToken(Arc::new(Bearer { text, header, expires_at })))
    }

    /// Returns the text of the token. Copies of it are not wiped.
    #[must_use]
    pub fn expose(&self) -> &str {
        let token = self.0.text.get(SCHEME.len()..).unwrap_or_default();
        std::str::from_utf8(token).unwrap_or_default()
    }

    /// Returns when the token expires, by the clock of this machine.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        self.0.expires_at
    }

    /// Returns the claims of the token, or `None` if it is not a JSON Web Token.
    ///
    /// The session relies on [`expires_at`](AccessToken::expires_at) instead.
    #[must_use]
    pub fn claims(&self) -> Option<TokenClaims> {
        TokenClaims::parse(self.expose()).ok()
    }

    /// Returns the value of the `Authorization` header. A clone shares its memory.
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.0.header
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_at", &self.0.expires_at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_and_the_text_are_one_allocation() {
        let token = AccessToken::new("aaa.bbb.ccc", OffsetDateTime::UNIX_EPOCH).unwrap();
        assert_eq!(token.expose(), "aaa.bbb.ccc");
        assert_eq!(token.header().as_bytes(), b"Bearer aaa.bbb.ccc");
        assert!(token.header().is_sensitive());
        assert_eq!(token.expose().as_ptr(), token.header().as_bytes()[SCHEME.len()..].as_ptr());
        assert!(!format!("{token:?}").contains("aaa"));
    }

    #[test]
    fn a_token_shows_its_claims_if_it_has_any() {
        let claims = |token| AccessToken::new(token, OffsetDateTime::UNIX_EPOCH).unwrap().claims();
        assert_eq!(claims("opaque"), None);
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE5MzAyMTIzMDAsImV4cCI6MTkzMDIxNTkwMH0.c2ln";
        let expires_at = claims(jwt).and_then(|claims| claims.expires_at());
        assert_eq!(expires_at.map(OffsetDateTime::unix_timestamp), Some(1_930_215_900));
    }

    #[test]
    fn a_text_that_cannot_be_sent_in_a_header_is_refused() {
        for text in ["", "two words", "line\nbreak", "umläut", &"x".repeat(MAX_LENGTH + 1)] {
            assert!(AccessToken::new(text, OffsetDateTime::UNIX_EPOCH).is_none());
        }
    }
}
