//! A process that shares its tokens through a file and forks.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use popup_rewards::store::{EncryptedFileStore, Slot, StoreKey};
use popup_rewards::{Clock, Session, SystemClock};

use super::linux::{FIFTY_SIX_MINUTES, beside_child, in_child, same, session_with};
use crate::common::until;

const TWO_HOURS: Duration = Duration::from_secs(2 * 3600);

/// The time of the system, and some seconds more. Parent and child wait for each other, so their pauses take real time.
#[derive(Clone)]
struct LateClock(SystemClock, Arc<AtomicU64>);

impl LateClock {
    fn advance(&self, by: Duration) {
        self.1.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    fn late_by(&self) -> Duration {
        Duration::from_secs(self.1.load(Ordering::SeqCst))
    }
}

impl Clock for LateClock {
    fn monotonic(&self) -> Duration {
        self.0.monotonic() + self.late_by()
    }

    fn wall(&self) -> SystemTime {
        self.0.wall() + self.late_by()
    }

    /// A token of an hour is refreshed after 52.5 minutes.
    fn random(&self) -> f64 {
        0.5
    }
}

/// A folder for the store. The child leaves it to its parent.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

/// Returns a session that has saved its tokens, in a process with a single thread. The folder is to be dropped last.
fn session() -> Result<(Folder, Session, LateClock)> {
    let clock = LateClock(SystemClock::new(), Arc::default());
    let folder = Folder(std::env::temp_dir().join(format!("popup-fork-{}", Slot::random())));
    let store = EncryptedFileStore::open(folder.0.join("tokens"), StoreKey::new([7; 32]))?;
    let session = session_with(|builder| builder.clock(clock.clone()).token_store(store))?;
    landed()?;
    Ok((folder, session, clock))
}

/// Waits until the thread of the flight has ended, which saves the pair.
fn landed() -> Result<()> {
    until("a single thread is left", || {
        fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
    })
}

pub(super) fn in_turn() -> Result<()> {
    let (_folder, session, clock) = session()?;
    in_child(|| {
        clock.advance(TWO_HOURS);
        session.countries()?;
        same("refreshes in the child", session.stats().refreshes, 1)?;
        landed()
    })?;
    // The token of the child, and then the refresh token of the child.
    clock.advance(TWO_HOURS);
    session.countries()?;
    same("refreshes in the parent", session.stats().refreshes, 0)?;
    clock.advance(TWO_HOURS);
    session.countries()?;
    same("refreshes in the parent", session.stats().refreshes, 1)
}

pub(super) const ROUNDS: u64 = 5;

pub(super) fn at_once() -> Result<()> {
    let (_folder, session, clock) = session()?;
    for _ in 0..ROUNDS {
        let renew = || {
            clock.advance(TWO_HOURS);
            session.countries()?;
            landed()
        };
        beside_child(renew, renew)?;
    }
    Ok(())
}

pub(super) fn dropped() -> Result<()> {
    let (_folder, session, clock) = session()?;
    let mut session = Some(session);
    in_child(|| {
        clock.advance(FIFTY_SIX_MINUTES);
        if let Some(session) = session.take() {
            session.access_token()?;
            until("the early refresh", || session.stats().refreshes == 1)?;
        }
        Ok(())
    })?;
    let session = session.context("the parent's session is missing")?;
    clock.advance(TWO_HOURS);
    session.countries()?;
    same("refreshes in the parent", session.stats().refreshes, 1)
}
