//! A connection that breaks between two calls is replaced without an error, and no repeated request does harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use popup_rewards::store::{Lease, Slot, TokenStore};

use super::fake::{Fake, Step};
use super::{SECOND, filled, open};
use crate::common::redis_server::RedisServer;

#[test]
fn a_call_whose_reply_is_lost_is_repeated_once() -> Result<()> {
    let server = RedisServer::start()?;
    let lose = Arc::new(AtomicBool::new(false));
    let proxy = Fake::in_front_of(server.port(), &lose)?;
    let store = open(&proxy.url())?;
    let slot = Slot::random();
    let empty = store.load(&slot)?;

    let lose_next = || lose.store(true, Ordering::SeqCst);
    lose_next();
    assert!(store.swap(&slot, &empty, b"first")?, "the first request has written the entry");
    assert_eq!(proxy.count("\r\nswap\r\n"), 2);
    let held = store.load(&slot)?;
    assert_eq!(held.entry(), Some(&b"first"[..]));
    lose_next();
    assert!(!store.swap(&slot, &empty, b"second")?, "another entry is there");
    lose_next();
    assert_eq!(store.load(&slot)?.entry(), held.entry());
    lose_next();
    let Lease::Acquired(_) = store.acquire(&slot, "me", 9 * SECOND)? else { panic!("its own lease") };
    lose_next();
    store.release(&slot, "me")?;
    assert!(matches!(store.acquire(&slot, "you", SECOND)?, Lease::Acquired(_)));
    Ok(())
}

#[test]
fn an_entry_that_was_there_before_is_not_taken_for_an_own_write() -> Result<()> {
    let server = RedisServer::start()?;
    let store = open(&server.url())?;
    let slot = Slot::random();
    let empty = store.load(&slot)?;
    filled(&store, &slot, b"same")?;
    assert!(!store.swap(&slot, &empty, b"same")?);
    Ok(())
}

#[test]
fn a_broken_connection_is_replaced_once_and_then_the_call_fails() -> Result<()> {
    let steps = Step::opening().into_iter().chain([Step::Close, Step::Close, Step::reply(":1\r\n")]);
    let fake = Fake::start(steps)?;
    let store = open(&fake.url())?;
    let slot = Slot::random();
    store.release(&slot, "me").unwrap_err();
    assert_eq!(fake.count("\r\nrelease\r\n"), 3, "one while opening, and two that failed");
    store.release(&slot, "me")?;
    Ok(())
}

#[test]
fn a_connection_that_was_silent_once_is_not_used_again() -> Result<()> {
    // The late reply of the first connection must not be taken for that of a later call.
    let silence_then = [Step::Silence, Step::reply(":1\r\n"), Step::reply(":1\r\n")];
    let fake = Fake::start(Step::opening().into_iter().chain(silence_then))?;
    let store = open(&fake.url())?;
    store.release(&Slot::random(), "me")?;
    store.release(&Slot::random(), "me")?;
    Ok(())
}
