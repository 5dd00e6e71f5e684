//! Resources that run out: threads, descriptors, memory. Each is an error like any other, and never a panic.
//!
//! What runs out is taken from a child process, which makes its calls to a server in this one.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "the standard library cannot limit a process")]
#![expect(clippy::print_stdout, reason = "the child tells its parent how it went")]
#![expect(clippy::unwrap_used, reason = "what helpers cannot do fails the test that called them")]

use std::process::Command;
use std::time::Duration;

use popup_rewards::{
    ClientReference, CountryId, Credentials, Error, NewOrder, ProductId, RetryPolicy, Session, SessionBuilder,
};

mod common;

use common::peer::{Peer, Step, json, response};

const COUNTRY: &str = r#"{"id":1,"name":"United States"}"#;
/// More than any machine has for the stack of one thread.
const NO_THREAD: (&str, &str) = ("RUST_MIN_STACK", "70368744177664");
/// The allocator of each thread would else keep some address space for itself.
const ONE_ARENA: (&str, &str) = ("MALLOC_ARENA_MAX", "1");
const MIB: usize = 1024 * 1024;

/// Runs [`child`] with a role, and returns what it says; it must not panic.
fn run(role: &str, url: &str, variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    let output = child.env("ROLE", role).env("URL", url).envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !complaints.contains("panicked"), "{role}: {said}\n{complaints}");
    said
}

fn builder() -> SessionBuilder {
    let quick = RetryPolicy::new().retries(1).first_pause(Duration::from_millis(1));
    Session::builder(&std::env::var("URL").unwrap(), Credentials::new("key", "secret")).retry(quick)
}

fn order() -> NewOrder {
    NewOrder::new(ProductId::from(2), 5.into(), 1, ClientReference::generate())
}

fn tell(what: &str, result: Result<(), Error>) {
    match result {
        Ok(()) => println!("{what}: done"),
        Err(error) => {
            println!("{what}: {:?}, may have executed: {}, {error}", error.kind(), error.may_have_executed());
        }
    }
}

/// Plays the role that [`run`] gives it; without one, it does nothing.
#[test]
fn child() {
    match std::env::var("ROLE").as_deref() {
        Ok("threads") => {
            assert!(std::thread::Builder::new().spawn(|| ()).is_err(), "there is a thread");
            let session = builder().logout_on_drop(true).build().unwrap();
            tell("get", session.get_country(CountryId::from(1)).map(drop));
            tell("order", session.create_order(&order()).map(drop));
            tell("refresh", session.refresh());
            drop(session);
            println!("dropped");
        }
        Ok("descriptors from the start") => {
            let session = builder().build().unwrap();
            limit(libc::RLIMIT_NOFILE, 3);
            tell("get", session.get_country(CountryId::from(1)).map(drop));
            tell("order", session.create_order(&order()).map(drop));
        }
        Ok("descriptors after the login") => {
            let session = builder().build().unwrap();
            session.login().unwrap();
            limit(libc::RLIMIT_NOFILE, 3);
            tell("order", session.create_order(&order()).map(drop));
            tell("get", session.get_country(CountryId::from(1)).map(drop));
        }
        Ok("memory") => {
            let session = builder().build().unwrap();
            session.login().unwrap();
            limit(libc::RLIMIT_AS, used() + 12 * MIB);
            tell("get", session.get_country(CountryId::from(1)).map(drop));
            tell("order", session.create_order(&order()).map(drop));
            tell("small", session.get_country(CountryId::from(1)).map(drop));
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

/// The size of this process's address space.
fn used() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').next().unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn where_no_thread_can_be_started_a_caller_logs_in_itself() {
    let order = r#"{"id":1,"product_id":2,"denomination":5,"quantity":1,"status":"PENDING"}"#;
    let peer = Peer::start([Step::Keep(json(COUNTRY)), Step::Keep(json(order))]).unwrap();
    let said = run("threads", &peer.url(), &[NO_THREAD]);
    for line in ["get: done", "order: done", "refresh: done", "dropped"] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn where_no_thread_can_be_started_a_name_cannot_be_looked_up() {
    let peer = Peer::start([]).unwrap();
    let said = run("threads", &peer.url().replace("127.0.0.1", "localhost"), &[NO_THREAD]);
    for line in
        ["get: Network, may have executed: false", "order: Network, may have executed: false", "dropped"]
    {
        assert!(said.contains(line), "{said}");
    }
    assert!(peer.requests().is_empty());
}

#[test]
fn an_order_that_is_lost_where_no_thread_can_be_started_may_have_executed() {
    let lost = || Step::Close(Vec::new());
    let none = (0..8).map(|_| Step::Keep(json("[]")));
    let script = [Step::Keep(json(COUNTRY)), lost(), lost(), lost()];
    let peer = Peer::start(script.into_iter().chain(none)).unwrap();
    let said = run("threads", &peer.url(), &[NO_THREAD]);
    assert!(said.contains("order: Network, may have executed: true"), "{said}");
}

#[test]
fn without_a_descriptor_no_connection_is_made() {
    let peer = Peer::start([]).unwrap();
    for url in [peer.url(), peer.url().replace("127.0.0.1", "localhost")] {
        let said = run("descriptors from the start", &url, &[]);
        for line in ["get: Network, may have executed: false", "order: Network, may have executed: false"] {
            assert!(said.contains(line), "{said}");
        }
    }
    assert!(peer.requests().is_empty());
}

#[test]
fn an_order_that_is_out_when_the_descriptors_run_out_may_have_executed() {
    // It goes over the connection of the login, and nothing can be asked afterwards.
    let peer = Peer::start([Step::Close(Vec::new())]).unwrap();
    let said = run("descriptors after the login", &peer.url(), &[]);
    assert!(said.contains("order: Network, may have executed: true"), "{said}");
    assert!(said.contains("get: Network, may have executed: false"), "{said}");
    let orders = peer.calls().iter().filter(|call| call.line() == "POST /api/v1/orders").count();
    assert_eq!(orders, 1);
}

#[test]
fn without_memory_for_a_body_a_read_fails_and_an_order_may_have_executed() {
    let large = || Step::Keep(json(format!(r#"{{"id":1,"name":"{}"}}"#, "x".repeat(24 * MIB))));
    let chunked = || {
        let chunk = format!("{:x}\r\n{}\r\n0\r\n\r\n", 24 * MIB, " ".repeat(24 * MIB));
        Step::Keep([&b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"[..], chunk.as_bytes()].concat())
    };
    let lookups = (0..2).map(|_| Step::Keep(response("200 OK", "", "[]")));
    let script = [large(), chunked(), large(), chunked()].into_iter().chain(lookups);
    let peer = Peer::start(script.chain([Step::Keep(json(COUNTRY))])).unwrap();
    let said = run("memory", &peer.url(), &[ONE_ARENA]);
    assert!(said.contains("get: Network, may have executed: false, not enough memory"), "{said}");
    assert!(said.contains("order: Network, may have executed: true, not enough memory"), "{said}");
    assert!(said.contains("small: done"), "{said}");
}
