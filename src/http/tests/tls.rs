//! The TLS transport against rustls servers on loopback sockets.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use rustls::{ALL_VERSIONS, HandshakeKind, SupportedProtocolVersion};
use ureq::Timeout;

use super::peer::{Acceptor, Peer, agent, agent_with, read_head, respond, respond_head, wait_for_close};
use super::{Exchange, NOT_SENT, ON_IDLE_CONNECTION, ON_NEW_CONNECTION, body, fetch, get};

pub(super) const EACH_VERSION: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// Returns bytes whose pattern reveals a lost or duplicated record.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at ^ (at >> 8) ^ (at >> 16)) % 251).unwrap()).collect()
}

#[test]
fn calls_share_one_connection_in_both_versions() {
    for version in EACH_VERSION {
        let peer = Peer::new(&[version], |acceptor: Acceptor| {
            let mut connection = acceptor.tls();
            for reply in [&b"first"[..], b"second"] {
                assert!(read_head(&mut connection).starts_with("GET /thing HTTP/1.1\r\n"));
                respond(&mut connection, reply);
            }
        });
        let agent = agent(&peer);
        assert_eq!(fetch(&agent, &peer.url()), (b"first".to_vec(), ON_NEW_CONNECTION));
        assert_eq!(fetch(&agent, &peer.url()), (b"second".to_vec(), ON_IDLE_CONNECTION));
        peer.finish();
    }
}

#[test]
fn thirty_two_mebibytes_arrive_unchanged() {
    for version in EACH_VERSION {
        let sent = pattern(32 << 20);
        let expected = sent.clone();
        let peer = Peer::new(&[version], move |acceptor: Acceptor| {
            let mut connection = acceptor.tls();
            read_head(&mut connection);
            respond(&mut connection, &sent);
        });
        assert!(body(&agent(&peer), &peer.url()) == expected, "the body was changed in transit");
        peer.finish();
    }
}

#[test]
fn ten_thousand_records_of_one_byte_arrive_in_order() {
    for version in EACH_VERSION {
        let expected = pattern(10_000);
        let sent = expected.clone();
        let peer = Peer::new(&[version], move |acceptor: Acceptor| {
            let mut connection = acceptor.tls();
            read_head(&mut connection);
            respond_head(&mut connection, sent.len());
            for byte in sent {
                connection.write_all(&[byte]).unwrap();
            }
            connection.flush().unwrap();
        });
        assert_eq!(body(&agent(&peer), &peer.url()), expected);
        peer.finish();
    }
}

#[test]
fn a_request_body_larger_than_every_buffer_is_sent_in_full() {
    let sent = pattern(1 << 20);
    let expected = sent.clone();
    let peer = Peer::new(ALL_VERSIONS, move |acceptor: Acceptor| {
        let mut connection = acceptor.tls();
        read_head(&mut connection);
        let mut received = vec![0; expected.len()];
        connection.read_exact(&mut received).unwrap();
        assert!(received == expected, "the body was changed in transit");
        respond(&mut connection, b"thanks");
    });
    let mut response = agent(&peer).post(peer.url()).send(&sent[..]).unwrap();
    assert_eq!(response.body_mut().read_to_vec().unwrap(), b"thanks");
    peer.finish();
}

#[test]
fn a_key_update_during_a_body_succeeds() {
    let expected = pattern(100_000);
    let sent = expected.clone();
    let peer = Peer::new(&[&TLS13], move |acceptor: Acceptor| {
        let mut connection = acceptor.tls();
        read_head(&mut connection);
        respond_head(&mut connection, sent.len());
        for part in sent.chunks(10_000) {
            connection.conn.refresh_traffic_keys().unwrap();
            connection.write_all(part).unwrap();
        }
        connection.flush().unwrap();
        read_head(&mut connection);
        respond(&mut connection, b"still here");
    });
    let agent = agent(&peer);
    assert_eq!(body(&agent, &peer.url()), expected);
    assert_eq!(fetch(&agent, &peer.url()), (b"still here".to_vec(), ON_IDLE_CONNECTION));
    peer.finish();
}

#[test]
fn a_second_connection_resumes_the_session() {
    for version in EACH_VERSION {
        let peer = Peer::new(&[version], |acceptor: Acceptor| {
            for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
                let mut connection = acceptor.tls();
                read_head(&mut connection);
                assert_eq!(connection.conn.handshake_kind(), Some(kind));
                connection.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
            }
        });
        let agent = agent(&peer);
        for _ in 0..2 {
            let (response, exchange) = get(&agent, &peer.url());
            assert_eq!((response.unwrap().status().as_u16(), exchange), (204, ON_NEW_CONNECTION));
        }
        peer.finish();
    }
}

#[test]
fn the_client_sends_the_host_name() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        let mut connection = acceptor.tls();
        read_head(&mut connection);
        assert_eq!(connection.conn.server_name(), Some("localhost"));
        respond(&mut connection, b"hello");
    });
    assert_eq!(body(&agent(&peer), &format!("https://localhost:{}/", peer.port)), b"hello");
    peer.finish();
}

#[test]
fn a_forged_record_is_an_error() {
    for version in EACH_VERSION {
        let peer = Peer::new(&[version], |acceptor: Acceptor| {
            let mut connection = acceptor.tls();
            read_head(&mut connection);
            // A complete application data record that was not encrypted with the session's key.
            let mut forged = vec![0x17, 3, 3, 0, 64];
            forged.extend([7; 64]);
            connection.sock.write_all(&forged).unwrap();
            wait_for_close(&mut connection.sock);
        });
        let (result, exchange) = get(&agent(&peer), &peer.url());
        let error = result.unwrap_err();
        assert!(matches!(&error, ureq::Error::Io(io) if io.kind() == ErrorKind::InvalidData), "{error:?}");
        assert_eq!(exchange, Exchange { response_started: false, ..ON_NEW_CONNECTION });
        peer.finish();
    }
}

#[test]
fn no_request_is_sent_to_a_server_with_an_untrusted_certificate() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        let mut connection = acceptor.tls();
        let refused = connection.read(&mut [0; 16]).unwrap_err();
        assert!(refused.to_string().starts_with("received fatal alert"), "{refused}");
    });
    let other = Peer::new(ALL_VERSIONS, drop);
    let (result, exchange) = get(&agent(&other), &peer.url());
    let error = result.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert_eq!(exchange, NOT_SENT);
    peer.finish();
    other.finish();
}

#[test]
fn no_request_is_sent_to_a_server_with_a_certificate_for_another_host() {
    let peer = Peer::named(&["elsewhere.example"], ALL_VERSIONS, |acceptor: Acceptor| {
        let mut connection = acceptor.tls();
        connection.read(&mut [0; 16]).unwrap_err();
    });
    let (result, exchange) = get(&agent(&peer), &peer.url());
    let error = result.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert_eq!(exchange, NOT_SENT);
    peer.finish();
}

#[test]
fn a_connection_closed_during_the_handshake_is_an_error() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| drop(acceptor.tcp()));
    let (result, exchange) = get(&agent(&peer), &peer.url());
    let error = result.unwrap_err();
    assert!(matches!(error, ureq::Error::Io(_)), "{error:?}");
    assert_eq!(exchange, NOT_SENT);
    peer.finish();
}

#[test]
fn a_handshake_that_hangs_fails_at_the_connect_timeout() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| wait_for_close(&mut acceptor.tcp()));
    let agent = agent_with(&peer.pem, |config| config.timeout_connect(Some(Duration::from_millis(200))));
    let (result, exchange) = get(&agent, &peer.url());
    let error = result.unwrap_err();
    assert!(matches!(error, ureq::Error::Timeout(Timeout::Connect)), "{error:?}");
    assert_eq!(exchange, NOT_SENT);
    peer.finish();
}

#[test]
fn a_body_that_hangs_fails_at_the_body_timeout() {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        let mut connection = acceptor.tls();
        read_head(&mut connection);
        respond_head(&mut connection, 100);
        connection.write_all(b"half").unwrap();
        connection.flush().unwrap();
        wait_for_close(&mut connection.sock);
    });
    let agent = agent_with(&peer.pem, |config| config.timeout_recv_body(Some(Duration::from_millis(200))));
    let (result, exchange) = NOT_SENT.run(|| agent.get(peer.url()).call().unwrap().body_mut().read_to_vec());
    let error = result.unwrap_err();
    assert!(matches!(error, ureq::Error::Timeout(Timeout::RecvBody)), "{error:?}");
    assert_eq!(exchange, ON_NEW_CONNECTION);
    peer.finish();
}
