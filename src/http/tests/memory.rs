//! What connections leave in memory, found out by searching it.
//!
//! A search needs a process of its own: the server, and other tests, hold the secrets too. So each test runs
//! itself again as the client, in a child process, and serves it.

use std::io::{Read, Write};
use std::process::Command;

use bytes::Bytes;
use http::HeaderValue;
use rustls::version::{TLS12, TLS13};
use rustls::{ALL_VERSIONS, SupportedProtocolVersion};
use ureq::Agent;
use zeroize::Zeroizing;

use super::peer::{Door, Peer, agent_with, answer, read_head};
use scan::{Found, Needle, Scanner};

#[path = "../../../tests/common/scan.rs"]
mod scan;

const ROLE: &str = "POPUP_REWARDS_MEMORY_TEST";
const CALLS: usize = 20;

/// A secret nobody has seen before: 256 letters, as long as a small token.
fn secret() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(256).collect()
}

/// Runs the test again as a client of the given server.
fn run_client(test: &str, url: &str, pem: &str, sent: &str, answered: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("http::tests::memory::{test}"), "--nocapture"])
        .env(ROLE, url)
        .env("PEM", pem)
        .env("SENT", Needle::new("the header", sent).hex())
        .env("ANSWERED", Needle::new("the answer", answered).hex())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The client: makes calls with a secret header and secret answers, and searches once it is done with them.
fn client(make: impl FnOnce(&str) -> Agent) -> Vec<Found> {
    let url = std::env::var(ROLE).unwrap();
    let needles =
        ["SENT", "ANSWERED"].map(|name| Needle::from_hex(name, &std::env::var(name).unwrap()).unwrap());
    let mut scanner = Scanner::new(needles.into()).unwrap();
    let agent = make(&std::env::var("PEM").unwrap());
    let mut value = Zeroizing::new(String::with_capacity(512));
    value.push_str("Bearer ");
    scanner.needle("SENT").unwrap().reveal(&mut value);
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(value)).unwrap();
    header.set_sensitive(true);
    for _ in 0..CALLS {
        let mut answer = Zeroizing::new(Vec::with_capacity(1024));
        let mut response = agent.get(&url).header("authorization", &header).call().unwrap();
        response.body_mut().as_reader().read_to_end(&mut answer).unwrap();
        assert!(answer.len() > 256);
    }
    drop(header);
    // The agent is idle but alive: memory that is freed in large blocks goes back to the kernel, wiped or not.
    let mut found = scanner.scan().unwrap();
    drop(agent);
    found.extend(scanner.scan().unwrap());
    found
}

/// Answers as the API does, where the secret is never the first thing in a body: without optimisation,
/// `httparse` leaves the 32 bytes that it looks at last, and so the first ones of the body, on its stack.
fn serve(connection: &mut (impl Read + Write), answered: &str) {
    let body = format!("{{\"success\":true,\"data\":{{\"access_token\":\"{answered}\"}}}}");
    for _ in 0..CALLS {
        read_head(connection);
        answer(connection, body.as_bytes());
    }
    // The client's connection stays idle until the client is done searching.
    let _end = connection.read(&mut [0]);
}

fn no_copies_over_tls(test: &str, versions: &[&'static SupportedProtocolVersion]) {
    if std::env::var_os(ROLE).is_some() {
        let found = client(|pem| agent_with(pem, |config| config));
        assert!(found.is_empty(), "{found:#?}");
        return;
    }
    let (sent, answered) = (secret(), secret());
    let reply = answered.clone();
    let peer = Peer::new(versions, move |door: Door| serve(&mut door.tls(), &reply));
    run_client(test, &peer.url(), &peer.pem, &sent, &answered);
    peer.finish();
}

#[test]
fn tls_1_3_leaves_no_copy() {
    no_copies_over_tls("tls_1_3_leaves_no_copy", &[&TLS13]);
}

#[test]
fn tls_1_2_leaves_no_copy() {
    no_copies_over_tls("tls_1_2_leaves_no_copy", &[&TLS12]);
}

#[test]
fn plain_http_leaves_no_copy() {
    if std::env::var_os(ROLE).is_some() {
        let found = client(|pem| agent_with(pem, |config| config));
        assert!(found.is_empty(), "{found:#?}");
        return;
    }
    over_plain_http("plain_http_leaves_no_copy");
}

#[test]
fn the_search_finds_what_a_plain_agent_leaves() {
    if std::env::var_os(ROLE).is_some() {
        let found = client(|_| Agent::config_builder().proxy(None).build().new_agent());
        for name in ["SENT", "ANSWERED"] {
            assert!(found.iter().any(|copy| copy.name == name), "{name}: {found:#?}");
        }
        return;
    }
    over_plain_http("the_search_finds_what_a_plain_agent_leaves");
}

fn over_plain_http(test: &str) {
    let (sent, answered) = (secret(), secret());
    let reply = answered.clone();
    let peer = Peer::new(ALL_VERSIONS, move |door: Door| serve(&mut door.tcp(), &reply));
    run_client(test, &peer.url().replacen("https", "http", 1), &peer.pem, &sent, &answered);
    peer.finish();
}
