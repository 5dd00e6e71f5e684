//! Responses to auth calls that are complete but cannot be used: each costs one call, for each mints a token set.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use popup_rewards::{Credentials, ErrorKind, RetryPolicy, Session, SessionBuilder};

use crate::common::clock::TestClock;
use crate::common::errors::failed;
use crate::common::peer::{ACCESS, Answer, Peer, REFRESH, answer, json, tokens};

/// A peer whose first auth calls all get this answer, and a session that would ask again at once.
fn peer_and_builder(bytes: &[u8]) -> (Peer, SessionBuilder) {
    let peer = Peer::with_auth([(); 6].map(|()| Answer::Keep(bytes.to_vec())), []).unwrap();
    let builder = peer.builder().retry(RetryPolicy::new()).clock(TestClock::skipping());
    (peer, builder)
}

#[test]
fn a_login_with_a_response_that_cannot_be_used_is_made_once() {
    let html = "content-type: text/html\r\n";
    let token = |token: &str| json(format!(r#"{{"success":true,"data":{{"access_token":"{token}"}}}}"#));
    for (what, bytes) in [
        ("another name", json(r#"{"success":true,"data":{"accessToken":"a.b.c","refreshToken":"r"}}"#)),
        ("no body", answer("204 No Content", "", "")),
        ("no body, 200", json("")),
        ("a page", answer("200 OK", html, "<html><body>Welcome</body></html>")),
        ("a token with a line break", token("a.b\\nX: 1")),
        ("a token with an accent", token("a.b.\\u00e9")),
        ("a token with a blank", token("a b c")),
        ("an empty token", token("")),
        ("a token that is a list", json(r#"{"data":{"access_token":["a.b.c"]}}"#)),
        ("data that is null", json(r#"{"success":true,"data":null}"#)),
        ("an error of another kind", json(r#"{"success":false,"error":{"code":"X","message":"m"}}"#)),
        ("not gzip", answer("200 OK", "content-encoding: gzip\r\n", tokens(1))),
        ("gzip without its header", json([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3])),
        ("a redirect", answer("302 Found", "location: /login\r\n", "")),
    ] {
        let (peer, builder) = peer_and_builder(&bytes);
        let session = builder.build().unwrap();
        failed(session.countries(), ErrorKind::InvalidResponse, "");
        assert_eq!((peer.seen().len(), session.stats().logins), (1, 1), "{what}");
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
    ] {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
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
fn a_refresh_without_a_refresh_token_keeps_the_access_token() {
    for rest in ["", r#","refresh_token":null"#, r#","refresh_token":"""#, r#","refresh_token":[]"#] {
        let body = format!(r#"{{"success":true,"data":{{"access_token":"{ACCESS}-new"{rest}}}}}"#);
        let peer = Peer::with_auth(
            [Answer::Keep(json(tokens(7))), Answer::Keep(json(body))],
            [Answer::Keep(json("[]"))],
        )
        .unwrap();
        let session = peer.session().unwrap();
        session.login().unwrap();
        session.refresh().unwrap();
        session.countries().unwrap();
        let call = peer.calls().remove(0);
        assert_eq!(call.header("authorization"), Some(format!("Bearer {ACCESS}-new").as_str()), "{rest}");
        assert_eq!((session.stats().logins, session.stats().refreshes), (1, 1), "{rest}");
        // With nothing to present, the next renewal is a login.
        session.refresh().unwrap();
        assert_eq!((session.stats().logins, session.stats().refreshes), (2, 1), "{rest}");
    }
}

#[test]
fn a_refresh_with_a_response_that_cannot_be_used_is_made_once_and_its_token_is_spent() {
    for bytes in [
        json(r#"{"success":true,"data":{"accessToken":"a.b.c"}}"#),
        answer("204 No Content", "", ""),
        answer("200 OK", "content-type: text/html\r\n", "<html>"),
    ] {
        let peer =
            Peer::with_auth([Answer::Keep(json(tokens(7))), Answer::Keep(bytes)], [Answer::Keep(json("[]"))])
                .unwrap();
        let session = peer.builder().clock(TestClock::skipping()).build().unwrap();
        session.login().unwrap();
        failed(session.refresh(), ErrorKind::InvalidResponse, "");
        session.countries().unwrap();
        session.refresh().unwrap();
        let presented = peer.seen().iter().filter(|seen| seen.body.contains(REFRESH)).count();
        assert_eq!((presented, session.stats().logins, session.stats().refreshes), (1, 2, 1));
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
