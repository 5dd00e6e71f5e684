//! Many threads and processes at once.

use std::sync::Barrier;
use std::time::Duration;

use anyhow::{Result, ensure};
use popup_rewards::store::{EncryptedFileStore, Lease, Slot, TokenStore};

use super::scene::{Child, Folder, open, swap_current, until};

const PROCESSES: u64 = 4;
const THREADS: u64 = 3;
const SWAPS: u64 = 20;

fn count(store: &EncryptedFileStore, slot: &Slot) -> Result<u64> {
    let seen = store.load(slot)?;
    seen.entry().map_or(Ok(0), |entry| Ok(std::str::from_utf8(entry)?.trim_end().parse()?))
}

/// Counts up until this many swaps have succeeded.
fn count_up(store: &EncryptedFileStore, slot: &Slot) -> Result<()> {
    for _ in 0..SWAPS {
        until("a swap succeeds", || {
            let Ok(seen) = store.load(slot) else { return false };
            let text = String::from_utf8_lossy(seen.entry().unwrap_or(b"0")).into_owned();
            // An error here is a lock that others held for a second. Nothing was written then.
            text.parse::<u64>().is_ok_and(|number| {
                store.swap(slot, &seen, (number + 1).to_string().as_bytes()).unwrap_or_default()
            })
        })?;
    }
    Ok(())
}

#[test]
fn of_all_swaps_that_saw_the_same_contents_one_succeeds() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.open()?;
    let children = (0..PROCESSES).map(|_| {
        Child::run(|| {
            std::thread::scope(|scope| {
                let threads = [(); 3].map(|()| {
                    scope.spawn(|| {
                        count_up(&store, &slot)?;
                        // Another handle in the same process.
                        count_up(&open(folder.tokens())?, &slot)
                    })
                });
                threads.into_iter().try_for_each(|thread| match thread.join() {
                    Ok(result) => result,
                    Err(_) => anyhow::bail!("a thread panicked"),
                })
            })
        })
    });
    let children = children.collect::<Result<Vec<_>>>()?;
    children.into_iter().try_for_each(Child::succeeds)?;
    let total = PROCESSES * THREADS * 2 * SWAPS;
    ensure!(count(&store, &slot)? == total, "{} of {total} swaps", count(&store, &slot)?);
    Ok(())
}

#[test]
fn a_process_that_is_killed_in_a_write_leaves_a_good_file() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.with_entry(&slot, b"0")?;
    let filler = " ".repeat(64 << 10);
    for round in 0..30 {
        let before = count(&store, &slot)?;
        let child = Child::run(|| {
            for number in before.. {
                swap_current(&store, &slot, format!("{number}{filler}").as_bytes())?;
            }
            Ok(())
        })?;
        until("the child has written", || count(&store, &slot).is_ok_and(|now| now > before + round % 3))?;
        child.kill();
        ensure!(count(&store, &slot)? > before, "round {round}");
        ensure!(swap_current(&store, &slot, count(&store, &slot)?.to_string().as_bytes())?);
        ensure!(!folder.join("tokens.tmp").exists());
    }
    Ok(())
}

#[test]
fn of_many_owners_one_gets_the_lease() -> Result<()> {
    let folder = Folder::new()?;
    let store = folder.open()?;
    for _ in 0..10 {
        let (slot, start) = (Slot::random(), Barrier::new(8));
        let acquired = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|owner| {
                    let (store, slot, start) = (&store, &slot, &start);
                    scope.spawn(move || {
                        start.wait();
                        store.acquire(slot, &owner.to_string(), Duration::from_secs(60))
                    })
                })
                .collect();
            let leases = threads.into_iter().filter_map(|thread| thread.join().ok()?.ok());
            leases.filter(|lease| matches!(lease, Lease::Acquired(_))).count()
        });
        ensure!(acquired == 1, "{acquired} owners");
    }
    Ok(())
}
