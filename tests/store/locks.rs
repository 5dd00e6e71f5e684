//! The lock of the operating system.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use popup_rewards::store::{Slot, TokenStore};

use super::scene::{Child, Folder, holds, is_store_error, swap_current, until};

/// Starts a process that locks the file, says so by a file, and waits to be killed.
fn holder(folder: &Folder) -> Result<Child> {
    let child = Child::run(|| {
        let file = File::options().write(true).open(folder.join("tokens.lock"))?;
        // SAFETY: the descriptor is open.
        ensure!(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX) } == 0);
        File::create(folder.join("locked"))?;
        loop {
            std::thread::park();
        }
    })?;
    until("the other process has the lock", || folder.join("locked").exists())?;
    Ok(child)
}

/// Makes all calls that need the lock. Each must fail after about a second.
fn calls_fail(folder: &Folder, store: &dyn TokenStore, slot: &Slot) -> Result<()> {
    let seen = store.load(slot)?;
    let calls: [(&str, &dyn Fn() -> Option<popup_rewards::Error>); 4] = [
        ("acquire", &|| store.acquire(slot, "me", Duration::from_secs(1)).err()),
        ("swap", &|| store.swap(slot, &seen, b"new").err()),
        ("release", &|| store.release(slot, "me").err()),
        ("open", &|| super::scene::open(folder.tokens()).err()),
    ];
    for (name, call) in calls {
        let started = Instant::now();
        is_store_error(call(), &["tokens.lock is locked by another process"])?;
        let took = started.elapsed();
        ensure!(took > Duration::from_millis(900) && took < Duration::from_secs(2), "{name}: {took:?}");
    }
    Ok(())
}

#[test]
fn while_another_process_holds_the_lock_calls_fail_and_a_load_succeeds() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.with_entry(&slot, b"old")?;
    let child = holder(&folder)?;
    calls_fail(&folder, &store, &slot)?;
    // A stopped process keeps its lock.
    child.signal(libc::SIGSTOP);
    calls_fail(&folder, &store, &slot)?;
    holds(&store, &slot, b"old")?;
    child.kill();
    ensure!(swap_current(&store, &slot, b"new")?, "the lock of a killed process is free");
    Ok(())
}

#[test]
fn a_lock_file_that_is_left_does_not_block() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let child = holder_of_new_folder(&folder)?;
    child.kill();
    ensure!(folder.join("tokens.lock").exists());
    ensure!(swap_current(&folder.open()?, &slot, b"new")?);
    Ok(())
}

fn holder_of_new_folder(folder: &Folder) -> Result<Child> {
    drop(folder.open()?);
    holder(folder)
}

#[test]
fn a_deleted_lock_file_is_created_again_with_another_origin() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.with_entry(&slot, b"old")?;
    let seen = store.load(&slot)?;
    std::fs::remove_file(folder.join("tokens.lock"))?;
    ensure!(!store.swap(&slot, &seen, b"new")?);
    ensure!(store.load(&slot)?.origin() != seen.origin());
    Ok(())
}

/// The threads of the parent hold the lock at any time. A child that is forked then must not wait for them.
#[test]
fn children_forked_under_load_can_use_the_store() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.open()?;
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    store.acquire(&slot, "parent", Duration::ZERO).map(drop).unwrap_or_default();
                }
            });
        }
        let all = (0..20).try_for_each(|_| {
            Child::run(|| {
                until("the child is served", || store.acquire(&slot, "child", Duration::ZERO).is_ok())
            })?
            .succeeds()
        });
        stop.store(true, Ordering::Relaxed);
        all
    })
}
