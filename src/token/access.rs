//! The access token, kept in the one form that both a caller and the wire can use.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::TokenClaims;

const SCHEME: &str = "Bearer ";
/// Longer than any token seen, shorter than what a server takes as a header.
const LONGEST: usize = 16 * 1024;

/// An access token, valid when it was handed out.
///
/// It is for calls made outside of this crate; the session puts its token on its own requests. The text is wiped
/// from memory when the session has let go of it and the last clone of this value is dropped.
#[derive(Clone)]
pub struct AccessToken(Arc<Bearer>);

/// The header's value and the token inside it share one allocation, which is wiped when the last of them is gone:
/// a request clones a reference, never the text.
struct Bearer {
    text: Bytes,
    header: HeaderValue,
    expires_at: OffsetDateTime,
}

impl AccessToken {
    /// Wraps the text of a token, unless it cannot be sent as a header.
    pub(crate) fn new(token: &str, expires_at: OffsetDateTime) -> Option<Self> {
        let sendable =
            (1..=LONGEST).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !sendable {
            return None;
        }
        // The exact size up front: a growing buffer would leave pieces of the token behind.
        let mut value = Zeroizing::new(Vec::with_capacity(SCHEME.len() + token.len()));
        value.extend_from_slice(SCHEME.as_bytes());
        value.extend_from_slice(token.as_bytes());
        let text = Bytes::from_owner(value);
        let mut header = HeaderValue::from_maybe_shared(text.clone()).ok()?;
        header.set_sensitive(true);
        Some(AccessToken(Arc::new(Bearer { text, header, expires_at })))
    }

    /// The token itself. A copy made of it is not wiped.
    #[must_use]
    pub fn expose(&self) -> &str {
        let token = self.0.text.get(SCHEME.len()..).unwrap_or_default();
        std::str::from_utf8(token).unwrap_or_default()
    }

    /// When the token ends, on this machine's clock.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        self.0.expires_at
    }

    /// What the token says about itself, or nothing if it is not a JSON Web Token.
    ///
    /// The session does not need it: [`expires_at`](AccessToken::expires_at) is what it goes by.
    #[must_use]
    pub fn claims(&self) -> Option<TokenClaims> {
        TokenClaims::parse(self.expose()).ok()
    }

    /// The value of the `Authorization` header, to be cloned by reference count.
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
    fn a_text_that_cannot_be_a_header_is_refused() {
        for text in ["", "two words", "line\nbreak", "umläut", &"x".repeat(LONGEST + 1)] {
            assert!(AccessToken::new(text, OffsetDateTime::UNIX_EPOCH).is_none());
        }
    }
}
