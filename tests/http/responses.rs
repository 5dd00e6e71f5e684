//! Answers that this API never gives: other formats, other statuses, other protocols.

use popup_rewards::{ClientReference, CountryId, ErrorKind, NewOrder, ProductId, RetryPolicy, SessionState};

use super::{CANARY, COUNTRY};
use crate::common::errors::failed;
use crate::common::peer::{ACCESS, Answer, PASSWORD, Peer, REFRESH, answer, json, tokens};

#[test]
fn a_success_that_cannot_be_read_is_located_but_not_quoted() {
    let html = "content-type: text/html\r\n";
    for (answer, says) in [
        (answer("200 OK", html, format!("<html>{CANARY}</html>")), "is not JSON"),
        (answer("200 OK", "", ""), "is empty"),
        (answer("204 No Content", "", ""), "is empty"),
        (json(format!(r#"{{"id":"{CANARY}"}}"#)), "has no readable `id`"),
        (json(format!(r#"["{CANARY}"]"#)), "documented shape"),
        (json(format!(r#"{{"id":1,"name":"{CANARY}"#)), "is cut short"),
        (json(format!("\u{0}{CANARY}")), "is not JSON"),
        (
            json([b"{\"id\":\"\xff\xfe", CANARY.as_bytes(), b"\"}"].concat()),
            "the server's response has no readable `id`",
        ),
    ] {
        let peer = Peer::start([Answer::Keep(answer)]).unwrap();
        let session = peer.session().unwrap();
        let error = failed(session.get_country(CountryId::from(1)), ErrorKind::InvalidResponse, says);
        assert!(matches!(error.status(), Some(200 | 204)));
        assert_eq!(error.request_id(), Some("req-7"));
        assert_eq!(peer.calls().len(), 1, "the server would answer the same again");
    }
}

#[test]
fn a_gateways_page_is_a_server_error_and_not_quoted() {
    let page = || {
        Answer::Keep(answer("502 Bad Gateway", "content-type: text/html\r\n", format!("<h1>{CANARY}</h1>")))
    };
    let peer = Peer::start([page(), page(), page()]).unwrap();
    let session = peer.session().unwrap();
    let error = failed(session.countries(), ErrorKind::Server, "the server failed (502)");
    assert_eq!((error.status(), error.request_id()), (Some(502), Some("req-7")));
    assert_eq!(session.stats().retries, 2);
}

#[test]
fn what_is_not_http_is_told() {
    for bytes in [
        format!("SSH-2.0-OpenSSH_9.6 {CANARY}\r\n\r\n"),
        format!("HTTP/9.9 200 OK\r\nx: {CANARY}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\ncontent-length: {CANARY}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nbad header {CANARY}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{CANARY}\r\n"),
        format!("HTTP/1.1 2000 OK\r\nx: {CANARY}\r\n\r\n"),
    ] {
        let peer = Peer::start([Answer::Close(bytes.clone().into_bytes())]).unwrap();
        let session = peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();
        failed(session.countries(), ErrorKind::InvalidResponse, "the response is not valid HTTP");
    }
}

/// Complete responses that cannot be used: what they are, and what the error says.
fn unusable() -> [(Vec<u8>, &'static str); 9] {
    let cut = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..];
    [
        (b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n".to_vec(), "not valid HTTP"),
        (format!("<html>{CANARY}</html>\r\n\r\n").into_bytes(), "not valid HTTP"),
        (format!("HTTP/2.0 200 OK\r\nx: {CANARY}\r\n\r\n").into_bytes(), "not valid HTTP"),
        (answer("200 OK", "content-encoding: gzip\r\n", cut), "decompressed"),
        (json([cut, CANARY.as_bytes()].concat()), "the server's"),
        (format!("SSH-2.0-OpenSSH_9.6 {CANARY}\r\n\r\n").into_bytes(), "not valid HTTP"),
        (format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: 1\r\n".repeat(200)).into_bytes(), "not valid HTTP"),
        (answer("200 OK", "content-encoding: gzip\r\n", CANARY), "decompressed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 40000000\r\n\r\n".to_vec(), "the size limit"),
    ]
}

#[test]
fn a_complete_response_that_cannot_be_used_is_requested_once() {
    for (bytes, says) in unusable() {
        let peer = Peer::start([Answer::Keep(bytes), Answer::Keep(json("[]"))]).unwrap();
        let session = peer.session().unwrap();
        failed(session.countries(), ErrorKind::InvalidResponse, says);
        assert_eq!((peer.calls().len(), session.stats().retries), (1, 0), "{says}");
    }
}

#[test]
fn an_order_whose_response_cannot_be_used_may_have_been_executed() {
    for (bytes, says) in unusable() {
        let peer = Peer::start([Answer::Keep(bytes), Answer::Keep(json("[]"))]).unwrap();
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
fn early_hints_before_the_answer_are_skipped() {
    for early in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"] {
        let bytes = [early.as_bytes(), &json(COUNTRY)].concat();
        let peer = Peer::start([Answer::Keep(bytes)]).unwrap();
        let session = peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();
        assert_eq!(session.get_country(CountryId::from(1)).unwrap().name, "United States", "{early}");
    }
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let elsewhere = Peer::start([Answer::Keep(json("[]"))]).unwrap();
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("location: {}/api/v1/countries?{CANARY}\r\n", elsewhere.url());
        let peer = Peer::start([Answer::Keep(answer(status, &location, ""))]).unwrap();
        let session = peer.session().unwrap();
        failed(session.countries(), ErrorKind::InvalidResponse, "the server redirects");
        assert_eq!(peer.calls().len(), 1);
    }
    assert!(elsewhere.seen().is_empty(), "a token may have gone to another host");
}

#[test]
fn a_redirected_login_sends_the_password_nowhere() {
    let elsewhere = Peer::start([]).unwrap();
    let location = format!("location: {}/auth/login\r\n", elsewhere.url());
    let redirect = || Answer::Keep(answer("308 Permanent Redirect", &location, ""));
    let peer = Peer::with_auth([redirect(), redirect(), redirect()], []).unwrap();
    let session = peer.session().unwrap();
    failed(session.login(), ErrorKind::InvalidResponse, "the server redirects");
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn a_date_that_is_none_is_not_believed() {
    for date in ["yesterday", "Sun, 06 Nov 99999 08:49:37 GMT", ""] {
        let headers = format!("content-type: application/json\r\ndate: {date}\r\n");
        let login = Answer::Keep(answer("200 OK", &headers, tokens(9)));
        let peer = Peer::with_auth([login], [Answer::Keep(answer("200 OK", &headers, "[]"))]).unwrap();
        let session = peer.session().unwrap();
        assert!(session.countries().unwrap().is_empty());
        assert_eq!(session.status().state, SessionState::Fresh, "{date}");
    }
}

#[test]
fn a_success_status_that_says_it_failed_does_not_get_a_secret_into_the_error() {
    let echo = |secret: &str| {
        let body = format!(
            r#"{{"success":false,"data":null,"error":{{"code":"{secret}","message":"not {secret}"}}}}"#
        );
        Answer::Keep(json(body))
    };
    let says = "the server says the call failed";
    let once = |peer: &Peer| peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();

    let peer = Peer::with_auth([echo(PASSWORD)], []).unwrap();
    failed(once(&peer).login(), ErrorKind::InvalidResponse, says);

    let login = Answer::Keep(json(tokens(1)));
    let token = format!("{ACCESS}-1");
    let peer = Peer::with_auth([login, echo(&format!("{REFRESH}-1"))], [echo(&token), echo(&token)]).unwrap();
    let session = once(&peer);
    failed(session.get_country(CountryId::from(1)), ErrorKind::InvalidResponse, says);
    failed(session.countries(), ErrorKind::InvalidResponse, says);
    failed(session.refresh(), ErrorKind::InvalidResponse, says);
}
