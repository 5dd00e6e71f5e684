//! Sessions that share their tokens through real servers, which fail over or hang.

use std::cell::Cell;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use parking_lot::Mutex;
use popup_rewards::sandbox::Sandbox;
use popup_rewards::store::RedisTokenStore;
use popup_rewards::{EventKind, Session, SessionBuilder, SessionState};

use super::cluster::Cluster;
use super::open;
use crate::common::clock::TestClock;
use crate::common::redis_server::RedisServer;
use crate::common::until;

const MINUTE: Duration = Duration::from_secs(60);
/// The deadline of a call while the server is stopped.
const DEADLINE: Duration = Duration::from_secs(10);

/// Returns a session, and what its observer has seen.
fn session(
    sandbox: &Sandbox,
    store: RedisTokenStore,
    set: impl FnOnce(SessionBuilder) -> SessionBuilder,
) -> Result<(Session, Arc<Mutex<Vec<EventKind>>>)> {
    let events = Arc::new(Mutex::new(Vec::new()));
    let observed = Arc::clone(&events);
    let builder = Session::builder(&sandbox.url(), sandbox.credentials())
        .token_store(store)
        .observer(move |event| observed.lock().push(event.kind));
    Ok((set(builder).build()?, events))
}

fn auth_calls(sandbox: &Sandbox) -> (u64, u64) {
    (sandbox.calls("POST /auth/login"), sandbox.calls("POST /auth/refresh"))
}

#[test]
fn a_promoted_replica_that_lags_behind_makes_nobody_present_a_spent_refresh_token() -> Result<()> {
    let (mut cluster, sandbox) = (Cluster::start()?, Sandbox::start()?);
    // The tag puts the keys of every slot on the master that has a replica.
    let tag = format!("{{{}}}", cluster.slot_of(0)?);
    let urls = cluster.urls();
    let start =
        || -> Result<Session> { Ok(session(&sandbox, open(&urls)?.prefix(&tag), |builder| builder)?.0) };
    let keys = |node: &RedisServer| node.ask(&["DBSIZE"]);
    let settle = |node: &RedisServer, count: &str| {
        until("the tokens are saved and the lease is free", || keys(node).unwrap() == count)
    };
    let (first, second) = (start()?, start()?);
    first.countries()?;
    settle(&cluster.masters[0], "1")?;
    settle(&cluster.replica, "1")?;
    second.countries()?;
    ensure!(auth_calls(&sandbox) == (1, 0), "{:?}", auth_calls(&sandbox));

    // The replica keeps the refresh token that is presented now.
    cluster.cut_off_replica()?;
    first.refresh()?;
    settle(&cluster.masters[0], "1")?;
    second.countries()?;
    ensure!(auth_calls(&sandbox) == (1, 1), "{:?}", auth_calls(&sandbox));
    cluster.masters[0].kill()?;
    first.countries()?;
    second.countries()?;
    cluster.replica.resume()?;
    ensure!(keys(&cluster.replica)? == "1", "the replica lost the older entry");
    cluster.promote(&cluster.masters[1..])?;

    // A third process finds only the older entry.
    let third = start()?;
    thread::scope(|scope| {
        let renewals = [&first, &second].map(|session| scope.spawn(|| session.refresh()));
        let call = scope.spawn(|| third.countries());
        renewals.into_iter().try_for_each(|renewal| renewal.join().unwrap())?;
        call.join().unwrap().map(drop)
    })?;
    for session in [&first, &second, &third] {
        session.countries()?;
    }
    let (logins, refreshes) = auth_calls(&sandbox);
    ensure!((2..=3).contains(&logins), "{logins} logins");
    ensure!(sandbox.refresh_tokens_presented_twice() == 0, "a refresh token was presented twice");
    // They share a token set again.
    settle(&cluster.replica, "1")?;
    second.refresh()?;
    settle(&cluster.replica, "1")?;
    first.countries()?;
    third.countries()?;
    ensure!(auth_calls(&sandbox) == (logins, refreshes + 1), "{:?}", auth_calls(&sandbox));
    ensure!(sandbox.refresh_tokens_presented_twice() == 0, "a refresh token was presented twice");
    Ok(())
}

#[test]
fn a_call_with_a_live_token_does_not_wait_for_a_stopped_server() -> Result<()> {
    let (server, sandbox) = (RedisServer::start()?, Sandbox::start()?);
    let clock = TestClock::following(&sandbox);
    let (session, events) =
        session(&sandbox, open(&server.url())?, |builder| builder.clock(clock).deadline(DEADLINE))?;
    session.countries()?;
    until("the lease is free", || server.ask(&["DBSIZE"]).unwrap() == "1")?;
    let stopped = server.stopped()?;
    let (calls, longest) = (Cell::new(0), Cell::new(Duration::ZERO));
    let call = || -> Result<()> {
        longest.set(longest.get().max(timed(|| session.countries())?));
        calls.set(calls.get() + 1);
        Ok(())
    };
    (0..100).try_for_each(|_| call())?;
    ensure!(session.status().state == SessionState::Fresh, "{:?}", session.status());
    ensure!(*events.lock() == [EventKind::Minted], "{:?}", events.lock());

    // The renewal waits for the server until it gives up, and the calls go on meanwhile.
    sandbox.advance(54 * MINUTE);
    until("the renewal gives up", || {
        call().unwrap();
        events.lock().contains(&EventKind::StoreFailed)
    })?;
    ensure!(calls.get() > 110, "{} calls until the renewal gave up", calls.get());
    (0..100).try_for_each(|_| call())?;
    ensure!(session.status().state == SessionState::Expiring, "{:?}", session.status());
    ensure!(auth_calls(&sandbox) == (1, 0), "{:?}", auth_calls(&sandbox));
    println!(
        "with a live token, server stopped: {} calls, the longest took {:?}",
        calls.get(),
        longest.get()
    );

    drop(stopped);
    sandbox.advance(MINUTE / 4);
    session.countries()?;
    until("the token is renewed", || session.status().generation == 2)?;
    ensure!(auth_calls(&sandbox) == (1, 1), "{:?}", auth_calls(&sandbox));
    Ok(())
}

#[test]
fn a_session_without_a_token_logs_in_while_the_server_is_stopped() -> Result<()> {
    let (server, sandbox) = (RedisServer::start()?, Sandbox::start()?);
    let start = || {
        let clock = TestClock::following(&sandbox);
        session(&sandbox, open(&server.url())?, |builder| builder.clock(clock).deadline(DEADLINE))
    };
    let (first, second) = (start()?, start()?);
    first.0.countries()?;
    until("the lease is free", || server.ask(&["DBSIZE"]).unwrap() == "1")?;
    let _stopped = server.stopped()?;
    println!("without a token, server stopped: {:?}", timed(|| second.0.countries())?);
    sandbox.advance(120 * MINUTE);
    println!("with an expired token, server stopped: {:?}", timed(|| first.0.countries())?);
    for (logins, (_, events)) in [(2, first), (1, second)] {
        let count = |kind| events.lock().iter().filter(|event| **event == kind).count();
        until("the flight has ended", || count(EventKind::StoreFailed) == 1)?;
        ensure!(count(EventKind::Minted) == logins, "{:?}", events.lock());
    }
    // The refresh token in the store is not touched.
    ensure!(auth_calls(&sandbox) == (3, 0), "{:?}", auth_calls(&sandbox));
    Ok(())
}

/// Returns how long a call took, which must succeed.
fn timed<T>(call: impl FnOnce() -> popup_rewards::Result<T>) -> Result<Duration> {
    let began = Instant::now();
    call()?;
    Ok(began.elapsed())
}
