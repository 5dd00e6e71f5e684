//! Evidence about a token's life that contradicts itself: a `Date` that is wrong, a clock that is, claims that are.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use popup_rewards::{ErrorKind, Session, SessionState};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use crate::common::clock::TestClock;
use crate::common::errors::failed;
use crate::common::peer::{Answer, Peer, answer};

/// What time it really is when the token is minted, in seconds since 1970.
const NOON: i64 = 1_930_212_300;
const HOUR: i64 = 3600;

/// The evidence of one response, in seconds from [`NOON`], and how far our clock is ahead.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    date: Option<i64>,
    expires_at: Option<i64>,
    exp: Option<i64>,
    iat: Option<i64>,
    ours: i64,
}

fn at(offset: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOON + offset).unwrap()
}

impl Said {
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
        answer("200 OK", &date.unwrap_or_default(), body)
    }

    fn session(self) -> (Peer, Session, TestClock) {
        let logins = [(); 3].map(|()| Answer::Keep(self.response()));
        let peer = Peer::with_auth(logins, []).unwrap();
        let ours = Duration::from_secs(u64::try_from(NOON + self.ours).unwrap());
        let clock = TestClock::default().at(ours);
        let session = peer.builder().clock(clock.clone()).build().unwrap();
        (peer, session, clock)
    }
}

#[test]
fn a_token_minted_this_second_lives_as_long_as_the_best_evidence_says() {
    let usual = Said { date: Some(0), expires_at: Some(HOUR), exp: Some(HOUR), iat: Some(0), ours: 0 };
    let bare = Said { exp: None, iat: None, ..usual };
    let dateless = Said { date: None, ..usual };
    for (what, said, life) in [
        ("all agree", usual, HOUR),
        ("our clock is hours ahead", Said { ours: 7 * HOUR, ..usual }, HOUR),
        ("our clock is hours behind", Said { ours: -7 * HOUR, ..usual }, HOUR),
        ("the date is of a cache", Said { date: Some(-5 * HOUR), ..usual }, HOUR),
        ("the date is ahead", Said { date: Some(5 * HOUR), ..usual }, HOUR),
        ("the date is ahead by the life", Said { date: Some(HOUR), ..usual }, HOUR),
        ("the date is ahead, and no claims", Said { date: Some(5 * HOUR), ..bare }, HOUR),
        ("no date", dateless, HOUR),
        ("no date, our clock an hour ahead", Said { ours: HOUR, ..dateless }, HOUR),
        ("no date, our clock an hour ahead but for a second", Said { ours: HOUR - 1, ..dateless }, HOUR),
        ("no date, our clock hours behind", Said { ours: -5 * HOUR, ..dateless }, HOUR),
        ("no date, no claims, our clock hours ahead", Said { date: None, ours: 5 * HOUR, ..bare }, HOUR),
        ("iat is of a zone ahead", Said { iat: Some(2 * HOUR), ..usual }, HOUR),
        ("iat is of a zone behind", Said { iat: Some(-2 * HOUR), ..usual }, HOUR),
        ("iat is of a zone ahead, no date", Said { iat: Some(2 * HOUR), ..dateless }, HOUR),
        ("iat is of a zone behind, no date", Said { iat: Some(-2 * HOUR), ..dateless }, HOUR),
        ("exp and iat are of a zone ahead", Said { exp: Some(3 * HOUR), iat: Some(2 * HOUR), ..usual }, HOUR),
        ("exp and iat are of a zone behind", Said { exp: Some(-HOUR), iat: Some(-2 * HOUR), ..usual }, HOUR),
        ("the end is of a zone behind", Said { expires_at: Some(-HOUR), ..usual }, HOUR),
        ("a short life", Said { expires_at: Some(600), exp: Some(600), ..usual }, 600),
        ("only exp", Said { exp: Some(900), date: Some(0), ..Said::default() }, 900),
        ("only exp, no date", Said { exp: Some(900), ..Said::default() }, 900),
        ("nothing", Said::default(), HOUR),
    ] {
        let (peer, session, clock) = said.session();
        session.login().unwrap();
        let status = session.status();
        assert_eq!(status.remaining, Duration::from_secs(life.unsigned_abs()), "{what}");
        assert_eq!(status.state, SessionState::Fresh, "{what}");
        session.access_token().unwrap();
        assert_eq!(peer.seen().len(), 1, "{what}");
        // One that is over is not handed out.
        clock.advance(Duration::from_secs(life.unsigned_abs()));
        assert_eq!(session.status().state, SessionState::Expired, "{what}");
        session.access_token().ok();
        assert!(peer.seen().len() > 1, "{what}");
    }
}

#[test]
fn a_token_that_all_evidence_calls_over_is_refused_after_one_login() {
    let over = Said { date: Some(0), expires_at: Some(-5), exp: Some(-5), iat: None, ours: 0 };
    for said in [over, Said { exp: None, ..over }, Said { date: None, iat: Some(0), ..over }] {
        let (peer, session, _) = said.session();
        failed(session.login(), ErrorKind::InvalidResponse, "holds a token that has already expired");
        assert_eq!(peer.seen().len(), 1, "{said:?}");
    }
}
