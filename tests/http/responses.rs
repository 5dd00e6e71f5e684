//! Responses that this API never sends: other formats, statuses and protocols.

use popup_rewards::{ClientReference, CountryId, ErrorKind, NewOrder, ProductId, RetryPolicy, SessionState};

use super::{CANARY, COUNTRY};
use crate::common::errors::failed;
use crate::common::peer::{ACCESS, PASSWORD, Peer, REFRESH, Step, json, response, tokens};

#[test]
fn the_error_of_an_unreadable_success_does_not_quote_the_body() {
    let html = "content-type: text/html\r\n";
    for (bytes, says) in [
        (response("200 OK", html, format!("<html>{CANARY}</html>")), "is not JSON"),
        (response("200 OK", "", ""), "is empty"),
        (response("204 No Content", "", ""), "is empty"),
        (json(format!(r#"{{"id":"{CANARY}"}}"#)), "has no readable `id`"),
        (json(format!(r#"["{CANARY}"]"#)), "documented shape"),
        (json(format!(r#"{{"id":1,"name":"{CANARY}"#)), "is cut short"),
        (json(format!("\u{0}{CANARY}")), "is not JSON"),
        (
            json([b"{\"id\":\"\xff\xfe", CANARY.as_bytes(), b"\"}"].concat()),
            "the server's response has no readable `id`",
        ),
    ] {
        let peer = Peer::start([Step::Keep(bytes)]).unwrap();
        let session = peer.session().unwrap();
        let error = failed(session.get_country(CountryId::from(1)), ErrorKind::InvalidResponse, says);
        assert!(matches!(error.status(), Some(200 | 204)));
        assert_eq!(error.request_id(), Some("req-7"));
        assert_eq!(peer.calls().len(), 1, "a retry would get the same response");
    }
}

#[test]
fn the_page_of_a_gateway_is_a_server_error_and_not_quoted() {
    let page = || {
        Step::Keep(response("502 Bad Gateway", "content-type: text/html\r\n", format!("<h1>{CANARY}</h1>")))
    };
    let peer = Peer::start([page(), page(), page()]).unwrap();
    let session = peer.session().unwrap();
    let error = failed(session.countries(), ErrorKind::Server, "the server failed (502)");
    assert_eq!((error.status(), error.request_id()), (Some(502), Some("req-7")));
    assert_eq!(session.stats().retries, 2);
}

const NOT_HTTP: &str = "the response is not valid HTTP";

/// Complete but unusable responses, with a part of the error message. Most hold a canary.
fn unusable() -> [(Vec<u8>, &'static str); 14] {
    let cut = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..];
    [
        (b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n".to_vec(), "expects TLS"),
        (format!("<html>{CANARY}</html>\r\n\r\n").into_bytes(), NOT_HTTP),
        (format!("HTTP/2.0 200 OK\r\nx: {CANARY}\r\n\r\n").into_bytes(), NOT_HTTP),
        (response("200 OK", "content-encoding: gzip\r\n", cut), "decompressed"),
        (json([cut, CANARY.as_bytes()].concat()), "the server's"),
        (format!("SSH-2.0-OpenSSH_9.6 {CANARY}\r\n\r\n").into_bytes(), NOT_HTTP),
        (format!("HTTP/9.9 200 OK\r\nx: {CANARY}\r\n\r\n").into_bytes(), NOT_HTTP),
        (format!("HTTP/1.1 2000 OK\r\nx: {CANARY}\r\n\r\n").into_bytes(), NOT_HTTP),
        (format!("HTTP/1.1 200 OK\r\ncontent-length: {CANARY}\r\n\r\n").into_bytes(), NOT_HTTP),
        (format!("HTTP/1.1 200 OK\r\nbad header {CANARY}\r\n\r\n").into_bytes(), NOT_HTTP),
        (format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{CANARY}\r\n").into_bytes(), NOT_HTTP),
        (format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: 1\r\n".repeat(200)).into_bytes(), NOT_HTTP),
        (response("200 OK", "content-encoding: gzip\r\n", CANARY), "decompressed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 40000000\r\n\r\n".to_vec(), "the size limit"),
    ]
}

#[test]
fn a_call_is_not_retried_after_an_unusable_response() {
    for (bytes, says) in unusable() {
        let peer = Peer::start([Step::Keep(bytes), Step::Keep(json("[]"))]).unwrap();
        let session = peer.session().unwrap();
        failed(session.countries(), ErrorKind::InvalidResponse, says);
        assert_eq!((peer.calls().len(), session.stats().retries), (1, 0), "{says}");
    }
}

#[test]
fn an_order_with_an_unusable_response_may_have_executed() {
    for (bytes, says) in unusable() {
        let peer = Peer::start([Step::Keep(bytes), Step::Keep(json("[]"))]).unwrap();
        let session = peer.session().unwrap();
        let reference = ClientReference::new("ref-1").unwrap();
        let order = NewOrder::new(ProductId::from(2), 5.into(), 1, reference);
        let error = session.create_order(&order).unwrap_err();
        assert!(error.may_have_executed(), "{says}: {error:?}");
        let sent = peer.calls().iter().filter(|call| call.line() == "POST /api/v1/orders").count();
        assert_eq!(sent, 1, "{says}");
    }
}

#[test]
fn informational_responses_are_skipped() {
    for early in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"] {
        let bytes = [early.as_bytes(), &json(COUNTRY)].concat();
        let peer = Peer::start([Step::Keep(bytes)]).unwrap();
        let session = peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();
        assert_eq!(session.get_country(CountryId::from(1)).unwrap().name, "United States", "{early}");
    }
}

#[test]
fn a_redirect_is_an_error_and_not_followed() {
    let elsewhere = Peer::start([Step::Keep(json("[]"))]).unwrap();
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("location: {}/api/v1/countries?{CANARY}\r\n", elsewhere.url());
        let peer = Peer::start([Step::Keep(response(status, &location, ""))]).unwrap();
        let session = peer.session().unwrap();
        failed(session.countries(), ErrorKind::InvalidResponse, "the server redirects");
        assert_eq!(peer.calls().len(), 1);
    }
    assert!(elsewhere.requests().is_empty(), "a token may have gone to another host");
}

#[test]
fn a_redirected_login_is_not_followed() {
    let elsewhere = Peer::start([]).unwrap();
    let location = format!("location: {}/auth/login\r\n", elsewhere.url());
    let redirect = || Step::Keep(response("308 Permanent Redirect", &location, ""));
    let peer = Peer::with_auth([redirect(), redirect(), redirect()], []).unwrap();
    let session = peer.session().unwrap();
    failed(session.login(), ErrorKind::InvalidResponse, "the server redirects");
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_malformed_date_header_is_ignored() {
    for date in ["yesterday", "Sun, 06 Nov 99999 08:49:37 GMT", ""] {
        let headers = format!("content-type: application/json\r\ndate: {date}\r\n");
        let login = Step::Keep(response("200 OK", &headers, tokens(9)));
        let peer = Peer::with_auth([login], [Step::Keep(response("200 OK", &headers, "[]"))]).unwrap();
        let session = peer.session().unwrap();
        assert!(session.countries().unwrap().is_empty());
        assert_eq!(session.status().state, SessionState::Fresh, "{date}");
    }
}

#[test]
fn the_error_of_a_success_status_with_an_error_body_holds_no_secret() {
    let echo = |secret: &str| {
        let body = format!(
            r#"{{"success":false,"data":null,"error":{{"code":"{secret}","message":"not {secret}"}}}}"#
        );
        Step::Keep(json(body))
    };
    let says = "the server says the call failed";
    let once = |peer: &Peer| peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();

    let peer = Peer::with_auth([echo(PASSWORD)], []).unwrap();
    failed(once(&peer).login(), ErrorKind::InvalidResponse, says);

    let login = Step::Keep(json(tokens(1)));
    let token = format!("{ACCESS}-1");
    let peer = Peer::with_auth([login, echo(&format!("{REFRESH}-1"))], [echo(&token), echo(&token)]).unwrap();
    let session = once(&peer);
    failed(session.get_country(CountryId::from(1)), ErrorKind::InvalidResponse, says);
    failed(session.countries(), ErrorKind::InvalidResponse, says);
    failed(session.refresh(), ErrorKind::InvalidResponse, says);
}
