//! The ends of TLS connections and bodies, and connections that are not reused.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::thread;

use rustls::{ALL_VERSIONS, ProtocolVersion};

use super::peer::{
    Acceptor, Peer, TlsStream, agent, limits, read_head, respond, respond_head, tls_connections,
};
use super::tls::EACH_VERSION;
use super::{ON_IDLE_CONNECTION, ON_NEW_CONNECTION, body, fetch, get};
use crate::http::{Connections, Request, Route};

#[test]
fn a_connection_closed_while_idle_is_not_reused() {
    for with_notice in [true, false] {
        let (closed, wait) = channel();
        let peer = Peer::new(ALL_VERSIONS, move |acceptor: Acceptor| {
            let mut connection = acceptor.tls();
            read_head(&mut connection);
            respond(&mut connection, b"first");
            if with_notice {
                connection.conn.send_close_notify();
                connection.flush().unwrap();
            }
            drop(connection);
            closed.send(()).unwrap();
            let mut connection = acceptor.tls();
            read_head(&mut connection);
            respond(&mut connection, b"second");
        });
        let agent = agent(&peer);
        assert_eq!(body(&agent, &peer.url()), b"first");
        wait.recv().unwrap();
        assert_eq!(fetch(&agent, &peer.url()), (b"second".to_vec(), ON_NEW_CONNECTION));
        peer.finish();
    }
}

/// A head whose body ends with the connection.
const UNTIL_CLOSED: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

#[test]
fn a_body_without_a_length_must_end_with_a_close_notify() {
    for version in EACH_VERSION {
        for with_notice in [true, false] {
            let peer = Peer::new(&[version], move |acceptor: Acceptor| {
                let mut connection = acceptor.tls();
                read_head(&mut connection);
                connection.write_all(UNTIL_CLOSED).unwrap();
                connection.write_all(b"all of it").unwrap();
                if with_notice {
                    connection.conn.send_close_notify();
                }
                connection.flush().unwrap();
            });
            let mut response = get(&agent(&peer), &peer.url()).0.unwrap();
            let read = response.body_mut().read_to_vec();
            assert_eq!(read.ok(), with_notice.then(|| b"all of it".to_vec()));
            peer.finish();
        }
    }
}

/// Serves two connections. On the first, after a warm-up, `write` sends the response and further bytes at once. The next
/// call must use the second connection.
fn first_connection_is_not_reused(write: fn(&mut TlsStream, &mut TcpStream, response: &[u8])) {
    for version in EACH_VERSION {
        let (done, wait) = channel();
        let peer = Peer::new(&[version], move |acceptor: Acceptor| {
            let mut socket = acceptor.tcp();
            let mut first = acceptor.wrap(socket.try_clone().unwrap());
            read_head(&mut first);
            respond(&mut first, b"warm-up");
            read_head(&mut first);
            write(&mut first, &mut socket, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst");
            let mut second = acceptor.tls();
            read_head(&mut second);
            respond(&mut second, b"second");
            // The first connection stays open until the test ends.
            wait.recv().unwrap();
        });
        let agent = agent(&peer);
        assert_eq!(fetch(&agent, &peer.url()), (b"warm-up".to_vec(), ON_NEW_CONNECTION));
        assert_eq!(fetch(&agent, &peer.url()), (b"first".to_vec(), ON_IDLE_CONNECTION));
        assert_eq!(fetch(&agent, &peer.url()), (b"second".to_vec(), ON_NEW_CONNECTION));
        done.send(()).unwrap();
        peer.finish();
    }
}

/// Returns the pending records of the server's side.
fn sealed(connection: &mut TlsStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while connection.conn.wants_write() {
        connection.conn.write_tls(&mut bytes).unwrap();
    }
    bytes
}

const UNSOLICITED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n666";

#[test]
fn a_connection_that_received_a_close_notify_is_not_reused() {
    first_connection_is_not_reused(|connection, socket, response| {
        connection.conn.writer().write_all(response).unwrap();
        connection.conn.send_close_notify();
        socket.write_all(&sealed(connection)).unwrap();
    });
}

#[test]
fn a_connection_with_an_unsolicited_response_buffered_is_not_reused() {
    first_connection_is_not_reused(|connection, socket, response| {
        connection.conn.writer().write_all(&[response, UNSOLICITED].concat()).unwrap();
        socket.write_all(&sealed(connection)).unwrap();
    });
}

#[test]
fn a_connection_with_half_a_record_in_rustls_is_not_reused() {
    first_connection_is_not_reused(|connection, socket, response| {
        connection.conn.writer().write_all(response).unwrap();
        let response = sealed(connection);
        connection.conn.writer().write_all(UNSOLICITED).unwrap();
        let unsolicited = sealed(connection);
        socket.write_all(&[&response, &unsolicited[..unsolicited.len() / 2]].concat()).unwrap();
    });
}

#[test]
fn a_connection_with_an_unsolicited_response_unread_is_not_reused() {
    first_connection_is_not_reused(|connection, socket, response| {
        // rustls reads 4096 bytes at a time, and the padded response takes all of them.
        let sealing =
            if connection.conn.protocol_version() == Some(ProtocolVersion::TLSv1_3) { 22 } else { 29 };
        let padding = 4096 - sealing - response.len() - "x: \r\n".len();
        let status = b"HTTP/1.1 200 OK\r\n";
        let header = format!("x: {}\r\n", "x".repeat(padding));
        let padded = [status, header.as_bytes(), &response[status.len()..]].concat();
        connection.conn.writer().write_all(&padded).unwrap();
        let response = sealed(connection);
        assert_eq!(response.len(), 4096);
        connection.conn.writer().write_all(UNSOLICITED).unwrap();
        socket.write_all(&[response, sealed(connection)].concat()).unwrap();
    });
}

#[test]
fn a_truncated_body_is_an_error() {
    for with_notice in [true, false] {
        let peer = Peer::new(ALL_VERSIONS, move |acceptor: Acceptor| {
            let mut connection = acceptor.tls();
            read_head(&mut connection);
            respond_head(&mut connection, 100);
            connection.write_all(b"not a hundred bytes").unwrap();
            if with_notice {
                connection.conn.send_close_notify();
            }
            connection.flush().unwrap();
        });
        let mut response = get(&agent(&peer), &peer.url()).0.unwrap();
        let mut read = Vec::new();
        let error = response.body_mut().as_reader().read_to_end(&mut read).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe), "{error:?}");
        assert_eq!(read, b"not a hundred bytes");
        peer.finish();
    }
}

/// Makes a call when it is dropped.
struct LogsOut(Connections);

impl LogsOut {
    fn send(&self, request: &Request) {
        let response = self.0.send(request, None, limits(20_000)).map_err(|failure| failure.error).unwrap();
        assert_eq!(response.status, 200);
    }
}

impl Drop for LogsOut {
    fn drop(&mut self) {
        self.0.close();
        self.send(&Request::new(crate::api::auth::LOGOUT).passes_closed());
    }
}

thread_local! {
    static HELD: RefCell<Option<LogsOut>> = const { RefCell::new(None) };
}

#[test]
fn a_call_succeeds_while_thread_locals_are_destroyed() {
    for version in EACH_VERSION {
        let peer = Peer::new(&[version], |acceptor: Acceptor| {
            let mut connection = acceptor.tls();
            for line in ["GET /thing", "POST /auth/logout"] {
                assert!(read_head(&mut connection).starts_with(line));
                respond(&mut connection, b"{}");
            }
        });
        let connections = tls_connections(&peer);
        // The thread-locals of the call itself are created later, so they are destroyed earlier.
        let caller = thread::spawn(move || {
            HELD.with_borrow_mut(|held| {
                held.insert(LogsOut(connections)).send(&Request::new(Route::get("/thing")));
            });
        });
        caller.join().unwrap();
        peer.finish();
    }
}
