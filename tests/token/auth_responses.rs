//! Auth responses that are complete but unusual. Auth calls are not retried then, because each may issue tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use popup_rewards::{Credentials, ErrorKind, RetryPolicy, Session, SessionBuilder};

use crate::common::clock::TestClock;
use crate::common::errors::failed;
use crate::common::peer::{ACCESS, Peer, REFRESH, Step, json, response, tokens};
use crate::common::until;

/// Starts a peer that sends this response to the first six auth calls. Returns it with a builder of a session that retries
/// without waiting.
fn peer_and_builder(bytes: &[u8]) -> (Peer, SessionBuilder) {
    let peer = Peer::with_auth([(); 6].map(|()| Step::Keep(bytes.to_vec())), []).unwrap();
    let builder = peer.builder().retry(RetryPolicy::new()).clock(TestClock::skipping().today());
    (peer, builder)
}

/// Responses to a login or a refresh that are complete but unusable. Each holds a canary if there is room for one.
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
        ("a body above the limit", quoted(&ACCESS.repeat(20_000))),
        ("an expiry in the past", json(format!(r#"{{"data":{{"access_token":"{ACCESS}",{past}}}}}"#))),
        ("a list", json(format!(r#"["{ACCESS}"]"#))),
        ("a text", json(format!(r#""{ACCESS}""#))),
        ("null", json("null")),
        ("no body", json("")),
        ("no content", response("204 No Content", "", "")),
        ("a truncated body", json(format!(r#"{{"success":true,"data":{{"access_token":"{ACCESS}"#))),
        ("an HTML page", response("200 OK", html, format!("<html><body>{ACCESS}</body></html>"))),
        ("unclosed lists", json(format!("{}{ACCESS}", "[".repeat(60_000)))),
        ("an error of another kind", json(r#"{"success":false,"error":{"code":"X","message":"m"}}"#)),
        ("not gzip", response("200 OK", "content-encoding: gzip\r\n", tokens(1))),
        ("gzip without its header", json([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3])),
        ("a redirect", response("302 Found", "location: /login\r\n", "")),
    ]
}

/// Responds with an access token and these further members.
fn pair_with(more: &str) -> Step {
    Step::Keep(json(format!(r#"{{"data":{{"access_token":"{ACCESS}"{more}}}}}"#)))
}

#[test]
fn a_login_with_an_unusable_response_is_not_retried_or_quoted() {
    for (what, bytes) in unusable() {
        let (peer, builder) = peer_and_builder(&bytes);
        let session = builder.build().unwrap();
        failed(session.countries(), ErrorKind::InvalidResponse, "");
        assert_eq!((peer.requests().len(), session.stats().logins), (1, 1), "{what}");
        assert_eq!(session.status().generation, 0, "{what}");
        for _ in 0..2 {
            session.countries().unwrap_err();
        }
        assert!(peer.requests().len() <= 3, "{what}: {} logins in three calls", peer.requests().len());
    }
}

#[test]
fn refused_credentials_are_not_sent_again() {
    for (what, status, body) in [
        ("as documented", "401 Unauthorized", r#"{"error":{"code":"UNAUTHORIZED","message":"m"}}"#),
        ("a success that failed", "200 OK", r#"{"success":false,"error":{"code":"UNAUTHORIZED"}}"#),
        (
            "a failed success in the older form",
            "200 OK",
            r#"{"success":false,"error":"unauthorized","message":"m"}"#,
        ),
        (
            "a failed success with data",
            "200 OK",
            r#"{"success":false,"data":null,"error":{"code":"unauthorized"}}"#,
        ),
        ("a success with an error", "200 OK", r#"{"error":{"code":"UNAUTHORIZED","message":"m"}}"#),
        ("false as text", "200 OK", r#"{"success":"false","error":{"code":"UNAUTHORIZED"}}"#),
        ("another status", "422 Unprocessable", r#"{"success":false,"error":{"code":"UNAUTHORIZED"}}"#),
        ("the status of a server error", "500 Oops", r#"{"success":false,"error":{"code":"UNAUTHORIZED"}}"#),
    ] {
        let (peer, builder) = peer_and_builder(&response(status, "content-type: application/json\r\n", body));
        let session = builder.build().unwrap();
        for _ in 0..5 {
            let says = "the server refused the API key and secret";
            failed(session.countries(), ErrorKind::InvalidCredentials, says);
        }
        assert_eq!((peer.requests().len(), session.stats().logins), (1, 1), "{what}");
    }
}

#[test]
fn a_login_refused_for_another_reason_is_tried_again_by_the_next_call() {
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
        let (peer, builder) = peer_and_builder(&response(status, "content-type: application/json\r\n", body));
        let session = builder.build().unwrap();
        for calls in 1..=3 {
            failed(session.countries(), kind, "");
            assert_eq!(peer.requests().len(), calls, "{status} {code}");
        }
    }
}

#[test]
fn the_credentials_closure_is_called_once_per_flight() {
    let unavailable = || Step::Keep(response("503 Unavailable", "", ""));
    let peer = Peer::with_auth([unavailable(), unavailable()], [Step::Keep(json("[]"))]).unwrap();
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let credentials = Credentials::from_fn(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(Credentials::new("key", "secret"))
    });
    let session = Session::builder(&peer.url(), credentials).clock(TestClock::skipping()).build().unwrap();
    session.countries().unwrap();
    assert_eq!((session.stats().logins, calls.load(Ordering::SeqCst)), (3, 1));
}

#[test]
fn a_token_without_a_usable_refresh_token_is_used_and_renewed_by_login() {
    for rest in ["", r#","refresh_token":null"#, r#","refresh_token":"""#, r#","refresh_token":[]"#] {
        // From a login and from a refresh.
        for earlier in [None, Some(Step::Keep(json(tokens(7))))] {
            let refreshes = u64::from(earlier.is_some());
            let auth = earlier.into_iter().chain([pair_with(rest)]);
            let peer = Peer::with_auth(auth, [Step::Keep(json("[]"))]).unwrap();
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
fn a_refresh_with_an_unusable_response_keeps_the_current_token() {
    for (what, bytes) in unusable() {
        let refresh_token = format!(r#","refresh_token":"{REFRESH}""#);
        let auth = [pair_with(&refresh_token), Step::Keep(bytes.clone()), Step::Keep(bytes)];
        let peer = Peer::with_auth(auth, [(); 2].map(|()| Step::Keep(json("[]")))).unwrap();
        let clock = TestClock::default().today();
        let session = peer.builder().clock(clock.clone()).build().unwrap();
        session.countries().unwrap();
        // The token expires soon: it is refreshed in the background, and the failure is not reported.
        clock.advance(Duration::from_secs(56 * 60));
        session.countries().unwrap();
        until(what, || session.stats().refreshes == 1 && !session.status().renewing).unwrap();
        assert_eq!((session.access_token().unwrap().expose(), session.status().generation), (ACCESS, 1));
        // The refresh token is used up, so the next flight logs in. Its error is returned, and the token stays in use.
        clock.advance(Duration::from_secs(1));
        failed(session.refresh(), ErrorKind::InvalidResponse, "");
        assert_eq!(session.access_token().unwrap().expose(), ACCESS, "{what}");
        clock.advance(Duration::from_secs(2));
        session.refresh().unwrap();
        let presented = peer.requests().iter().filter(|seen| seen.body.contains(REFRESH)).count();
        assert_eq!((presented, session.stats().logins, session.stats().refreshes), (1, 3, 1), "{what}");
    }
}

#[test]
fn a_token_with_missing_extra_or_malformed_optional_members_is_used() {
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
        let peer = Peer::with_auth([pair_with(rest)], [Step::Keep(json("[]"))]).unwrap();
        let session = peer.session().unwrap();
        session.countries().unwrap();
        assert!(session.access_token().unwrap().expires_at().year() <= 9999, "{rest}");
    }
}

#[test]
fn a_refused_refresh_is_followed_by_a_login_whatever_the_status() {
    for status in ["200 OK", "401 Unauthorized", "400 Bad Request", "422 Unprocessable"] {
        let refusal = response(status, "", r#"{"success":false,"error":{"code":"UNAUTHORIZED"}}"#);
        let peer = Peer::with_auth([Step::Keep(json(tokens(7))), Step::Keep(refusal)], []).unwrap();
        let session = peer.session().unwrap();
        session.login().unwrap();
        session.refresh().unwrap();
        assert_eq!((session.stats().logins, session.stats().refreshes), (2, 1), "{status}");
    }
}

#[test]
fn blank_credentials_from_a_closure_are_not_sent() {
    let peer = Peer::start([]).unwrap();
    let blank = Credentials::from_fn(|| Ok(Credentials::new(" ", "secret")));
    let session = Session::builder(&peer.url(), blank).deadline(Duration::from_secs(5)).build().unwrap();
    failed(session.login(), ErrorKind::Configuration, "the API key is empty");
    assert!(peer.requests().is_empty());
}
