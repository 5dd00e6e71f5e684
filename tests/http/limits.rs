//! Endless and oversized responses fail early, in bounded memory.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use popup_rewards::{CountryId, ErrorKind, OrderId, RetryPolicy};

use super::CANARY;
use crate::common::errors::failed;
use crate::common::peer::{Peer, Step, json, response, tokens};

const LARGER: &str = "the response exceeds the size limit";
/// The most a client may accept of a response with a limit of 32 MiB, including what the sockets buffer.
const TAKEN: u64 = 64 * 1024 * 1024;

fn once(peer: &Peer) -> popup_rewards::Session {
    peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap()
}

#[test]
fn a_body_with_a_content_length_of_10_gigabytes_is_not_read() {
    let head =
        "HTTP/1.1 200 OK\r\nx-request-id: req-7\r\ncontent-length: 10000000000\r\n\r\n".as_bytes().to_vec();
    let peer = Peer::start([Step::Endless(head, CANARY.repeat(1000).into_bytes())]).unwrap();
    failed(once(&peer).countries(), ErrorKind::InvalidResponse, LARGER);
    peer.wait_until_all_are_closed().unwrap();
    assert!(peer.written() < TAKEN / 4, "{}", peer.written());
}

#[test]
fn an_endless_body_is_aborted_at_the_limit() {
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = format!("{:x}\r\n{}\r\n", CANARY.len() * 4096, CANARY.repeat(4096)).into_bytes();
    let until_closed = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let piece = CANARY.repeat(4096).into_bytes();
    for (head, again, secret) in [(chunked, chunk, false), (until_closed, piece, true)] {
        let peer = Peer::start([Step::Endless(head, again)]).unwrap();
        let session = once(&peer);
        let error = if secret {
            failed(session.get_order(OrderId::from(1)), ErrorKind::InvalidResponse, LARGER)
        } else {
            failed(session.countries(), ErrorKind::InvalidResponse, LARGER)
        };
        assert_eq!(error.status(), None);
        drop(session);
        peer.wait_until_all_are_closed().unwrap();
        assert!(peer.written() < TAKEN, "{}", peer.written());
    }
}

#[test]
fn an_auth_response_has_a_limit_of_64_kib() {
    let padded = |length: usize| {
        let mut body = tokens(9).into_bytes();
        body.resize(length, b' ');
        Step::Keep(json(body))
    };
    let peer = Peer::with_auth([padded(64 * 1024)], []).unwrap();
    once(&peer).login().unwrap();
    let peer = Peer::with_auth([padded(64 * 1024 + 1)], []).unwrap();
    let session = once(&peer);
    failed(session.login(), ErrorKind::InvalidResponse, LARGER);
    assert_eq!(session.status().generation, 0);
}

#[test]
fn an_endless_auth_response_is_aborted_early() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let peer = Peer::with_auth([Step::Endless(head, vec![b' '; 4096])], []).unwrap();
    failed(once(&peer).login(), ErrorKind::InvalidResponse, LARGER);
    peer.wait_until_all_are_closed().unwrap();
    assert!(peer.written() < TAKEN / 4, "{}", peer.written());
}

#[test]
fn an_endless_header_section_is_aborted() {
    let line = format!("x-filler: {}\r\n", CANARY.repeat(90)).into_bytes();
    let endless_line = CANARY.repeat(90).into_bytes();
    let few_long = format!("x-long: {}\r\n", CANARY.repeat(9000)).into_bytes();
    for (start, again) in [("", line), ("x-endless: ", endless_line), ("", few_long)] {
        let head = format!("HTTP/1.1 200 OK\r\n{start}").into_bytes();
        let peer = Peer::start([Step::Endless(head, again)]).unwrap();
        failed(once(&peer).countries(), ErrorKind::InvalidResponse, "the response");
        peer.wait_until_all_are_closed().unwrap();
        assert!(peer.written() < TAKEN / 4, "{}", peer.written());
    }
}

#[test]
fn a_gzip_body_is_aborted_when_its_content_reaches_the_limit() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let blanks = vec![b' '; 1024 * 1024];
    for _ in 0..64 {
        encoder.write_all(&blanks).unwrap();
    }
    let bomb = response("200 OK", "content-encoding: gzip\r\n", encoder.finish().unwrap());
    assert!(bomb.len() < 1024 * 1024);
    let peer = Peer::start([Step::Keep(bomb)]).unwrap();
    failed(once(&peer).countries(), ErrorKind::InvalidResponse, LARGER);
}

#[test]
fn a_body_at_the_limit_is_read() {
    let mut body = super::COUNTRY.as_bytes().to_vec();
    body.resize(32 * 1024 * 1024, b' ');
    let peer = Peer::start([Step::Keep(json(&body)), Step::Keep(json([&body[..], b" "].concat()))]).unwrap();
    let session = once(&peer);
    session.get_country(CountryId::from(1)).unwrap();
    failed(session.get_country(CountryId::from(1)), ErrorKind::InvalidResponse, LARGER);
}
