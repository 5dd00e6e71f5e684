//! What errors of every kind tell, when a server repeats everything it was given.

use std::collections::HashSet;
use std::net::TcpListener;
use std::time::Duration;

use popup_rewards::{
    ClientReference, Credentials, Error, ErrorKind, NewOrder, OrderId, ProductId, RetryPolicy, Session,
    SessionBuilder,
};
use serde_json::json as object;

use super::logs;
use super::planted::{ACCESS, CARD, PASSWORD, PIN, PROXY, order, shows_none, tells_none};
use crate::common::clock::TestClock;
use crate::common::peer::{Peer, RawRequest, Step, json, response, tokens};

/// An answer that repeats the token and the body of the request wherever an answer has room for text.
pub(crate) fn echo(seen: &RawRequest, status: &str, code: &str) -> Vec<u8> {
    let given = format!("{} {}", seen.header("authorization").unwrap_or("none"), seen.body);
    let code = format!("{code}{}", if code == "ECHO" { given.as_str() } else { "" });
    let error = object!({ "name": given, "code": code, "message": given });
    let body = if status.starts_with("201") {
        object!({ "success": false, "data": null, "error": error })
    } else {
        object!({ "error": error, "message": given })
    };
    let length = body.to_string().len();
    format!(
        "HTTP/1.1 {status}\r\nx-request-id: {given}\r\nx-debug: {given}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

type Echo = fn(&RawRequest) -> Vec<u8>;

const ECHOES: [(Echo, ErrorKind); 14] = [
    (|seen| echo(seen, "400 Bad Request", "ECHO"), ErrorKind::InvalidRequest),
    (|seen| echo(seen, "400 Bad Request", "INSUFFICIENT_FUNDS"), ErrorKind::InsufficientFunds),
    (|seen| echo(seen, "401 Unauthorized", "ECHO"), ErrorKind::Unauthorized),
    (|seen| echo(seen, "403 Forbidden", "ECHO"), ErrorKind::Forbidden),
    (|seen| echo(seen, "404 Not Found", "ECHO"), ErrorKind::NotFound),
    (|seen| echo(seen, "408 Request Timeout", "ECHO"), ErrorKind::Timeout),
    (|seen| echo(seen, "422 Unprocessable", "ECHO"), ErrorKind::InvalidRequest),
    (|seen| echo(seen, "429 Too Many Requests", "ECHO"), ErrorKind::RateLimited),
    (|seen| echo(seen, "500 Server Error", "ECHO"), ErrorKind::Server),
    (|seen| echo(seen, "503 Unavailable", "ECHO"), ErrorKind::Server),
    (|seen| echo(seen, "302 Found", "ECHO"), ErrorKind::InvalidResponse),
    (|seen| echo(seen, "600 What", "ECHO"), ErrorKind::InvalidResponse),
    (|seen| echo(seen, "200 OK", "ECHO"), ErrorKind::InvalidResponse),
    (|seen| echo(seen, "201 Created", "ECHO"), ErrorKind::InvalidResponse),
];

fn once(builder: SessionBuilder) -> Session {
    let never = RetryPolicy::new().retries(0);
    builder.clock(TestClock::skipping()).retry(never).timeout(Duration::from_millis(500)).build().unwrap()
}

/// As often as a session asks at the most: for both tokens of a call that is refused, or in one flight.
fn again(echo: Echo) -> impl Iterator<Item = Step> {
    std::iter::repeat_with(move || Step::Echo(echo)).take(10)
}

#[test]
fn a_server_that_repeats_the_token_is_not_repeated() {
    for (echo, kind) in ECHOES {
        let peer = Peer::start(again(echo)).unwrap();
        let error = once(peer.builder()).get_order(OrderId::from(1)).unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        tells_none(&error);
        assert!(error.request_id().is_some_and(|id| !id.is_empty()), "{error:?}");
    }
    logs::of_ours_are_clean();
}

#[test]
fn a_server_that_repeats_the_password_is_not_repeated() {
    for (echo, _) in ECHOES {
        let peer = Peer::with_auth(again(echo), []).unwrap();
        let error = once(peer.builder()).login().unwrap_err();
        tells_none(&error);
    }
    logs::of_ours_are_clean();
}

#[test]
fn a_server_that_repeats_the_refresh_token_is_not_repeated() {
    for (echo, _) in ECHOES {
        // The login that may follow a refused refresh fails too, so that there is an error to look at.
        let peer = Peer::with_auth([Step::Keep(json(tokens(1)))].into_iter().chain(again(echo)), []).unwrap();
        let session = once(peer.builder());
        session.login().unwrap();
        tells_none(&session.refresh().unwrap_err());
        shows_none(&session);
    }
    logs::of_ours_are_clean();
}

#[test]
fn a_server_that_repeats_the_token_at_logout_is_not_repeated() {
    for (echo, _) in ECHOES {
        let peer =
            Peer::with_auth([Step::Keep(json(tokens(1))), Step::Echo(echo), Step::Echo(echo)], []).unwrap();
        let session = once(peer.builder());
        session.login().unwrap();
        if let Err(error) = session.logout() {
            tells_none(&error);
        }
        shows_none(&session);
    }
    logs::of_ours_are_clean();
}

#[test]
fn a_long_token_is_not_repeated_in_part() {
    let long = format!("{ACCESS}.{}", "abcdefghij".repeat(60));
    let login = tokens(1).replace(&format!("{ACCESS}-1"), &long);
    for (echo, _) in ECHOES {
        let peer = Peer::with_auth([Step::Keep(json(&login))], again(echo)).unwrap();
        let session = once(peer.builder());
        session.login().unwrap();
        let error = session.get_order(OrderId::from(1)).unwrap_err();
        tells_none(&error);
        assert!(!format!("{error:?} {error}").contains("abcdefghij"), "{error:?}");
    }
    logs::of_ours_are_clean();
}

#[test]
fn a_token_answer_that_cannot_be_used_is_not_quoted() {
    let usual = tokens(1);
    let long = format!(r#""{}""#, ACCESS.repeat(2000));
    for (member, value) in [
        (format!(r#""{ACCESS}-1""#), r#""""#),
        (format!(r#""{ACCESS}-1""#), "null"),
        (format!(r#""{ACCESS}-1""#), r#"{"x-canary-x":1}"#),
        (format!(r#""{ACCESS}-1""#), r#""two -canary- words""#),
        (format!(r#""{ACCESS}-1""#), &long),
        (r#"{"success":true,"#.to_owned(), r#"{"success":false,"#),
        ("}}".to_owned(), ""),
    ] {
        let body = usual.replace(&member, value);
        assert_ne!(body, usual);
        let peer = Peer::with_auth([Step::Keep(json(body))], []).unwrap();
        let error = once(peer.builder()).login().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error:?}");
        assert_eq!(error.request_id(), Some("req-7"));
        tells_none(&error);
    }
    logs::of_ours_are_clean();
}

#[test]
fn an_order_that_cannot_be_read_or_is_another_is_not_quoted() {
    let reference = ClientReference::new("ref-1").unwrap();
    let asked = NewOrder::new(ProductId::from(2), 5.into(), 1, reference);
    let torn = order().replace(r#""id":1"#, &format!(r#""id":"{CARD}""#));
    let elsewhere = order().replace("ref-1", PIN);
    for body in [torn, elsewhere, order()[..order().len() - 3].to_owned(), format!("<html>{CARD}</html>")] {
        let peer = Peer::start([Step::Keep(json(body))]).unwrap();
        tells_none(&once(peer.builder()).create_order(&asked).unwrap_err());
    }
    let different = order().replace(r#""quantity":1"#, r#""quantity":3"#);
    let peer = Peer::start([
        Step::Echo(|seen| echo(seen, "400 Bad Request", "BAD_REQUEST")),
        Step::Keep(json(format!("[{different}]"))),
        Step::Keep(json(different)),
    ])
    .unwrap();
    let error = once(peer.builder()).create_order(&asked).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DuplicateReference);
    tells_none(&error);
    logs::of_ours_are_clean();
}

/// An error of each kind that can be had without a token store.
fn one_of_each() -> Vec<Error> {
    let mut errors = Vec::new();
    for (echo, _) in ECHOES {
        let peer = Peer::start(again(echo)).unwrap();
        errors.push(once(peer.builder()).get_order(OrderId::from(1)).unwrap_err());
    }
    let peer =
        Peer::with_auth([Step::Echo(|seen| echo(seen, "401 Unauthorized", "ECHO"))], [Step::Hang]).unwrap();
    let session = once(peer.builder());
    errors.push(session.login().unwrap_err());
    session.login().unwrap();
    errors.push(session.countries().unwrap_err());
    session.forget();
    errors.push(session.countries().unwrap_err());
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = format!("http://user:{PROXY}@{closed}");
    errors.push(once(peer.builder().proxy(&proxy)).login().unwrap_err());
    let unusable = || {
        Session::builder(&format!("https://u:{PASSWORD}@api.example.com"), Credentials::new("key", "secret"))
    };
    errors.push(unusable().build().unwrap_err());
    errors.push(peer.builder().proxy(&format!("http//{PROXY}")).build().unwrap_err());
    errors.push(peer.builder().root_certificates(PASSWORD.as_bytes()).build().unwrap_err());
    errors.push(Session::new(&peer.url(), Credentials::new("key", format!("{PASSWORD}\n"))).unwrap_err());
    errors.push(ClientReference::new(format!("{CARD}\n")).unwrap_err());
    errors
}

#[test]
fn an_error_of_every_kind_tells_nothing() {
    let errors = one_of_each();
    errors.iter().for_each(tells_none);
    let kinds: HashSet<_> = errors.iter().map(Error::kind).collect();
    let all = [
        ErrorKind::Configuration,
        ErrorKind::Forbidden,
        ErrorKind::InsufficientFunds,
        ErrorKind::InvalidCredentials,
        ErrorKind::InvalidRequest,
        ErrorKind::InvalidResponse,
        ErrorKind::LoggedOut,
        ErrorKind::Network,
        ErrorKind::NotFound,
        ErrorKind::RateLimited,
        ErrorKind::Server,
        ErrorKind::Timeout,
        ErrorKind::Unauthorized,
    ];
    assert_eq!(kinds, HashSet::from(all));
    logs::of_ours_are_clean();
}

#[test]
fn a_key_that_is_too_short_to_be_found_costs_no_request_id() {
    let peer = Peer::with_auth([Step::Keep(response("403 Forbidden", "", ""))], []).unwrap();
    let session = once(Session::builder(&peer.url(), Credentials::new("q", "7")));
    assert_eq!(session.login().unwrap_err().request_id(), Some("req-7"));
}
