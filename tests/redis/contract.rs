//! The requirements of a token store, and what Redis holds.

use std::time::Duration;

use anyhow::Result;
use popup_rewards::ErrorKind;
use popup_rewards::store::{Lease, Slot, TokenStore, conformance};

use super::{SECOND, filled, open};
use crate::common::redis_server::RedisServer;
use crate::common::until;

#[test]
fn the_store_passes_the_conformance_checks() -> Result<()> {
    let server = RedisServer::start()?;
    conformance::check(|| open(&server.url()).unwrap());
    Ok(())
}

#[test]
fn an_entry_is_any_bytes_and_has_an_age() -> Result<()> {
    let server = RedisServer::start()?;
    let store = open(&server.url())?;
    let all_bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
    for entry in [&b""[..], b":", b"12:34", b"a\r\n$5\r\n\0\xff", &all_bytes] {
        let slot = Slot::random();
        let held = filled(&store, &slot, entry)?;
        assert_eq!(held.entry(), Some(entry));
        let later = || store.load(&slot).unwrap().age().unwrap();
        assert!(later() < 10 * SECOND);
        let first = later();
        until("the age grows", || later() > first)?;
        assert!(!store.swap(&slot, &popup_rewards::store::Contents::new("other", entry), b"x")?);
        assert!(store.swap(&slot, &held, b"next")?);
        assert!(!store.swap(&slot, &held, b"late")?);
        assert_eq!(store.load(&slot)?.entry(), Some(&b"next"[..]));
    }
    Ok(())
}

#[test]
fn a_lease_has_one_owner_and_ends() -> Result<()> {
    let server = RedisServer::start()?;
    let (store, other) = (open(&server.url())?, open(&server.url())?);
    let slot = Slot::random();
    let empty = store.load(&slot)?;
    assert_eq!(store.acquire(&slot, "me", 30 * SECOND)?, Lease::Acquired(empty.clone()));
    let Lease::Held(left) = other.acquire(&slot, "you", SECOND)? else { panic!("two owners") };
    assert!(left > 20 * SECOND && left <= 30 * SECOND, "{left:?}");
    // The owner extends its lease, and only the owner ends it.
    assert_eq!(store.acquire(&slot, "me", 90 * SECOND)?, Lease::Acquired(empty.clone()));
    other.release(&slot, "you")?;
    let Lease::Held(left) = other.acquire(&slot, "you", SECOND)? else { panic!("two owners") };
    assert!(left > 80 * SECOND, "{left:?}");
    store.release(&slot, "me")?;
    assert_eq!(other.acquire(&slot, "you", Duration::from_millis(30))?, Lease::Acquired(empty.clone()));
    until("the lease ends", || {
        store.acquire(&slot, "me", SECOND).unwrap() == Lease::Acquired(empty.clone())
    })?;
    Ok(())
}

#[test]
fn of_many_that_saw_the_same_contents_one_succeeds() -> Result<()> {
    let server = RedisServer::start()?;
    let slot = Slot::random();
    let seen = open(&server.url())?.load(&slot)?;
    let won = std::thread::scope(|scope| {
        let (server, slot, seen) = (&server, &slot, &seen);
        let threads: Vec<_> = (0..8)
            .map(|id| scope.spawn(move || open(&server.url()).unwrap().swap(slot, seen, &[id]).unwrap()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
    Ok(())
}

#[test]
fn keys_begin_with_the_prefix_and_both_end_by_themselves() -> Result<()> {
    let server = RedisServer::start()?;
    let store = open(&server.url())?.prefix("shop");
    let slot = Slot::random();
    filled(&store, &slot, b"entry")?;
    store.acquire(&slot, "me", 30 * SECOND)?;
    let keys = [format!("shop:{{{slot}}}:entry"), format!("shop:{{{slot}}}:lease")];
    let mut found: Vec<_> = server.ask(&["KEYS", "*"])?.lines().map(str::to_owned).collect();
    found.sort();
    assert_eq!(found, keys);
    let left: u64 = server.ask(&["PTTL", &keys[0]])?.parse()?;
    let eight_days = 8 * 24 * 60 * 60 * 1000;
    assert!(left > eight_days - 60_000 && left <= eight_days, "{left}");
    assert!(server.ask(&["PTTL", &keys[1]])?.parse::<u64>()? <= 30_000);
    // Another prefix is another place.
    assert_eq!(open(&server.url())?.load(&slot)?.entry(), None);
    Ok(())
}

#[test]
fn foreign_values_under_the_keys_do_no_harm() -> Result<()> {
    let server = RedisServer::start()?;
    let store = open(&server.url())?;
    let slot = Slot::random();
    let (entry, lease) =
        (format!("popup-rewards:{{{slot}}}:entry"), format!("popup-rewards:{{{slot}}}:lease"));
    server.tell(&["SET", &entry, "no time"])?;
    let held = store.load(&slot)?;
    assert_eq!((held.entry(), held.age()), (Some(&b"no time"[..]), None));
    assert!(store.swap(&slot, &held, b"new")?);
    // A lease without an end would block everybody forever.
    server.tell(&["SET", &lease, "other"])?;
    assert!(matches!(store.acquire(&slot, "me", SECOND)?, Lease::Acquired(_)));
    // From the future: the clock of the server was set back.
    server.tell(&["SET", &entry, "99999999999999:x"])?;
    assert_eq!(store.load(&slot)?.age(), Some(Duration::ZERO));
    server.ask(&["DEL", &entry])?;
    server.ask(&["LPUSH", &entry, "x"])?;
    let error = store.load(&slot).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(format!("{error:?}").contains("WRONGTYPE"), "{error:?}");
    Ok(())
}

#[test]
fn no_text_of_the_store_shows_a_secret() -> Result<()> {
    let server = RedisServer::start_with(&["--requirepass", "hunter2"])?;
    let url = format!("redis://:hunter2@127.0.0.1:{}", server.port());
    let shown = format!("{:?}", open(&url)?);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains(&server.port().to_string()), "{shown}");
    Ok(())
}
