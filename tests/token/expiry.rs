//! Contradicting evidence about a token's life: a wrong `Date`, local clock, expiry or claim.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use popup_rewards::{ErrorKind, Session, SessionState};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use crate::common::clock::TestClock;
use crate::common::errors::failed;
use crate::common::peer::{Peer, Step, response};

/// The true time when the token is issued, in seconds since 1970.
const NOON: i64 = 1_930_212_300;
const HOUR: i64 = 3600;

/// What one response says about the life of its token, in seconds from [`NOON`], and the offset of the local clock.
#[derive(Clone, Copy, Debug, Default)]
struct ExpiryCase {
    date: Option<i64>,
    expires_at: Option<i64>,
    exp: Option<i64>,
    iat: Option<i64>,
    ours: i64,
}

fn at(offset: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOON + offset).unwrap()
}

impl ExpiryCase {
    fn token(self) -> String {
        let claim = |name: &str, offset: Option<i64>| {
            offset.map(|offset| format!(r#""{name}":{}"#, NOON + offset)).into_iter()
        };
        let claims: Vec<_> = claim("exp", self.exp).chain(claim("iat", self.iat)).collect();
        let payload = BASE64_URL_SAFE_NO_PAD.encode(format!("{{{}}}", claims.join(",")));
        format!("eyJhbGciOiJIUzI1NiJ9.{payload}.c2lnbmF0dXJl")
    }

    fn response(self) -> Vec<u8> {
        let end = self
            .expires_at
            .map(|end| format!(r#","access_expires_at":"{}""#, at(end).format(&Rfc3339).unwrap()));
        let body = format!(
            r#"{{"success":true,"data":{{"access_token":"{}","refresh_token":"r"{}}}}}"#,
            self.token(),
            end.unwrap_or_default()
        );
        let date = self
            .date
            .map(|date| format!("date: {}\r\n", at(date).format(&Rfc2822).unwrap().replace("+0000", "GMT")));
        response("200 OK", &date.unwrap_or_default(), body)
    }

    fn session(self) -> (Peer, Session, TestClock) {
        let responses = [(); 3].map(|()| Step::Keep(self.response()));
        let peer = Peer::with_auth(responses, []).unwrap();
        let ours = Duration::from_secs(u64::try_from(NOON + self.ours).unwrap());
        let clock = TestClock::default().at(ours);
        let session = peer.builder().clock(clock.clone()).build().unwrap();
        (peer, session, clock)
    }
}

#[test]
fn a_new_token_lives_as_long_as_the_best_evidence_says() {
    let usual = ExpiryCase { date: Some(0), expires_at: Some(HOUR), exp: Some(HOUR), iat: Some(0), ours: 0 };
    let bare = ExpiryCase { exp: None, iat: None, ..usual };
    let dateless = ExpiryCase { date: None, ..usual };
    for (what, evidence, life) in [
        ("all agree", usual, HOUR),
        ("our clock is hours ahead", ExpiryCase { ours: 7 * HOUR, ..usual }, HOUR),
        ("our clock is hours behind", ExpiryCase { ours: -7 * HOUR, ..usual }, HOUR),
        ("the date comes from a cache", ExpiryCase { date: Some(-5 * HOUR), ..usual }, HOUR),
        ("the date is ahead", ExpiryCase { date: Some(5 * HOUR), ..usual }, HOUR),
        ("the date is ahead by the life", ExpiryCase { date: Some(HOUR), ..usual }, HOUR),
        ("the date is ahead, no claims", ExpiryCase { date: Some(5 * HOUR), ..bare }, HOUR),
        ("no date", dateless, HOUR),
        ("no date, our clock an hour ahead", ExpiryCase { ours: HOUR, ..dateless }, HOUR),
        ("no date, our clock an hour less a second ahead", ExpiryCase { ours: HOUR - 1, ..dateless }, HOUR),
        ("no date, our clock hours behind", ExpiryCase { ours: -5 * HOUR, ..dateless }, HOUR),
        (
            "no date, no claims, our clock hours ahead",
            ExpiryCase { date: None, ours: 5 * HOUR, ..bare },
            HOUR,
        ),
        ("iat is in a time zone ahead", ExpiryCase { iat: Some(2 * HOUR), ..usual }, HOUR),
        ("iat is in a time zone behind", ExpiryCase { iat: Some(-2 * HOUR), ..usual }, HOUR),
        ("iat is in a time zone ahead, no date", ExpiryCase { iat: Some(2 * HOUR), ..dateless }, HOUR),
        ("iat is in a time zone behind, no date", ExpiryCase { iat: Some(-2 * HOUR), ..dateless }, HOUR),
        (
            "exp and iat are in a time zone ahead",
            ExpiryCase { exp: Some(3 * HOUR), iat: Some(2 * HOUR), ..usual },
            HOUR,
        ),
        (
            "exp and iat are in a time zone behind",
            ExpiryCase { exp: Some(-HOUR), iat: Some(-2 * HOUR), ..usual },
            HOUR,
        ),
        ("the expiry is in a time zone behind", ExpiryCase { expires_at: Some(-HOUR), ..usual }, HOUR),
        ("a short life", ExpiryCase { expires_at: Some(600), exp: Some(600), ..usual }, 600),
        ("only exp", ExpiryCase { exp: Some(900), date: Some(0), ..ExpiryCase::default() }, 900),
        ("only exp, no date", ExpiryCase { exp: Some(900), ..ExpiryCase::default() }, 900),
        ("nothing", ExpiryCase::default(), HOUR),
    ] {
        let (peer, session, clock) = evidence.session();
        session.login().unwrap();
        let status = session.status();
        assert_eq!(status.remaining, Duration::from_secs(life.unsigned_abs()), "{what}");
        assert_eq!(status.state, SessionState::Fresh, "{what}");
        session.access_token().unwrap();
        assert_eq!(peer.requests().len(), 1, "{what}");
        // An expired token is not returned.
        clock.advance(Duration::from_secs(life.unsigned_abs()));
        assert_eq!(session.status().state, SessionState::Expired, "{what}");
        session.access_token().ok();
        assert!(peer.requests().len() > 1, "{what}");
    }
}

#[test]
fn a_token_expired_by_all_evidence_is_refused_after_one_login() {
    let expired = ExpiryCase { date: Some(0), expires_at: Some(-5), exp: Some(-5), iat: None, ours: 0 };
    for evidence in
        [expired, ExpiryCase { exp: None, ..expired }, ExpiryCase { date: None, iat: Some(0), ..expired }]
    {
        let (peer, session, _) = evidence.session();
        failed(session.login(), ErrorKind::InvalidResponse, "holds a token that has already expired");
        assert_eq!(peer.requests().len(), 1, "{evidence:?}");
    }
}
