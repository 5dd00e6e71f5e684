//! Which connection a request goes over, and what happens when it is dead.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use parking_lot::Mutex;
use rustls::ALL_VERSIONS;
use ureq::Agent;
use ureq::unversioned::transport::{ConnectionDetails, Connector};

use super::peer::{Door, Peer, answer, connections, limits, read_head, wait_for_close};
use crate::ErrorKind;
use crate::http::exchange::Exchange;
use crate::http::resolver::CachedResolver;
use crate::http::{Connections, Fate, Request, Response, Route, Safety, SendError};

fn get(connections: &Connections) -> Result<Response, SendError> {
    connections.send(&Request::new(Route::get("/thing")), None, limits(20_000))
}

/// A success over a connection that was not dead.
fn succeeds(connections: &Connections) {
    let response = get(connections).map_err(|failure| failure.error).unwrap();
    assert_eq!((response.status, response.body.bytes(), response.resent), (200, &b"{}"[..], false));
}

fn failure(result: Result<Response, SendError>) -> (Fate, ErrorKind) {
    let failure = result.err().unwrap();
    (failure.fate, failure.error.kind())
}

/// Answers as many concurrent requests once all of them have arrived, and keeps their connections.
fn pooled(door: &Door, count: usize) -> Vec<TcpStream> {
    let mut sockets: Vec<_> = (0..count).map(|_| door.tcp()).collect();
    for socket in &mut sockets {
        read_head(socket);
    }
    for socket in &mut sockets {
        answer(socket, b"{}");
    }
    sockets
}

/// Makes as many connections and leaves them idle.
fn fill(connections: &Connections, count: usize) {
    thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| succeeds(connections));
        }
    });
}

/// Resets each connection on which something arrives: a socket that is closed with bytes unread does so.
fn reset(sockets: Vec<TcpStream>) {
    for socket in sockets {
        thread::spawn(move || socket.peek(&mut [0]));
    }
}

#[test]
fn thirty_dead_connections_cost_a_get_nothing() {
    let peer = Peer::new(ALL_VERSIONS, |door: Door| {
        reset(pooled(&door, 30));
        let mut socket = door.tcp();
        for _ in 0..2 {
            read_head(&mut socket);
            answer(&mut socket, b"{}");
        }
    });
    let connections = connections(&peer);
    fill(&connections, 30);
    let response = get(&connections).map_err(|failure| failure.error).unwrap();
    assert!(response.resent, "the server may have executed it the first time");
    succeeds(&connections);
    peer.finish();
}

#[test]
fn a_timeout_gives_up_all_idle_connections() {
    let peer = Peer::new(ALL_VERSIONS, |door: Door| {
        let mut dead = pooled(&door, 3);
        let mut socket = door.tcp();
        read_head(&mut socket);
        answer(&mut socket, b"{}");
        // They took everything in and said nothing.
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
fn a_request_that_may_not_be_repeated_is_not_sent_again() {
    let peer = Peer::new(ALL_VERSIONS, |door: Door| {
        reset(pooled(&door, 2));
        let mut socket = door.tcp();
        assert!(read_head(&mut socket).starts_with("GET "));
        answer(&mut socket, b"{}");
    });
    let connections = connections(&peer);
    fill(&connections, 2);
    let result = connections.send(&Request::new(Route::post("/thing", Safety::Once)), None, limits(20_000));
    assert_eq!(failure(result), (Fate::Unknown, ErrorKind::Network));
    succeeds(&connections);
    peer.finish();
}

#[test]
fn a_request_is_sent_again_once_and_only_over_a_new_connection() {
    let peer = Peer::new(ALL_VERSIONS, |door: Door| {
        reset(pooled(&door, 1));
        reset(vec![door.tcp()]);
        let mut socket = door.tcp();
        read_head(&mut socket);
        answer(&mut socket, b"{}");
    });
    let connections = connections(&peer);
    fill(&connections, 1);
    assert_eq!(failure(get(&connections)), (Fate::Unknown, ErrorKind::Network));
    succeeds(&connections);
    peer.finish();
}

#[test]
fn a_request_whose_second_sending_fails_may_have_been_executed_by_the_first() {
    let (gone, is_gone) = channel();
    let peer = Peer::new(ALL_VERSIONS, move |door: Door| {
        let sockets = pooled(&door, 1);
        drop(door);
        gone.send(()).unwrap();
        reset(sockets);
    });
    let connections = connections(&peer);
    fill(&connections, 1);
    is_gone.recv().unwrap();
    assert_eq!(failure(get(&connections)), (Fate::Unknown, ErrorKind::Network));
    assert_eq!(failure(get(&connections)), (Fate::NotSent, ErrorKind::Network));
    peer.finish();
}

#[test]
fn connections_made_since_are_kept_when_a_second_caller_finds_the_old_ones_dead() {
    let peer = Peer::new(ALL_VERSIONS, |door: Door| {
        let mut socket = door.tcp();
        for _ in 0..2 {
            read_head(&mut socket);
            answer(&mut socket, b"{}");
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
fn closed_connections_send_only_what_passes_and_do_so_over_the_same_connection() {
    let peer = Peer::new(ALL_VERSIONS, |door: Door| {
        let mut socket = door.tcp();
        for line in ["GET /thing", "POST /auth/logout"] {
            assert!(read_head(&mut socket).starts_with(line));
            answer(&mut socket, b"{}");
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

/// Notes how old a connection may be for the request that it is asked to connect, and refuses.
#[derive(Clone, Debug, Default)]
struct Spy(Arc<Mutex<Vec<u64>>>);

impl Connector for Spy {
    type Out = ();

    fn connect(&self, _: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<()>, ureq::Error> {
        self.0.lock().push(Exchange::current().max_idle.as_secs());
        Ok(None)
    }
}

#[test]
fn what_must_not_be_lost_goes_over_a_connection_used_in_the_last_five_seconds() {
    let peer = Peer::new(ALL_VERSIONS, drop);
    let connections = connections(&peer);
    let spy = Spy::default();
    let agent = Agent::with_parts(connections.parts.config.clone(), spy.clone(), CachedResolver::new());
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
    assert_eq!(*spy.0.lock(), [30, 5, 5, 5]);
    peer.finish();
}

const STRANGER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[666]";

#[test]
fn a_connection_with_an_unsolicited_response_is_not_used_again() {
    let peer = Peer::new(ALL_VERSIONS, move |door: Door| {
        let mut socket = door.tcp();
        read_head(&mut socket);
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        socket.write_all(&[response, STRANGER].concat()).unwrap();
        drop(pooled(&door, 1));
    });
    let connections = connections(&peer);
    succeeds(&connections);
    succeeds(&connections);
    peer.finish();
}

#[test]
fn a_connection_on_which_something_arrives_while_it_is_idle_is_not_used_again() {
    let (idle, is_idle) = channel();
    let (sent, is_sent) = channel();
    let peer = Peer::new(ALL_VERSIONS, move |door: Door| {
        let mut socket = pooled(&door, 1).remove(0);
        is_idle.recv().unwrap();
        socket.write_all(STRANGER).unwrap();
        sent.send(()).unwrap();
        drop(pooled(&door, 1));
    });
    let connections = connections(&peer);
    succeeds(&connections);
    idle.send(()).unwrap();
    is_sent.recv().unwrap();
    succeeds(&connections);
    peer.finish();
}
