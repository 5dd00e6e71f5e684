//! Compression is accepted where it is safe, and not requested if a response can hold a secret.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use popup_rewards::{
    ClientReference, CountryId, ErrorKind, ListOrders, NewOrder, OrderId, ProductId, RawCall, RetryPolicy,
};
use serde_json::Value;

use super::{CANARY, COUNTRY};
use crate::common::errors::failed;
use crate::common::peer::{Peer, Step, json, response};

fn gzip(text: &str) -> Vec<u8> {
    encoded_as("gzip", text)
}

fn encoded_as(coding: &str, text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let headers = format!("content-type: application/json\r\ncontent-encoding: {coding}\r\n");
    response("200 OK", &headers, encoder.finish().unwrap())
}

#[test]
fn gzip_is_decompressed_under_every_spelling() {
    for coding in ["gzip", "GZIP", "x-gzip", "X-GZip "] {
        let peer = Peer::start([Step::Keep(encoded_as(coding, COUNTRY))]).unwrap();
        let session = peer.session().unwrap();
        assert_eq!(session.get_country(CountryId::from(1)).unwrap().name, "United States", "{coding}");
    }
}

#[test]
fn a_damaged_or_truncated_gzip_body_is_not_quoted() {
    let text = format!(r#"{{"id":1,"name":"{CANARY}"}}"#);
    let complete = gzip(&text);
    let mut damaged = complete.clone();
    let middle = damaged.len() - 20;
    damaged[middle] ^= 0x55;
    let not_compressed = response("200 OK", "content-encoding: gzip\r\n", text);
    for bytes in [damaged, not_compressed] {
        let peer = Peer::start([Step::Keep(bytes)]).unwrap();
        let session = peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();
        failed(session.get_country(CountryId::from(1)), ErrorKind::InvalidResponse, "decompressed");
    }
    let peer = Peer::start([Step::Close(complete[..complete.len() - 10].to_vec())]).unwrap();
    let session = peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();
    failed(session.get_country(CountryId::from(1)), ErrorKind::Network, "in the middle of the response");
}

#[test]
fn no_compression_is_requested_if_a_response_can_hold_secrets() {
    let order = r#"{"id":1,"product_id":2,"denomination":5,"quantity":1,"status":"PENDING"}"#;
    let peer =
        Peer::start([order, order, "[]", "[]", "1", "[]", "{}"].map(|body| Step::Keep(json(body)))).unwrap();
    let session = peer.session().unwrap();
    let reference = ClientReference::new("ref-1").unwrap();
    session.create_order(&NewOrder::new(ProductId::from(2), 5.into(), 1, reference.clone())).unwrap();
    session.get_order(OrderId::from(1)).unwrap();
    session.find_order(&reference).unwrap();
    session.list_orders(&ListOrders::new()).unwrap();
    session.call::<Value>(&RawCall::get("/api/v1/new")).unwrap();
    session.countries().unwrap();
    session.refresh().unwrap();
    session.logout().unwrap();
    let requested: Vec<_> = peer
        .requests()
        .iter()
        .map(|seen| (seen.line().to_owned(), seen.header("accept-encoding").unwrap_or("none").to_owned()))
        .collect();
    let expected = [
        ("POST /auth/login", "identity"),
        ("POST /api/v1/orders", "identity"),
        ("GET /api/v1/orders/1", "identity"),
        ("GET /api/v1/orders?client_reference=ref-1&limit=500&page=1", "identity"),
        ("GET /api/v1/orders", "identity"),
        ("GET /api/v1/new", "identity"),
        ("GET /api/v1/countries", "gzip"),
        ("POST /auth/refresh", "identity"),
        ("POST /auth/logout", "identity"),
    ];
    assert_eq!(requested, expected.map(|(line, encoding)| (line.to_owned(), encoding.to_owned())));
}

#[test]
fn a_gzip_body_that_stalls_is_a_timeout() {
    let complete = gzip(COUNTRY);
    let peer = Peer::start([Step::Keep(complete[..complete.len() - 10].to_vec())]).unwrap();
    let never = RetryPolicy::new().retries(0);
    let session = peer.builder().retry(never).timeout(std::time::Duration::from_millis(250)).build().unwrap();
    failed(session.get_country(CountryId::from(1)), ErrorKind::Timeout, "no response from the server");
}
