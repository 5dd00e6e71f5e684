//! A file that is not what the store has written.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use popup_rewards::store::{Lease, Slot, TokenStore};

use super::scene::{Child, Folder, every_call, holds, is_store_error, swap_current};

/// The contents of unreadable files: garbage, and a file that was cut short at several places.
fn unreadable(slot: &Slot) -> Result<Vec<Vec<u8>>> {
    let folder = Folder::new()?;
    folder.with_entry(slot, b"entry")?;
    let good = fs::read(folder.tokens())?;
    let cut = [0, 1, good.len() / 2, good.len() - 1].map(|at| good.split_at(at).0.to_vec());
    let garbage =
        [&b"\xff\0garbage"[..], b"{}", b"[]", b"{\"format\":0,\"slots\":{}}", b"{\"format\":1,\"slots\":7}"];
    Ok(cut.into_iter().chain(garbage.map(<[u8]>::to_vec)).collect())
}

#[test]
fn an_unreadable_file_is_an_entry_that_a_swap_replaces() -> Result<()> {
    let slot = Slot::random();
    for bytes in unreadable(&slot)? {
        let folder = Folder::new()?;
        let store = folder.open()?;
        fs::write(folder.tokens(), &bytes)?;
        let seen = store.load(&slot)?;
        ensure!(seen.entry() == Some(&*bytes), "{seen:?} for {bytes:?}");
        ensure!(!store.swap(&slot, &popup_rewards::store::Contents::empty(seen.origin()), b"new")?);
        ensure!(fs::read(folder.tokens())? == bytes);
        ensure!(store.swap(&slot, &seen, b"new")?);
        holds(&store, &slot, b"new")?;
        ensure!(store.load(&Slot::random())?.entry().is_none(), "the old bytes are gone");
    }
    Ok(())
}

#[test]
fn a_lease_on_an_unreadable_file_keeps_its_bytes() -> Result<()> {
    let slot = Slot::random();
    for bytes in unreadable(&slot)? {
        let folder = Folder::new()?;
        let store = folder.open()?;
        fs::write(folder.tokens(), &bytes)?;
        store.release(&slot, "me")?;
        ensure!(fs::read(folder.tokens())? == bytes);
        let Lease::Acquired(seen) = store.acquire(&slot, "me", Duration::from_secs(60))? else {
            anyhow::bail!("the lease is held");
        };
        ensure!(seen.entry() == Some(&*bytes));
        ensure!(matches!(store.acquire(&slot, "you", Duration::from_secs(60))?, Lease::Held(_)));
        ensure!(store.swap(&slot, &seen, b"new")?);
    }
    Ok(())
}

#[test]
fn a_newer_format_is_left_alone() -> Result<()> {
    let folder = Folder::new()?;
    let store = folder.open()?;
    let newer = br#"{"format":2,"tokens":["something new"]}"#;
    fs::write(folder.tokens(), newer)?;
    for error in every_call(&store, &Slot::random()) {
        is_store_error(error, &["tokens was written by a newer version", "format 2"])?;
    }
    ensure!(fs::read(folder.tokens())? == newer);
    Ok(())
}

#[test]
fn the_slots_of_others_stay_as_they_are() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.open()?;
    let other = r#"{ "entry" : "b3RoZXI=",  "new member" : [1.50, {}] }"#;
    fs::write(folder.tokens(), format!(r#"{{"format":1,"slots":{{"other":{other}}}}}"#))?;
    ensure!(swap_current(&store, &slot, b"mine")?);
    store.acquire(&slot, "me", Duration::from_secs(1))?;
    store.release(&slot, "me")?;
    let text = fs::read_to_string(folder.tokens())?;
    ensure!(text.contains(other), "{text}");
    Ok(())
}

#[test]
fn one_unreadable_slot_is_an_entry_that_a_swap_replaces() -> Result<()> {
    for garbled in [r#"{"entry":"no base64"}"#, "[1]", r#"{"lease":{"owner":"me"}}"#, r#"{"entry":5}"#] {
        let (folder, slot) = (Folder::new()?, Slot::random());
        let store = folder.open()?;
        let other = r#"{"entry":"b3RoZXI="}"#;
        fs::write(
            folder.tokens(),
            format!(r#"{{"format":1,"slots":{{"{slot}":{garbled},"other":{other}}}}}"#),
        )?;
        holds(&store, &slot, garbled.as_bytes())?;
        ensure!(swap_current(&store, &slot, b"new")?);
        holds(&store, &slot, b"new")?;
        ensure!(fs::read_to_string(folder.tokens())?.contains(other));
    }
    Ok(())
}

#[test]
fn a_file_that_is_no_ordinary_file_is_an_error() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.open()?;
    let pipe = std::ffi::CString::new(folder.tokens().to_str().context("the path is no text")?)?;
    // SAFETY: the path ends with a zero.
    ensure!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) } == 0);
    // In a child, which is ended if it waits for a writer of the pipe.
    Child::run(|| {
        every_call(&store, &slot)
            .into_iter()
            .try_for_each(|error| is_store_error(error, &["failed to read", "not a regular file"]))
    })?
    .succeeds()?;
    fs::remove_file(folder.tokens())?;
    // A sparse file: it takes no space.
    fs::File::create(folder.tokens())?.set_len(1 << 40)?;
    for error in every_call(&store, &slot) {
        is_store_error(error, &["larger than 16 MiB"])?;
    }
    Ok(())
}

#[test]
fn an_entry_that_would_make_the_file_too_large_is_refused() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.with_entry(&slot, b"old")?;
    let seen = store.load(&slot)?;
    is_store_error(store.swap(&slot, &seen, &vec![0; 13 << 20]).err(), &["larger than 16 MiB"])?;
    holds(&store, &slot, b"old")?;
    Ok(())
}
