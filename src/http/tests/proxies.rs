//! TLS to a target through a CONNECT proxy, which is reached in plain text or over TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;

use rustls::ALL_VERSIONS;
use ureq::Proxy;

use super::peer::{Acceptor, Peer, agent_with, read_head, respond, wait_for_close};
use super::{NOT_SENT, ON_IDLE_CONNECTION, ON_NEW_CONNECTION, fetch, get};

/// Copies one way until the other end closes.
fn forward(mut from: impl Read, mut to: impl Write) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..read]).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

fn target() -> Peer {
    Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        let mut connection = acceptor.tls();
        for reply in [&b"first"[..], b"second"] {
            read_head(&mut connection);
            respond(&mut connection, reply);
        }
    })
}

/// Makes both calls that the target expects, through a proxy that is reached under this scheme.
fn two_calls_share_a_connection(scheme: &str, proxy: Peer, target: Peer) {
    let through = Proxy::new(&format!("{scheme}://127.0.0.1:{}", proxy.port)).unwrap();
    let agent = agent_with(&target.pem, |config| config.proxy(Some(through)));
    assert_eq!(fetch(&agent, &target.url()), (b"first".to_vec(), ON_NEW_CONNECTION));
    assert_eq!(fetch(&agent, &target.url()), (b"second".to_vec(), ON_IDLE_CONNECTION));
    drop(agent);
    target.finish();
    proxy.finish();
}

#[test]
fn calls_through_a_proxy_share_one_tunnel() {
    let target = target();
    let upstream = ("127.0.0.1", target.port);
    let proxy = Peer::new(ALL_VERSIONS, move |acceptor: Acceptor| {
        let mut client = acceptor.tcp();
        assert!(read_head(&mut client).starts_with(&format!("CONNECT 127.0.0.1:{} ", upstream.1)));
        accept_tunnel(&mut client);
        let server = TcpStream::connect(upstream).unwrap();
        let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let upwards = std::thread::spawn(move || forward(from, to));
        forward(server, client);
        upwards.join().unwrap();
    });
    two_calls_share_a_connection("http", proxy, target);
}

#[test]
fn a_tunnel_can_run_inside_tls() {
    let target = target();
    let upstream = ("127.0.0.1", target.port);
    let proxy = Peer::named_like(&target, move |acceptor: Acceptor| {
        let mut client = acceptor.tls();
        assert!(read_head(&mut client).starts_with("CONNECT 127.0.0.1:"));
        accept_tunnel(&mut client);
        let mut server = TcpStream::connect(upstream).unwrap();
        // Forwards in both directions, one after the other.
        let mut buffer = [0; 4096];
        server.set_nonblocking(true).unwrap();
        client.sock.set_nonblocking(true).unwrap();
        loop {
            match client.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => write_all(&mut server, &buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
            match server.read(&mut buffer) {
                Ok(read @ 1..) => write_all(&mut client, &buffer[..read]),
                _ => std::thread::yield_now(),
            }
        }
    });
    two_calls_share_a_connection("https", proxy, target);
}

/// Writes to a socket that does not block.
fn write_all(to: &mut impl Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
    while to.flush().is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
        std::thread::yield_now();
    }
}

fn accept_tunnel(client: &mut impl Write) {
    client.write_all(b"HTTP/1.1 200 Tunnel\r\n\r\n").unwrap();
    client.flush().unwrap();
}

#[test]
fn a_request_is_not_sent_if_the_proxy_refuses() {
    let target = Peer::new(ALL_VERSIONS, drop);
    let proxy = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        let mut client = acceptor.tcp();
        read_head(&mut client);
        client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").unwrap();
        wait_for_close(&mut client);
    });
    let through = Proxy::new(&format!("http://127.0.0.1:{}", proxy.port)).unwrap();
    let agent = agent_with(&target.pem, |config| config.proxy(Some(through)));
    let (result, exchange) = get(&agent, &target.url());
    let error = result.unwrap_err();
    assert!(matches!(error, ureq::Error::ConnectProxyFailed(_)), "{error:?}");
    assert_eq!(exchange, NOT_SENT);
    proxy.finish();
    target.finish();
}

/// The peer is both the proxy and the target.
#[test]
fn a_closed_tunnel_or_one_with_unsolicited_bytes_is_not_reused() {
    for unsolicited in [None, Some(&b"not requested"[..])] {
        let (idle, is_idle) = channel();
        let peer = Peer::new(ALL_VERSIONS, move |acceptor: Acceptor| {
            let mut tunnels = Vec::new();
            for reply in [&b"first"[..], b"second"] {
                let mut client = acceptor.tcp();
                read_head(&mut client);
                accept_tunnel(&mut client);
                let mut connection = acceptor.wrap(client);
                read_head(&mut connection);
                respond(&mut connection, reply);
                if let Some(unsolicited) = unsolicited {
                    respond(&mut connection, unsolicited);
                    tunnels.push(connection);
                } else {
                    drop(connection);
                }
                idle.send(()).unwrap();
            }
        });
        let through = Proxy::new(&format!("http://127.0.0.1:{}", peer.port)).unwrap();
        let agent = agent_with(&peer.pem, |config| config.proxy(Some(through)));
        for reply in [b"first".to_vec(), b"second".to_vec()] {
            assert_eq!(fetch(&agent, &peer.url()), (reply, ON_NEW_CONNECTION), "{unsolicited:?}");
            is_idle.recv().unwrap();
        }
        drop(agent);
        peer.finish();
    }
}
