//! Kept connections that the server closes, between two calls or during the second.

use std::time::Duration;

use popup_rewards::{CountryId, ErrorKind, RawCall, RetryPolicy};
use serde_json::Value;

use super::COUNTRY;
use crate::common::errors::failed;
use crate::common::peer::{Peer, Step, json};

#[test]
fn calls_share_one_connection() {
    let peer = Peer::start([COUNTRY; 3].map(|body| Step::Keep(json(body)))).unwrap();
    let session = peer.session().unwrap();
    for _ in 0..3 {
        session.get_country(CountryId::from(1)).unwrap();
    }
    let connections: Vec<_> = peer.calls().iter().map(|call| call.connection).collect();
    assert_eq!(connections, [0, 0, 0]);
}

#[test]
fn a_get_is_resent_if_its_kept_connection_breaks() {
    for step in [Step::Close(Vec::new()), Step::Reset] {
        let second = json(COUNTRY.replace("\"id\":1", "\"id\":2"));
        let script = [Step::Keep(json(COUNTRY)), step, Step::Keep(second)];
        let peer = Peer::start(script).unwrap();
        let session = peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();
        session.get_country(CountryId::from(1)).unwrap();
        session.get_country(CountryId::from(2)).unwrap();
        assert_eq!(session.stats().retries, 0);
        let seen: Vec<_> =
            peer.calls().iter().map(|call| (call.connection, call.line().to_owned())).collect();
        let one = "GET /api/v1/countries/1".to_owned();
        let two = "GET /api/v1/countries/2".to_owned();
        assert_eq!(seen, [(0, one), (0, two.clone()), (1, two)]);
    }
}

#[test]
fn a_resent_call_keeps_its_deadline() {
    let a_while = Duration::from_millis(700);
    let late = [Step::Late(a_while, Vec::new()), Step::Late(a_while, json(COUNTRY))];
    let peer = Peer::start([Step::Keep(json(COUNTRY))].into_iter().chain(late)).unwrap();
    let once = RetryPolicy::new().retries(0);
    let session = peer.builder().retry(once).deadline(Duration::from_secs(1)).build().unwrap();
    session.get_country(CountryId::from(1)).unwrap();
    failed(session.get_country(CountryId::from(2)), ErrorKind::Timeout, "within the time limit");
}

#[test]
fn a_post_fails_if_its_kept_connection_breaks() {
    let script = [Step::Keep(json(COUNTRY)), Step::Close(Vec::new()), Step::Keep(json("1"))];
    let peer = Peer::start(script).unwrap();
    let session = peer.session().unwrap();
    session.get_country(CountryId::from(1)).unwrap();
    let post = RawCall::post("/api/v1/new").json(&1);
    failed(session.call::<Value>(&post), ErrorKind::Network, "the connection broke before the response");
    assert_eq!((peer.calls().len(), session.stats().retries), (2, 0));
    session.call::<Value>(&post.may_repeat()).unwrap();
}

#[test]
fn a_repeatable_post_is_resent_if_its_kept_connection_breaks() {
    let script = [Step::Keep(json(COUNTRY)), Step::Close(Vec::new()), Step::Keep(json("1"))];
    let peer = Peer::start(script).unwrap();
    let session = peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();
    session.get_country(CountryId::from(1)).unwrap();
    let post = RawCall::post("/api/v1/new").json(&1).may_repeat();
    assert_eq!(session.call::<Value>(&post).unwrap(), 1);
    let bodies: Vec<_> = peer.calls().into_iter().skip(1).map(|call| call.body).collect();
    assert_eq!(bodies, ["1", "1"]);
}

#[test]
fn a_connection_closed_while_idle_fails_no_call() {
    let script = ["1", "2", "3"].map(|body| Step::Close(json(body)));
    let peer = Peer::start(script).unwrap();
    let session = peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();
    for number in 1..=3 {
        let post = RawCall::post("/api/v1/new").json(&number);
        assert_eq!(session.call::<Value>(&post).unwrap(), number);
        peer.wait_until_all_are_closed().unwrap();
    }
    assert_eq!((peer.calls().len(), session.stats().retries), (3, 0));
}

#[test]
fn a_server_that_closes_every_connection_exhausts_the_retries() {
    let mut script = vec![Step::Keep(json(COUNTRY))];
    script.extend(std::iter::repeat_with(|| Step::Close(Vec::new())).take(20));
    let peer = Peer::start(script).unwrap();
    let session = peer.session().unwrap();
    session.get_country(CountryId::from(1)).unwrap();
    failed(session.countries(), ErrorKind::Network, "the connection broke before the response");
    assert_eq!(
        peer.calls().len(),
        1 + 1 + 3,
        "one call on the dead connection, then an attempt and two retries"
    );
}
