//! Errors of every kind, from a server that quotes everything it receives.

use std::collections::HashSet;
use std::net::TcpListener;
use std::time::Duration;

use popup_rewards::{
    ClientReference, Credentials, Error, ErrorKind, NewOrder, OrderId, ProductId, RetryPolicy, Session,
    SessionBuilder,
};
use serde_json::json as object;

use super::logs;
use super::planted::{ACCESS, CARD, PASSWORD, PIN, PROXY, error_shows_no_secret, order, shows_no_secret};
use crate::common::clock::TestClock;
use crate::common::peer::{Peer, RawRequest, Step, json, response, tokens};

/// A response that quotes the token and the body of the request in every text.
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

/// Returns more steps than any call or flight needs, even if both tokens are refused.
fn again(echo: Echo) -> impl Iterator<Item = Step> {
    std::iter::repeat_with(move || Step::Echo(echo)).take(10)
}

#[test]
fn an_error_omits_a_token_quoted_by_the_server() {
    for (echo, kind) in ECHOES {
        let peer = Peer::start(again(echo)).unwrap();
        let error = once(peer.builder()).get_order(OrderId::from(1)).unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        error_shows_no_secret(&error);
        assert!(error.request_id().is_some_and(|id| !id.is_empty()), "{error:?}");
    }
    logs::assert_clean();
}

#[test]
fn an_error_omits_a_password_quoted_by_the_server() {
    for (echo, _) in ECHOES {
        let peer = Peer::with_auth(again(echo), []).unwrap();
        let error = once(peer.builder()).login().unwrap_err();
        error_shows_no_secret(&error);
    }
    logs::assert_clean();
}

#[test]
fn an_error_omits_a_refresh_token_quoted_by_the_server() {
    for (echo, _) in ECHOES {
        // The login that may follow a refused refresh fails too, so there is always an error to check.
        let peer = Peer::with_auth([Step::Keep(json(tokens(1)))].into_iter().chain(again(echo)), []).unwrap();
        let session = once(peer.builder());
        session.login().unwrap();
        error_shows_no_secret(&session.refresh().unwrap_err());
        shows_no_secret(&session);
    }
    logs::assert_clean();
}

#[test]
fn the_error_of_a_logout_omits_a_token_quoted_by_the_server() {
    for (echo, _) in ECHOES {
        let peer =
            Peer::with_auth([Step::Keep(json(tokens(1))), Step::Echo(echo), Step::Echo(echo)], []).unwrap();
        let session = once(peer.builder());
        session.login().unwrap();
        if let Err(error) = session.logout() {
            error_shows_no_secret(&error);
        }
        shows_no_secret(&session);
    }
    logs::assert_clean();
}

#[test]
fn an_error_omits_every_part_of_a_long_token() {
    let long = format!("{ACCESS}.{}", "abcdefghij".repeat(60));
    let login = tokens(1).replace(&format!("{ACCESS}-1"), &long);
    for (echo, _) in ECHOES {
        let peer = Peer::with_auth([Step::Keep(json(&login))], again(echo)).unwrap();
        let session = once(peer.builder());
        session.login().unwrap();
        let error = session.get_order(OrderId::from(1)).unwrap_err();
        error_shows_no_secret(&error);
        assert!(!format!("{error:?} {error}").contains("abcdefghij"), "{error:?}");
    }
    logs::assert_clean();
}

#[test]
fn the_error_of_an_unusable_login_response_does_not_quote_it() {
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
        error_shows_no_secret(&error);
    }
    logs::assert_clean();
}

#[test]
fn the_error_of_an_unreadable_or_different_order_does_not_quote_it() {
    let reference = ClientReference::new("ref-1").unwrap();
    let wanted = NewOrder::new(ProductId::from(2), 5.into(), 1, reference);
    let malformed = order().replace(r#""id":1"#, &format!(r#""id":"{CARD}""#));
    let elsewhere = order().replace("ref-1", PIN);
    for body in
        [malformed, elsewhere, order()[..order().len() - 3].to_owned(), format!("<html>{CARD}</html>")]
    {
        let peer = Peer::start([Step::Keep(json(body))]).unwrap();
        error_shows_no_secret(&once(peer.builder()).create_order(&wanted).unwrap_err());
    }
    let different = order().replace(r#""quantity":1"#, r#""quantity":3"#);
    let peer = Peer::start([
        Step::Echo(|seen| echo(seen, "400 Bad Request", "BAD_REQUEST")),
        Step::Keep(json(format!("[{different}]"))),
        Step::Keep(json(different)),
    ])
    .unwrap();
    let error = once(peer.builder()).create_order(&wanted).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DuplicateReference);
    error_shows_no_secret(&error);
    logs::assert_clean();
}

/// Returns at least one error of each kind.
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
fn an_error_of_every_kind_omits_the_secrets() {
    let errors = one_of_each();
    errors.iter().for_each(error_shows_no_secret);
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
    logs::assert_clean();
}

#[test]
fn a_short_key_and_secret_do_not_redact_the_request_id() {
    let peer = Peer::with_auth([Step::Keep(response("403 Forbidden", "", ""))], []).unwrap();
    let session = once(Session::builder(&peer.url(), Credentials::new("q", "7")));
    assert_eq!(session.login().unwrap_err().request_id(), Some("req-7"));
}
