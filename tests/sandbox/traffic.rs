//! Concurrent, kept and closed connections.

use std::io::Read;
use std::net::TcpStream;
use std::sync::Barrier;

use anyhow::{Context, Result};
use popup_rewards::sandbox::{Fault, Sandbox};
use serde_json::json;

use super::client::Client;

#[test]
fn two_hundred_connections_are_served_at_once() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let start = Barrier::new(200);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..200)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    Client::logged_in(&sandbox)?.get("/api/v1/wallets")
                })
            })
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap()?.status, 200);
        }
        anyhow::Ok(())
    })?;
    assert_eq!((sandbox.connections(), sandbox.logins()), (200, 200));
    assert_eq!((sandbox.calls("GET /api/v1/wallets"), sandbox.calls("*")), (200, 400));
    Ok(())
}

#[test]
fn eight_threads_with_one_reference_execute_one_order() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let order = json!({ "product_id": 3001, "denomination": 20, "quantity": 1, "client_reference": "one" });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| client.post("/api/v1/orders", &order))).collect();
        threads.into_iter().map(|thread| Ok(thread.join().unwrap()?.status)).collect::<Result<_>>()
    })?;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 7);
    assert_eq!(sandbox.executions_of("one"), 1);
    Ok(())
}

#[test]
fn a_connection_is_kept_until_the_server_closes_it() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    for _ in 0..5 {
        client.get("/api/v1/wallets")?;
    }
    assert_eq!(sandbox.connections(), 1);
    let mut idle = TcpStream::connect(sandbox.url().trim_start_matches("http://"))?;
    // A request on the new connection ensures that it was accepted.
    idle.set_nodelay(true)?;
    idle.set_read_timeout(Some(std::time::Duration::from_secs(20)))?;
    std::io::Write::write_all(&mut idle, b"GET /status HTTP/1.1\r\nHost: sandbox\r\n\r\n")?;
    let mut response = [0; 4096];
    assert!(idle.read(&mut response)? > 0);
    sandbox.close_idle_connections();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest)?;
    assert_eq!(sandbox.connections(), 2);
    Ok(())
}

#[test]
fn closing_idle_connections_keeps_those_in_use() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let pause = std::time::Duration::from_millis(200);
    sandbox.fault("GET /status", Fault::Delay(pause));
    let client = Client::new(&sandbox);
    let response = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.get("/status"));
        while sandbox.calls("GET /status") == 0 && !waiting.is_finished() {
            std::thread::yield_now();
        }
        sandbox.close_idle_connections();
        waiting.join().unwrap()
    })?;
    assert_eq!(response.status, 200);
    client.get("/status")?;
    assert_eq!(sandbox.connections(), 1, "the second call must reuse the connection");
    Ok(())
}

#[test]
fn a_dropped_sandbox_ends_hanging_calls_and_refuses_new_ones() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.fault("GET /status", Fault::Hang.always());
    let client = Client::new(&sandbox);
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| client.get("/status"));
        while sandbox.calls("GET /status") == 0 && !hanging.is_finished() {
            std::thread::yield_now();
        }
        drop(sandbox);
        hanging.join().unwrap().err().context("expected no response")?;
        client.get("/status").err().context("expected no server")?;
        anyhow::Ok(())
    })
}

#[test]
fn a_sandbox_starts_and_stops_inside_an_async_runtime() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let sandbox = Sandbox::start()?;
        sandbox.close_idle_connections();
        assert_eq!(Client::new(&sandbox).get("/status")?.status, 200);
        Ok(())
    })
}

#[test]
fn sandboxes_are_independent() -> Result<()> {
    let (one, two) = (Sandbox::start()?, Sandbox::start()?);
    assert_ne!(one.url(), two.url());
    assert_ne!(one.password().expose(), two.password().expose());
    let mut client = Client::logged_in(&one)?;
    client.url = two.url();
    assert_eq!(client.get("/api/v1/wallets")?.status, 401);
    assert_eq!((one.calls_with_dead_token(), two.calls_with_dead_token()), (0, 1));
    Ok(())
}

#[test]
fn a_sandbox_is_thread_safe_and_its_debug_text_holds_no_secret() -> Result<()> {
    fn shared<T: Send + Sync>(_: &T) {}
    let sandbox = Sandbox::start()?;
    shared(&sandbox);
    let shown = format!("{sandbox:?} {:?}", sandbox.clock());
    assert!(!shown.contains(sandbox.password().expose()) && !shown.contains(sandbox.username().expose()));
    Ok(())
}

#[test]
fn a_server_can_refuse_connections_and_accept_them_again() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let address = sandbox.url().replace("http://", "");
    for refuses in [false, true, true, false, false] {
        sandbox.refuse_connections(refuses);
        assert_eq!(TcpStream::connect(&address).is_err(), refuses);
    }
    Ok(())
}
