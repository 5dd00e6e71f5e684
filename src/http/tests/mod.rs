//! Tests of the connections on loopback sockets, over plain HTTP and TLS.

mod addresses;
mod endings;
mod peer;
mod pool;
mod proxies;
mod tls;
mod valve;

use std::time::Duration;

use ureq::{Agent, Body, Error};

use super::exchange::Exchange;

const NOT_SENT: Exchange = Exchange::new(Duration::MAX, false);
/// An exchange on a new connection.
const ON_NEW_CONNECTION: Exchange =
    Exchange { connected: true, request_sent: true, response_started: true, ..NOT_SENT };
/// An exchange on an idle connection.
const ON_IDLE_CONNECTION: Exchange = Exchange { connected: false, ..ON_NEW_CONNECTION };

/// Makes a call without reading the body, and returns how far it got.
fn get(agent: &Agent, url: &str) -> (Result<http::Response<Body>, Error>, Exchange) {
    NOT_SENT.run(|| agent.get(url).call())
}

/// Makes a call and reads the body.
fn fetch(agent: &Agent, url: &str) -> (Vec<u8>, Exchange) {
    NOT_SENT.run(|| {
        let mut response = agent.get(url).call().unwrap();
        response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap()
    })
}

fn body(agent: &Agent, url: &str) -> Vec<u8> {
    fetch(agent, url).0
}
