//! What several test programs share.
#![allow(dead_code, unused_imports, reason = "each test program uses the part it needs")]

pub(crate) mod clock;
pub(crate) mod errors;
pub(crate) mod mock;
pub(crate) mod peer;
pub(crate) mod verticals;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Far longer than anything here takes: what never comes shows as a failure, not as a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what another thread does.
pub(crate) fn until(what: &str, reached: impl Fn() -> bool) -> Result<()> {
    let started = Instant::now();
    while !reached() {
        ensure!(started.elapsed() < PATIENCE, "{what}: it does not come to that");
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
