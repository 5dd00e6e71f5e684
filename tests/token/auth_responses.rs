//! Responses to auth calls that are complete but cannot be used: each costs one call, for each mints a token set.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use popup_rewards::{Credentials, ErrorKind, RetryPolicy, Session, SessionBuilder};

use crate::common::clock::TestClock;
use crate::common::errors::failed;
use crate::common::peer::{ACCESS, Answer, Peer, REFRESH, answer, json, tokens};
use crate::common::until;

/// A peer whose first auth calls all get this answer, and a session that would ask again at once.
fn peer_and_builder(bytes: &[u8]) -> (Peer, SessionBuilder) {
    let peer = Peer::with_auth([(); 6].map(|()| Answer::Keep(bytes.to_vec())), []).unwrap();
    let builder = peer.builder().retry(RetryPolicy::new()).clock(TestClock::skipping().today());
    (peer, builder)
}

/// Responses to a login or a refresh that are complete and cannot be used. Each holds a canary where there is room.
fn unusable() -> Vec<(&'static str, Vec<u8>)> {
    let pair = |access: &str| json(format!(r#"{{"data":{{"access_token":{access},"note":"{ACCESS}"}}}}"#));
    let quoted = |text: &str| pair(&format!(r#""{text}""#));
    let past = r#""access_expires_at":"1999-01-01T00:00:00Z""#;
    let html = "content-type: text/html\r\n";
    vec![
        ("another name", json(format!(r#"{{"data":{{"accessToken":"{ACCESS}","refreshToken":"r"}}}}"#))),
        ("no access token", json(format!(r#"{{"success":true,"data":{{"refresh_token":"{REFRESH}"}}}}"#))),
        ("no data", json(format!(r#"{{"success":true,"note":"{ACCESS}"}}"#))),
        ("data that is null", json(r#"{"success":true,"data":null}"#)),
        ("a null access token", pair("null")),
        ("a number for a token", pair("184467440737095516150")),
        ("an object for a token", pair(&format!(r#"{{"{ACCESS}":1}}"#))),
        ("a list for a token", pair(&format!(r#"["{ACCESS}"]"#))),
        ("an empty token", quoted("")),
        ("a token with a line break", quoted(&format!("{ACCESS}\\nX-Injected: 1"))),
        ("a token with a space", quoted(&format!("{ACCESS} {ACCESS}"))),
        ("a token that is not ASCII", quoted(&format!("{ACCESS}\\u00e9"))),
        ("a token longer than a header", quoted(&ACCESS.repeat(2_000))),
        ("a body longer than any", quoted(&ACCESS.repeat(20_000))),
        ("an end in the past", json(format!(r#"{{"data":{{"access_token":"{ACCESS}",{past}}}}}"#))),
        ("a list", json(format!(r#"["{ACCESS}"]"#))),
        ("a text", json(format!(r#""{ACCESS}""#))),
        ("null", json("null")),
        ("no body", json("")),
        ("no content", answer("204 No Content", "", "")),
        ("half a body", json(format!(r#"{{"success":true,"data":{{"access_token":"{ACCESS}"#))),
        ("a page", answer("200 OK", html, format!("<html><body>{ACCESS}</body></html>"))),
        ("lists without an end", json(format!("{}{ACCESS}", "[".repeat(60_000)))),
        ("an error of another kind", json(r#"{"success":false,"error":{"code":"X","message":"m"}}"#)),
        ("not gzip", answer("200 OK", "content-encoding: gzip\r\n", tokens(1))),
        ("gzip without its header", json([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3])),
        ("a redirect", answer("302 Found", "location: /login\r\n", "")),
    ]
}

/// A pair that lives for an hour, with more members.
fn pair_with(more: &str) -> Answer {
    Answer::Keep(json(format!(r#"{{"data":{{"access_token":"{ACCESS}"{more}}}}}"#)))
}

#[test]
fn a_login_with_a_response_that_cannot_be_used_is_made_once_and_not_quoted() {
    for (what, bytes) in unusable() {
        let (peer, builder) = peer_and_builder(&bytes);
        let session = builder.build().unwrap();
        failed(session.countries(), ErrorKind::InvalidResponse, "");
        assert_eq!((peer.seen().len(), session.stats().logins), (1, 1), "{what}");
        assert_eq!(session.status().generation, 0, "{what}");
        for _ in 0..2 {
            session.countries().unwrap_err();
        }
        assert!(peer.seen().len() <= 3, "{what}: {} logins in three calls", peer.seen().len());
    }
}

#[test]
fn credentials_that_the_api_refuses_in_any_words_are_presented_once() {
    for (what, status, body) in [
        ("as documented", "401 Unauthorized", r#"{"error":{"code":"UNAUTHORIZED","message":"m"}}"#),
        ("a success that failed", "200 OK", r#"{"success":false,"error":{"code":"UNAUTHORIZED"}}"#),
        ("the same, older", "200 OK", r#"{"success":false,"error":"unauthorized","message":"m"}"#),
        ("the same, with data", "200 OK", r#"{"success":false,"data":null,"error":{"code":"unauthorized"}}"#),
        ("a success with an error", "200 OK", r#"{"error":{"code":"UNAUTHORIZED","message":"m"}}"#),
        ("a text for false", "200 OK", r#"{"success":"false","error":{"code":"UNAUTHORIZED"}}"#),
        ("another status", "422 Unprocessable", r#"{"success":false,"error":{"code":"UNAUTHORIZED"}}"#),
        ("a failure's status", "500 Oops", r#"{"success":false,"error":{"code":"UNAUTHORIZED"}}"#),
    ] {
        let (peer, builder) = peer_and_builder(&answer(status, "content-type: application/json\r\n", body));
        let session = builder.build().unwrap();
        for _ in 0..5 {
            let says = "the server refused the API key and secret";
            failed(session.countries(), ErrorKind::InvalidCredentials, says);
        }
        assert_eq!((peer.seen().len(), session.stats().logins), (1, 1), "{what}");
    }
}

#[test]
fn a_login_that_is_refused_for_another_reason_is_an_error_of_that_flight_and_no_more() {
    for (status, code, kind) in [
        ("400 Bad Request", "VALIDATION_FAILURE", ErrorKind::InvalidRequest),
        ("400 Bad Request", "BAD_REQUEST", ErrorKind::InvalidRequest),
        ("404 Not Found", "NOT_FOUND", ErrorKind::NotFound),
        ("422 Unprocessable", "UNAUTHORIZED", ErrorKind::InvalidRequest),
        ("404 Not Found", "", ErrorKind::NotFound),
        ("405 Method Not Allowed", "", ErrorKind::InvalidRequest),
        ("422 Unprocessable", "", ErrorKind::InvalidRequest),
    ] {
        let body = match code {
            "" => String::new(),
            _ => format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#),
        };
        let (peer, builder) = peer_and_builder(&answer(status, "content-type: application/json\r\n", body));
        let session = builder.build().unwrap();
        for calls in 1..=3 {
            failed(session.countries(), kind, "");
            assert_eq!(peer.seen().len(), calls, "{status} {code}");
        }
    }
}

#[test]
fn credentials_are_asked_for_once_in_a_flight() {
    let unwell = || Answer::Keep(answer("503 Unavailable", "", ""));
    let peer = Peer::with_auth([unwell(), unwell()], [Answer::Keep(json("[]"))]).unwrap();
    let asked = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&asked);
    let credentials = Credentials::from_fn(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(Credentials::new("key", "secret"))
    });
    let session = Session::builder(&peer.url(), credentials).clock(TestClock::skipping()).build().unwrap();
    session.countries().unwrap();
    assert_eq!((session.stats().logins, asked.load(Ordering::SeqCst)), (3, 1));
}

#[test]
fn a_pair_without_a_usable_refresh_token_serves_and_the_next_flight_logs_in() {
    for rest in ["", r#","refresh_token":null"#, r#","refresh_token":"""#, r#","refresh_token":[]"#] {
        // From a login and from a refresh.
        for earlier in [None, Some(Answer::Keep(json(tokens(7))))] {
            let refreshes = u64::from(earlier.is_some());
            let auth = earlier.into_iter().chain([pair_with(rest)]);
            let peer = Peer::with_auth(auth, [Answer::Keep(json("[]"))]).unwrap();
            let session = peer.session().unwrap();
            session.login().unwrap();
            if refreshes > 0 {
                session.refresh().unwrap();
            }
            session.countries().unwrap();
            let call = peer.calls().remove(0);
            assert_eq!(call.header("authorization"), Some(format!("Bearer {ACCESS}").as_str()), "{rest}");
            assert_eq!((session.stats().logins, session.stats().refreshes), (1, refreshes), "{rest}");
            session.refresh().unwrap();
            assert_eq!((session.stats().logins, session.stats().refreshes), (2, refreshes), "{rest}");
        }
    }
}

#[test]
fn a_refresh_with_a_response_that_cannot_be_used_is_made_once_and_leaves_the_live_token_in_use() {
    for (what, bytes) in unusable() {
        let refresh_token = format!(r#","refresh_token":"{REFRESH}""#);
        let auth = [pair_with(&refresh_token), Answer::Keep(bytes.clone()), Answer::Keep(bytes)];
        let peer = Peer::with_auth(auth, [(); 2].map(|()| Answer::Keep(json("[]")))).unwrap();
        let clock = TestClock::default().today();
        let session = peer.builder().clock(clock.clone()).build().unwrap();
        session.countries().unwrap();
        // The token expires soon: a refresh is made, and nobody is told how it went.
        clock.advance(Duration::from_secs(56 * 60));
        session.countries().unwrap();
        until(what, || session.stats().refreshes == 1 && !session.status().renewing).unwrap();
        assert_eq!((session.access_token().unwrap().expose(), session.status().generation), (ACCESS, 1));
        // The refresh token is spent, so the next flight logs in. Its error shows, and the live token is still there.
        clock.advance(Duration::from_secs(1));
        failed(session.refresh(), ErrorKind::InvalidResponse, "");
        assert_eq!(session.access_token().unwrap().expose(), ACCESS, "{what}");
        clock.advance(Duration::from_secs(2));
        session.refresh().unwrap();
        let presented = peer.seen().iter().filter(|seen| seen.body.contains(REFRESH)).count();
        assert_eq!((presented, session.stats().logins, session.stats().refreshes), (1, 3, 1), "{what}");
    }
}

#[test]
fn a_pair_with_extra_missing_and_odd_but_usable_members_is_used() {
    for rest in [
        "",
        r#","access_expires_at":null"#,
        r#","access_expires_at":"2099-11-22T23:59:60Z""#,
        r#","access_expires_at":4070908800"#,
        r#","access_expires_at":"2099-01-01 00:00:00""#,
        r#","access_expires_at":"soon""#,
        r#","access_expires_at":"2099-13-01T00:00:00Z""#,
        r#","access_expires_at":"2099-11-22T23:59:59.5+14:00""#,
        r#","access_expires_at":"""#,
        r#","access_expires_at":"10000-01-01T00:00:00Z""#,
        r#","access_expires_at":"9999-12-31T23:59:59Z""#,
        r#","scope":{"soon":[1,null]}"#,
    ] {
        let peer = Peer::with_auth([pair_with(rest)], [Answer::Keep(json("[]"))]).unwrap();
        let session = peer.session().unwrap();
        session.countries().unwrap();
        assert!(session.access_token().unwrap().expires_at().year() <= 9999, "{rest}");
    }
}

#[test]
fn a_refresh_that_the_api_refuses_under_any_status_is_followed_by_a_login() {
    for status in ["200 OK", "401 Unauthorized", "400 Bad Request", "422 Unprocessable"] {
        let refusal = answer(status, "", r#"{"success":false,"error":{"code":"UNAUTHORIZED"}}"#);
        let peer = Peer::with_auth([Answer::Keep(json(tokens(7))), Answer::Keep(refusal)], []).unwrap();
        let session = peer.session().unwrap();
        session.login().unwrap();
        session.refresh().unwrap();
        assert_eq!((session.stats().logins, session.stats().refreshes), (2, 1), "{status}");
    }
}

#[test]
fn a_closure_with_blank_credentials_sends_nothing() {
    let peer = Peer::start([]).unwrap();
    let blank = Credentials::from_fn(|| Ok(Credentials::new(" ", "secret")));
    let session = Session::builder(&peer.url(), blank).deadline(Duration::from_secs(5)).build().unwrap();
    failed(session.login(), ErrorKind::Configuration, "the API key is empty");
    assert!(peer.seen().is_empty());
}
