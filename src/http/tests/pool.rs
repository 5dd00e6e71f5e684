//! The choice of a connection for a request, and dead connections.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use parking_lot::Mutex;
use rustls::ALL_VERSIONS;
use ureq::Agent;
use ureq::unversioned::transport::{ConnectionDetails, Connector};

use super::peer::{Acceptor, Peer, connections, limits, read_head, respond, wait_for_close};
use crate::ErrorKind;
use crate::http::exchange::Exchange;
use crate::http::resolver::CachedResolver;
use crate::http::{Connections, Fate, Request, Response, Route, Safety, SendError};

fn get(connections: &Connections) -> Result<Response, SendError> {
    connections.send(&Request::new(Route::get("/thing")), None, limits(20_000))
}

/// Asserts that a call succeeds without being resent.
fn succeeds(connections: &Connections) {
    let response = get(connections).map_err(|failure| failure.error).unwrap();
    assert_eq!((response.status, response.body.bytes(), response.resent), (200, &b"{}"[..], false));
}

fn failure(result: Result<Response, SendError>) -> (Fate, ErrorKind) {
    let failure = result.err().unwrap();
    (failure.fate, failure.error.kind())
}

/// Responds to `count` concurrent requests after all have arrived. Returns their connections.
fn pooled(acceptor: &Acceptor, count: usize) -> Vec<TcpStream> {
    let mut sockets: Vec<_> = (0..count).map(|_| acceptor.tcp()).collect();
    for socket in &mut sockets {
        read_head(socket);
    }
    for socket in &mut sockets {
        respond(socket, b"{}");
    }
    sockets
}

/// Opens `count` connections and leaves them idle.
fn fill(connections: &Connections, count: usize) {
    thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| succeeds(connections));
        }
    });
}

/// Resets each connection as soon as bytes arrive: closing a socket with unread bytes does that.
fn reset(sockets: Vec<TcpStream>) {
    for socket in sockets {
        thread::spawn(move || socket.peek(&mut [0]));
    }
}

#[test]
fn a_get_succeeds_with_thirty_dead_connections() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        reset(pooled(&acceptor, 30));
        let mut socket = acceptor.tcp();
        for _ in 0..2 {
            read_head(&mut socket);
            respond(&mut socket, b"{}");
        }
    });
    let connections = connections(&peer);
    fill(&connections, 30);
    let response = get(&connections).map_err(|failure| failure.error).unwrap();
    assert!(response.resent, "the first attempt may have executed");
    succeeds(&connections);
    peer.finish();
}

#[test]
fn a_timeout_closes_all_idle_connections() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        let mut dead = pooled(&acceptor, 3);
        let mut socket = acceptor.tcp();
        read_head(&mut socket);
        respond(&mut socket, b"{}");
        // The dead connections receive the request and never respond.
        for socket in &mut dead {
            wait_for_close(socket);
        }
    });
    let connections = connections(&peer);
    fill(&connections, 3);
    let result = connections.send(&Request::new(Route::get("/thing")), None, limits(200));
    assert_eq!(failure(result), (Fate::Unknown, ErrorKind::Timeout));
    succeeds(&connections);
    peer.finish();
}

#[test]
fn a_request_that_is_not_repeatable_is_not_resent() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        reset(pooled(&acceptor, 2));
        let mut socket = acceptor.tcp();
        assert!(read_head(&mut socket).starts_with("GET "));
        respond(&mut socket, b"{}");
    });
    let connections = connections(&peer);
    fill(&connections, 2);
    let result = connections.send(&Request::new(Route::post("/thing", Safety::Once)), None, limits(20_000));
    assert_eq!(failure(result), (Fate::Unknown, ErrorKind::Network));
    succeeds(&connections);
    peer.finish();
}

#[test]
fn a_request_is_resent_once_on_a_new_connection() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        reset(pooled(&acceptor, 1));
        reset(vec![acceptor.tcp()]);
        let mut socket = acceptor.tcp();
        read_head(&mut socket);
        respond(&mut socket, b"{}");
    });
    let connections = connections(&peer);
    fill(&connections, 1);
    assert_eq!(failure(get(&connections)), (Fate::Unknown, ErrorKind::Network));
    succeeds(&connections);
    peer.finish();
}

#[test]
fn the_fate_of_a_request_is_unknown_if_it_cannot_be_resent() {
    let (stopped, is_stopped) = channel();
    let peer = Peer::new(ALL_VERSIONS, move |acceptor: Acceptor| {
        let sockets = pooled(&acceptor, 1);
        drop(acceptor);
        stopped.send(()).unwrap();
        reset(sockets);
    });
    let connections = connections(&peer);
    fill(&connections, 1);
    is_stopped.recv().unwrap();
    assert_eq!(failure(get(&connections)), (Fate::Unknown, ErrorKind::Network));
    assert_eq!(failure(get(&connections)), (Fate::NotSent, ErrorKind::Network));
    peer.finish();
}

#[test]
fn newer_connections_are_kept_when_old_ones_are_discarded_twice() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        let mut socket = acceptor.tcp();
        for _ in 0..2 {
            read_head(&mut socket);
            respond(&mut socket, b"{}");
        }
    });
    let connections = connections(&peer);
    let old = Arc::clone(&connections.agent.lock());
    connections.empty(&old);
    succeeds(&connections);
    connections.empty(&old);
    succeeds(&connections);
    peer.finish();
}

#[test]
fn closed_connections_send_only_a_logout_and_reuse_the_connection() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        let mut socket = acceptor.tcp();
        for line in ["GET /thing", "POST /auth/logout"] {
            assert!(read_head(&mut socket).starts_with(line));
            respond(&mut socket, b"{}");
        }
    });
    let connections = connections(&peer);
    succeeds(&connections);
    connections.close();
    assert_eq!(failure(get(&connections)), (Fate::NotSent, ErrorKind::LoggedOut));
    let logout = Request::new(crate::api::auth::LOGOUT).passes_closed();
    let response = connections.send(&logout, None, limits(20_000));
    assert_eq!(response.map_err(|failure| failure.error).unwrap().status, 200);
    peer.finish();
}

/// Records the maximum idle time of each request, and makes no connection.
#[derive(Clone, Debug, Default)]
struct RecordingConnector(Arc<Mutex<Vec<u64>>>);

impl Connector for RecordingConnector {
    type Out = ();

    fn connect(&self, _: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<()>, ureq::Error> {
        self.0.lock().push(Exchange::current().max_idle.as_secs());
        Ok(None)
    }
}

#[test]
fn only_a_get_may_use_a_connection_idle_for_more_than_five_seconds() {
    let peer = Peer::new(ALL_VERSIONS, drop);
    let connections = connections(&peer);
    let connector = RecordingConnector::default();
    let agent = Agent::with_parts(connections.parts.config.clone(), connector.clone(), CachedResolver::new());
    *connections.agent.lock() = Arc::new(agent);
    for request in [
        Request::new(Route::get("/thing")),
        Request::new(Route::post("/thing", Safety::Once)),
        Request::new(Route::post("/thing", Safety::Idempotent)),
        Request::new(Route::patch("/thing", Safety::Once)),
    ] {
        let result = connections.send(&request, None, limits(20_000));
        assert_eq!(failure(result), (Fate::NotSent, ErrorKind::Network));
    }
    assert_eq!(*connector.0.lock(), [30, 5, 5, 5]);
    peer.finish();
}

const UNSOLICITED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[666]";

#[test]
fn a_connection_with_an_unsolicited_response_is_not_reused() {
    let peer = Peer::new(ALL_VERSIONS, move |acceptor: Acceptor| {
        let mut socket = acceptor.tcp();
        read_head(&mut socket);
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        socket.write_all(&[response, UNSOLICITED].concat()).unwrap();
        drop(pooled(&acceptor, 1));
    });
    let connections = connections(&peer);
    succeeds(&connections);
    succeeds(&connections);
    peer.finish();
}

#[test]
fn a_connection_that_receives_bytes_while_idle_is_not_reused() {
    let (idle, is_idle) = channel();
    let (sent, is_sent) = channel();
    let peer = Peer::new(ALL_VERSIONS, move |acceptor: Acceptor| {
        let mut socket = pooled(&acceptor, 1).remove(0);
        is_idle.recv().unwrap();
        socket.write_all(UNSOLICITED).unwrap();
        sent.send(()).unwrap();
        drop(pooled(&acceptor, 1));
    });
    let connections = connections(&peer);
    succeeds(&connections);
    idle.send(()).unwrap();
    is_sent.recv().unwrap();
    succeeds(&connections);
    peer.finish();
}
