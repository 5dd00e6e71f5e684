//! Connections that cannot be made, that break, or that stay silent.

use std::net::TcpListener;
use std::time::Duration;

use popup_rewards::{CountryId, Credentials, ErrorKind, RawCall, RetryPolicy, Session};
use serde_json::Value;

use super::{CANARY, COUNTRY};
use crate::common::errors::{everything, failed};
use crate::common::peer::{Peer, Step, json, response, tokens};

/// Long enough for loopback, short enough for a test.
const SHORT: Duration = Duration::from_millis(250);

fn never() -> RetryPolicy {
    RetryPolicy::new().retries(0)
}

#[test]
fn a_refused_connection_is_retried_and_then_a_network_error() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let quick = RetryPolicy::new().retries(2).first_pause(Duration::from_millis(1));
    let session = Session::builder(&format!("http://{closed}"), Credentials::new("key", "secret"))
        .retry(quick)
        .build()
        .unwrap();
    let says = format!("no connection to the server {closed} could be made");
    failed(session.countries(), ErrorKind::Network, &says);
    let stats = session.stats();
    assert_eq!((stats.logins, stats.calls), (3, 1));
}

#[test]
fn a_post_is_retried_if_no_connection_can_be_made() {
    let peer = Peer::start([]).unwrap();
    let session = peer.session().unwrap();
    session.login().unwrap();
    drop(peer);
    let post = RawCall::post("/api/v1/new").json(&1);
    let error = failed(session.call::<Value>(&post), ErrorKind::Network, "no connection");
    assert!(error.is_retryable() && !error.may_have_executed() && error.status().is_none());
    assert_eq!(session.stats().retries, 2);
}

#[test]
fn a_get_is_retried_after_a_reset_before_the_response() {
    let login = Step::Close(json(tokens(1)));
    let peer = Peer::with_auth([login], [Step::Reset, Step::Keep(json(COUNTRY))]).unwrap();
    let session = peer.session().unwrap();
    assert_eq!(session.get_country(CountryId::from(1)).unwrap().name, "United States");
    assert_eq!((peer.calls().len(), session.stats().retries), (2, 1));
}

#[test]
fn a_post_fails_after_a_reset_before_the_response() {
    let peer = Peer::start([Step::Reset, Step::Keep(json("1"))]).unwrap();
    let session = peer.session().unwrap();
    let post = RawCall::post("/api/v1/new").json(&1);
    failed(session.call::<Value>(&post), ErrorKind::Network, "the connection broke before the response");
    assert_eq!((peer.calls().len(), session.stats().retries), (1, 0));
}

#[test]
fn a_get_is_retried_after_a_truncated_body() {
    let mut cut = json(COUNTRY);
    cut.truncate(cut.len() - 5);
    let peer = Peer::start([Step::Close(cut), Step::Keep(json(COUNTRY))]).unwrap();
    let session = peer.session().unwrap();
    assert_eq!(session.get_country(CountryId::from(1)).unwrap().id, CountryId::from(1));
    assert_eq!(session.stats().retries, 1);
}

#[test]
fn the_error_of_a_truncated_body_says_where_the_connection_broke() {
    let mut cut = json(format!(r#"{{"id":1,"name":"{CANARY}"}}"#));
    cut.truncate(cut.len() - 1);
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\n{{\"name\":\"{CANARY}")
        .into_bytes();
    for cut in [cut, chunked] {
        let peer = Peer::start([Step::Close(cut)]).unwrap();
        let session = peer.builder().retry(never()).build().unwrap();
        let says = "the connection broke in the middle of the response";
        failed(session.get_country(CountryId::from(1)), ErrorKind::Network, says);
        assert_eq!((peer.calls().len(), session.stats().retries), (1, 0));
    }
}

#[test]
fn the_error_of_truncated_headers_says_where_the_connection_broke() {
    let cut = format!("HTTP/1.1 200 OK\r\nx-request-id: {CANARY}\r\ncontent-le").into_bytes();
    let peer = Peer::start([Step::Close(cut)]).unwrap();
    let session = peer.builder().retry(never()).build().unwrap();
    failed(session.countries(), ErrorKind::Network, "in the middle of the response");
}

#[test]
fn a_call_to_a_silent_server_times_out() {
    let partial = response("200 OK", "", CANARY);
    let half = partial.len() / 2;
    let headers_only = partial.len() - CANARY.len();
    let slow = [
        Step::Hang,
        Step::Keep(partial[..half].to_vec()),
        Step::Keep(partial[..headers_only].to_vec()),
        Step::Keep(partial[..headers_only + 4].to_vec()),
    ];
    for step in slow {
        let peer = Peer::start([step]).unwrap();
        let session = peer.builder().retry(never()).timeout(SHORT).build().unwrap();
        failed(session.countries(), ErrorKind::Timeout, "no response from the server within the time limit");
        assert_eq!(peer.calls().len(), 1);
    }
}

#[test]
fn a_call_on_a_kept_connection_times_out_without_a_retry() {
    let peer = Peer::start([Step::Keep(json(COUNTRY)), Step::Hang, Step::Keep(json("[]"))]).unwrap();
    let session = peer.builder().retry(never()).timeout(SHORT).build().unwrap();
    session.get_country(CountryId::from(1)).unwrap();
    failed(session.countries(), ErrorKind::Timeout, "no response from the server");
    let calls = peer.calls();
    assert_eq!(calls.len(), 2, "the timeout was mistaken for a closed connection");
    assert_eq!(calls[0].connection, calls[1].connection);
}

#[test]
fn a_get_is_retried_after_a_timeout_and_a_post_is_not() {
    let peer = Peer::start([Step::Hang, Step::Keep(json("[]")), Step::Hang]).unwrap();
    let session = peer.builder().timeout(SHORT).build().unwrap();
    assert!(session.countries().unwrap().is_empty());
    let post = RawCall::post("/api/v1/new").json(&1);
    failed(session.call::<Value>(&post), ErrorKind::Timeout, "no response");
    assert_eq!(peer.calls().len(), 3);
}

#[test]
fn a_login_that_cannot_connect_in_time_is_retried_and_then_a_timeout() {
    // A server that accepts no connections: once its queue is full, connecting times out.
    let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    full.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    let mut waiting = Vec::new();
    while let Ok(client) = std::net::TcpStream::connect_timeout(&address, SHORT) {
        waiting.push(client);
        assert!(waiting.len() < 64, "the queue does not fill");
    }
    let session = Session::builder(&format!("http://{address}"), Credentials::new("key", "secret"))
        .retry(never())
        .connect_timeout(SHORT)
        .build()
        .unwrap();
    let says = format!("POST /auth/login: no connection to the server {address} within the time limit");
    let error = failed(session.countries(), ErrorKind::Timeout, &says);
    assert!(everything(&error).contains("Timeout(Connect)"), "another timeout expired: {error:?}");
    assert_eq!(session.stats().logins, 3);
}
