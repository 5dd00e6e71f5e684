//! Helpers that several test programs share.
#![allow(dead_code, unused_imports, reason = "each test program uses the part it needs")]

pub(crate) mod clock;
pub(crate) mod errors;
pub(crate) mod mock;
pub(crate) mod peer;
#[cfg(all(unix, feature = "redis"))]
pub(crate) mod redis_server;
pub(crate) mod verticals;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// How long to wait for another thread. A test that would hang fails after this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until another thread has made the condition true.
pub(crate) fn until(what: &str, reached: impl Fn() -> bool) -> Result<()> {
    let started = Instant::now();
    while !reached() {
        ensure!(started.elapsed() < PATIENCE, "timed out: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
