//! The number of connections that a script uses, on servers that keep them, close them, or allow one at a time.

mod server;

use std::thread;
use std::time::Duration;

use popup_rewards::{ClientReference, CountryId, ErrorKind, NewOrder, ProductId, Session};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use server::{Habits, Second, SerialServer};

use super::COUNTRY;
use crate::common::peer::{Peer, Step, response, tokens};

const ORDER: &str =
    r#"{"id":88101,"product_id":3105,"denomination":20.00,"quantity":1,"status":"DELIVERED"}"#;

const EACH: [Option<&SupportedProtocolVersion>; 3] = [None, Some(&TLS12), Some(&TLS13)];

/// One of each kind of call.
const SCRIPT: [&str; 6] = [
    "POST /auth/login",
    "GET /api/v1/countries/1",
    "POST /api/v1/orders",
    "POST /auth/refresh",
    "GET /api/v1/countries/1",
    "POST /auth/logout",
];

/// Makes the calls of [`SCRIPT`], and calls `between` between them.
fn run_script(session: &Session, between: impl Fn()) {
    session.login().unwrap();
    between();
    country(session);
    between();
    order(session).unwrap();
    between();
    session.refresh().unwrap();
    between();
    country(session);
    between();
    session.logout().unwrap();
    assert_eq!(session.stats().retries, 0);
}

fn country(session: &Session) {
    session.get_country(CountryId::from(1)).unwrap();
}

fn order(session: &Session) -> popup_rewards::Result<()> {
    let reference = ClientReference::new("one").unwrap();
    session.create_order(&NewOrder::new(ProductId::from(3105), 20.into(), 1, reference)).map(drop)
}

/// Returns the requests of the script on the connections with these numbers.
fn script_on(connections: impl IntoIterator<Item = usize>) -> Vec<(usize, String)> {
    connections.into_iter().zip(SCRIPT.map(str::to_owned)).collect()
}

/// Starts a server that responds to each call of the script with what `respond` returns.
fn scripted(respond: fn(&str) -> Step) -> Peer {
    let auth = [tokens(1), tokens(2), "{}".to_owned()].map(|body| respond(&body));
    Peer::with_auth(auth, [COUNTRY, ORDER, COUNTRY].map(respond)).unwrap()
}

fn seen(peer: &Peer) -> Vec<(usize, String)> {
    peer.requests().iter().map(|seen| (seen.connection, seen.line().to_owned())).collect()
}

#[test]
fn a_script_uses_one_connection() {
    for tls in EACH {
        let server = SerialServer::start(Habits { tls, ..Habits::default() }).unwrap();
        run_script(&server.session, || ());
        assert_eq!(server.lines(), script_on([0; 6]), "{tls:?}");
    }
}

#[test]
fn a_server_that_closes_after_each_response_fails_no_call() {
    for tls in EACH {
        let server = SerialServer::start(Habits { tls, closes: true, ..Habits::default() }).unwrap();
        run_script(&server.session, || server.wait_until(|server| !server.is_busy).unwrap());
        assert_eq!(server.lines(), script_on(0..6), "{tls:?}");
    }
}

#[test]
fn no_call_executes_twice_if_the_server_closes_after_each_response() {
    for tls in EACH {
        let server = SerialServer::start(Habits { tls, closes: true, ..Habits::default() }).unwrap();
        let session = &server.session;
        // The server may close before or after the next request is sent.
        for _ in 0..25 {
            country(session);
            order(session).unwrap();
        }
        assert_eq!((server.lines().len(), session.stats().retries), (1 + 50, 0), "{tls:?}");
    }
}

#[test]
fn each_call_uses_a_new_connection_after_connection_close() {
    for respond in [
        |body: &str| Step::Keep(response("200 OK", "connection: close\r\n", body)),
        |body: &str| Step::Close(response("200 OK", "Connection: Close\r\n", body)),
    ] {
        let peer = scripted(respond);
        run_script(&peer.session().unwrap(), || ());
        assert_eq!(seen(&peer), script_on(0..6));
    }
}

fn old(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.0 200 OK\r\n{headers}\r\n{body}").into_bytes()
}

#[test]
fn an_http_1_0_connection_is_reused_only_with_keep_alive_and_a_length() {
    let ends: [fn(&str) -> Step; 4] = [
        |body| Step::Close(old("", body)),
        |body| Step::Close(old("connection: keep-alive\r\n", body)),
        |body| Step::Close(old(&format!("content-length: {}\r\n", body.len()), body)),
        |body| Step::Keep(old(&format!("content-length: {}\r\n", body.len()), body)),
    ];
    for respond in ends {
        let peer = scripted(respond);
        run_script(&peer.session().unwrap(), || ());
        assert_eq!(seen(&peer), script_on(0..6));
    }
    let peer = scripted(|body| {
        Step::Keep(old(&format!("connection: Keep-Alive\r\ncontent-length: {}\r\n", body.len()), body))
    });
    run_script(&peer.session().unwrap(), || ());
    assert_eq!(seen(&peer), script_on([0; 6]));
}

#[test]
fn one_thread_never_has_two_connections_open() {
    for second in [Second::Waits, Second::IsReset] {
        let server = SerialServer::start(Habits { second, ..Habits::default() }).unwrap();
        let session = &server.session;
        run_script(session, || ());
        // The logout closes the connection, not the next call.
        server.wait_until(|server| !server.is_busy).unwrap();
        run_script(session, || ());
        server.wait_until(|server| !server.is_busy).unwrap();
        session.login().unwrap();
        session.forget();
        server.wait_until(|server| !server.is_busy).unwrap();
        let mut lines = [script_on([0; 6]), script_on([1; 6])].concat();
        lines.push((2, "POST /auth/login".to_owned()));
        assert_eq!(server.lines(), lines);
    }
}

#[test]
fn a_call_on_a_second_connection_that_waits_is_retried() {
    let timeout = Duration::from_millis(500);
    let server = SerialServer::start(Habits { retries: 20, timeout, ..Habits::default() }).unwrap();
    let session = &server.session;
    session.login().unwrap();
    server.hold_orders(true);
    thread::scope(|scope| {
        let held = scope.spawn(|| order(session));
        server.wait_until(|server| server.seen.len() == 2).unwrap();
        let other = scope.spawn(|| country(session));
        server.wait_until(|server| server.accepted == 2).unwrap();
        server.hold_orders(false);
        held.join().unwrap().unwrap();
        // Its attempts time out while the first connection is open.
        other.join().unwrap();
    });
    assert!(session.stats().retries > 0);
    let orders = server.lines().into_iter().filter(|(_, line)| line == "POST /api/v1/orders");
    assert_eq!(orders.count(), 1);
}

#[test]
fn a_second_connection_that_is_reset_is_a_network_error() {
    let server = SerialServer::start(Habits { second: Second::IsReset, ..Habits::default() }).unwrap();
    let session = &server.session;
    session.login().unwrap();
    server.hold_orders(true);
    thread::scope(|scope| {
        let held = scope.spawn(|| order(session));
        server.wait_until(|server| server.seen.len() == 2).unwrap();
        let error = session.get_country(CountryId::from(1)).unwrap_err();
        assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Network, false));
        let error = order(session).unwrap_err();
        assert_eq!((error.kind(), error.may_have_executed()), (ErrorKind::Network, true));
        assert_eq!(error.client_reference(), Some("one"));
        server.hold_orders(false);
        held.join().unwrap().unwrap();
    });
    country(session);
    order(session).unwrap();
    let lines = ["POST /auth/login", "POST /api/v1/orders", "GET /api/v1/countries/1", "POST /api/v1/orders"];
    assert_eq!(server.lines(), lines.map(|line| (0, line.to_owned())));
}
