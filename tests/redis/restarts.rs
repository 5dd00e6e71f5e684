//! Servers that restart, and servers that are emptied.

use anyhow::Result;
use popup_rewards::ErrorKind;
use popup_rewards::store::{Lease, Slot, TokenStore};

use super::{SECOND, filled, open};
use crate::common::redis_server::RedisServer;

#[test]
fn a_restarted_server_has_another_origin_and_the_entry_of_its_snapshot() -> Result<()> {
    let mut server = RedisServer::start()?;
    let store = open(&server.url())?;
    let slot = Slot::random();
    let saved = filled(&store, &slot, b"saved")?;
    server.snapshot()?;
    assert!(store.swap(&slot, &saved, b"lost")?);
    let lost = store.load(&slot)?;
    assert_eq!(lost.origin(), saved.origin());

    server.kill()?;
    assert_eq!(store.load(&slot).unwrap_err().kind(), ErrorKind::Store);
    server.restart()?;
    let found = store.load(&slot)?;
    assert_eq!(found.entry(), Some(&b"saved"[..]));
    assert_ne!(found.origin(), saved.origin());
    // What was seen before the restart replaces nothing, although the bytes are the same.
    assert!(!store.swap(&slot, &saved, b"new")?);
    assert!(store.swap(&slot, &found, b"new")?);
    Ok(())
}

#[test]
fn a_server_that_restarts_between_two_calls_is_no_error() -> Result<()> {
    let mut server = RedisServer::start()?;
    let store = open(&server.url())?;
    let slot = Slot::random();
    let seen = filled(&store, &slot, b"gone")?;
    server.kill()?;
    server.restart()?;
    let found = store.load(&slot)?;
    assert_eq!(found.entry(), None);
    assert_ne!(found.origin(), seen.origin());
    Ok(())
}

#[test]
fn an_emptied_server_is_an_empty_slot() -> Result<()> {
    let server = RedisServer::start()?;
    let store = open(&server.url())?;
    let slot = Slot::random();
    let seen = filled(&store, &slot, b"entry")?;
    store.acquire(&slot, "me", 30 * SECOND)?;
    server.tell(&["FLUSHALL"])?;
    // The scripts are forgotten too.
    server.tell(&["SCRIPT", "FLUSH"])?;
    let empty = store.load(&slot)?;
    assert_eq!((empty.entry(), empty.origin()), (None, seen.origin()));
    assert_eq!(store.acquire(&slot, "you", SECOND)?, Lease::Acquired(empty.clone()));
    assert!(!store.swap(&slot, &seen, b"new")?);
    assert!(store.swap(&slot, &empty, b"new")?);
    Ok(())
}

#[test]
fn a_connection_that_the_server_closed_is_replaced() -> Result<()> {
    let server = RedisServer::start()?;
    let store = open(&server.url())?;
    let slot = Slot::random();
    let held = filled(&store, &slot, b"entry")?;
    server.ask(&["CLIENT", "KILL", "TYPE", "normal"])?;
    assert_eq!(store.load(&slot)?.entry(), held.entry());
    server.ask(&["CLIENT", "KILL", "TYPE", "normal"])?;
    assert!(store.swap(&slot, &held, b"next")?);
    Ok(())
}
