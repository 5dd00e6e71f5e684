//! Exhausted resources: threads, descriptors, memory. Each causes an ordinary error and never a panic.
//!
//! A child process with limited resources makes calls to a server in this process.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "the standard library cannot limit a process")]
#![expect(clippy::print_stdout, reason = "the child prints its results for the parent")]
#![expect(clippy::unwrap_used, reason = "a failure in a helper fails the calling test")]

use std::process::Command;
use std::time::Duration;

use popup_rewards::{
    ClientReference, CountryId, Credentials, Error, NewOrder, ProductId, RetryPolicy, Session, SessionBuilder,
};

mod common;

use common::peer::{Peer, Step, json, response};

const COUNTRY: &str = r#"{"id":1,"name":"United States"}"#;
/// A stack size that no machine can provide.
const NO_THREAD: (&str, &str) = ("RUST_MIN_STACK", "70368744177664");
/// Otherwise the allocator would reserve address space for each thread.
const ONE_ARENA: (&str, &str) = ("MALLOC_ARENA_MAX", "1");
const MIB: usize = 1024 * 1024;

/// Runs [`child`] with a role and returns its output. Fails if it panicked.
fn run(role: &str, url: &str, variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    let output = child.env("ROLE", role).env("URL", url).envs(variables.iter().copied()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !errors.contains("panicked"), "{role}: {printed}\n{errors}");
    printed
}

fn builder() -> SessionBuilder {
    let quick = RetryPolicy::new().retries(1).first_pause(Duration::from_millis(1));
    Session::builder(&std::env::var("URL").unwrap(), Credentials::new("key", "secret")).retry(quick)
}

fn order() -> NewOrder {
    NewOrder::new(ProductId::from(2), 5.into(), 1, ClientReference::generate())
}

fn print_result(what: &str, result: Result<(), Error>) {
    match result {
        Ok(()) => println!("{what}: done"),
        Err(error) => {
            println!("{what}: {:?}, may have executed: {}, {error}", error.kind(), error.may_have_executed());
        }
    }
}

/// Plays the role that [`run`] sets, and does nothing otherwise.
#[test]
fn child() {
    match std::env::var("ROLE").as_deref() {
        Ok("threads") => {
            assert!(std::thread::Builder::new().spawn(|| ()).is_err(), "a thread could be started");
            let session = builder().logout_on_drop(true).build().unwrap();
            print_result("get", session.get_country(CountryId::from(1)).map(drop));
            print_result("order", session.create_order(&order()).map(drop));
            print_result("refresh", session.refresh());
            drop(session);
            println!("dropped");
        }
        Ok("descriptors from the start") => {
            let session = builder().build().unwrap();
            limit(libc::RLIMIT_NOFILE, 3);
            print_result("get", session.get_country(CountryId::from(1)).map(drop));
            print_result("order", session.create_order(&order()).map(drop));
        }
        Ok("descriptors after the login") => {
            let session = builder().build().unwrap();
            session.login().unwrap();
            limit(libc::RLIMIT_NOFILE, 3);
            print_result("order", session.create_order(&order()).map(drop));
            print_result("get", session.get_country(CountryId::from(1)).map(drop));
        }
        Ok("memory") => {
            let session = builder().build().unwrap();
            session.login().unwrap();
            limit(libc::RLIMIT_AS, used() + 12 * MIB);
            print_result("get", session.get_country(CountryId::from(1)).map(drop));
            print_result("order", session.create_order(&order()).map(drop));
            print_result("small", session.get_country(CountryId::from(1)).map(drop));
        }
        _ => {}
    }
}

fn limit(resource: libc::__rlimit_resource_t, most: usize) {
    let most = u64::try_from(most).unwrap();
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: the limit outlives the call.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
}

/// Returns the size of this process's address space.
fn used() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').next().unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn a_caller_logs_in_on_its_own_thread_if_no_thread_can_start() {
    let order = r#"{"id":1,"product_id":2,"denomination":5,"quantity":1,"status":"PENDING"}"#;
    let peer = Peer::start([Step::Keep(json(COUNTRY)), Step::Keep(json(order))]).unwrap();
    let printed = run("threads", &peer.url(), &[NO_THREAD]);
    for line in ["get: done", "order: done", "refresh: done", "dropped"] {
        assert!(printed.contains(line), "{printed}");
    }
}

#[test]
fn a_lookup_of_a_name_fails_if_no_thread_can_start() {
    let peer = Peer::start([]).unwrap();
    let printed = run("threads", &peer.url().replace("127.0.0.1", "localhost"), &[NO_THREAD]);
    for line in
        ["get: Network, may have executed: false", "order: Network, may have executed: false", "dropped"]
    {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(peer.requests().is_empty());
}

#[test]
fn a_lost_order_may_have_executed_if_no_thread_can_start() {
    let lost = || Step::Close(Vec::new());
    let empty_lists = (0..8).map(|_| Step::Keep(json("[]")));
    let script = [Step::Keep(json(COUNTRY)), lost(), lost(), lost()];
    let peer = Peer::start(script.into_iter().chain(empty_lists)).unwrap();
    let printed = run("threads", &peer.url(), &[NO_THREAD]);
    assert!(printed.contains("order: Network, may have executed: true"), "{printed}");
}

#[test]
fn a_call_without_a_free_descriptor_is_a_network_error() {
    let peer = Peer::start([]).unwrap();
    for url in [peer.url(), peer.url().replace("127.0.0.1", "localhost")] {
        let printed = run("descriptors from the start", &url, &[]);
        for line in ["get: Network, may have executed: false", "order: Network, may have executed: false"] {
            assert!(printed.contains(line), "{printed}");
        }
    }
    assert!(peer.requests().is_empty());
}

#[test]
fn an_order_may_have_executed_if_its_lookup_has_no_descriptor() {
    // The order uses the connection of the login. The lookup afterwards gets no connection.
    let peer = Peer::start([Step::Close(Vec::new())]).unwrap();
    let printed = run("descriptors after the login", &peer.url(), &[]);
    assert!(printed.contains("order: Network, may have executed: true"), "{printed}");
    assert!(printed.contains("get: Network, may have executed: false"), "{printed}");
    let orders = peer.calls().iter().filter(|call| call.line() == "POST /api/v1/orders").count();
    assert_eq!(orders, 1);
}

#[test]
fn a_body_that_exceeds_the_memory_is_a_network_error() {
    let large = || Step::Keep(json(format!(r#"{{"id":1,"name":"{}"}}"#, "x".repeat(24 * MIB))));
    let chunked = || {
        let chunk = format!("{:x}\r\n{}\r\n0\r\n\r\n", 24 * MIB, " ".repeat(24 * MIB));
        Step::Keep([&b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"[..], chunk.as_bytes()].concat())
    };
    let lookups = (0..2).map(|_| Step::Keep(response("200 OK", "", "[]")));
    let script = [large(), chunked(), large(), chunked()].into_iter().chain(lookups);
    let peer = Peer::start(script.chain([Step::Keep(json(COUNTRY))])).unwrap();
    let printed = run("memory", &peer.url(), &[ONE_ARENA]);
    assert!(
        printed
            .contains("get: Network, may have executed: false, GET /api/v1/countries/:id: not enough memory"),
        "{printed}"
    );
    assert!(
        printed.contains("order: Network, may have executed: true, POST /api/v1/orders: not enough memory"),
        "{printed}"
    );
    assert!(printed.contains("small: done"), "{printed}");
}
