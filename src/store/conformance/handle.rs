//! What all checks share: calls that must not fail, names, and waiting.

use std::error::Error as _;
use std::thread;
use std::time::Duration;

use crate::clock::{Stamp, random_bytes};
use crate::store::{Contents, Lease, Slot, TokenStore};
use crate::{Error, hex};

/// One slot, through one handle of a store. A call that fails breaks a requirement.
pub(super) struct Handle<'a, S> {
    store: &'a S,
    slot: &'a Slot,
}

impl<'a, S: TokenStore> Handle<'a, S> {
    pub(super) fn new(store: &'a S, slot: &'a Slot) -> Self {
        Handle { store, slot }
    }

    pub(super) fn load(&self) -> Contents {
        self.store.load(self.slot).unwrap_or_else(|error| unavailable("load", &error))
    }

    pub(super) fn swap(&self, seen: &Contents, entry: &[u8]) -> bool {
        self.store.swap(self.slot, seen, entry).unwrap_or_else(|error| unavailable("swap", &error))
    }

    /// Swaps the contents that were just seen.
    pub(super) fn write(&self, seen: &Contents, entry: &[u8]) {
        assert!(self.swap(seen, entry), "a swap must succeed if the slot still holds what `seen` holds");
    }

    pub(super) fn acquire(&self, owner: &str, length: Duration) -> Lease {
        self.store.acquire(self.slot, owner, length).unwrap_or_else(|error| unavailable("acquire", &error))
    }

    /// Takes a lease that must be granted because of `reason`.
    pub(super) fn take(&self, owner: &str, length: Duration, reason: &str) -> Contents {
        match self.acquire(owner, length) {
            Lease::Acquired(contents) => contents,
            Lease::Held(_) => fail(&format!("acquire must grant the lease: {reason}")),
        }
    }

    pub(super) fn release(&self, owner: &str) {
        self.store.release(self.slot, owner).unwrap_or_else(|error| unavailable("release", &error));
    }
}

/// How much clocks may disagree: a store may count in seconds.
pub(super) const SLACK: Duration = Duration::from_secs(1);

/// How long a check waits for what must happen within a second or two.
const PATIENCE: Duration = Duration::from_secs(5);

/// Calls the closure until it returns a value. Fails with the requirement if it does not in time.
pub(super) fn wait_for<T>(requirement: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let started = Stamp::now();
    loop {
        if let Some(value) = poll() {
            return value;
        }
        assert!(started.elapsed() < PATIENCE, "{requirement}, but not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Returns a slot that nobody uses.
pub(super) fn slot() -> Slot {
    twins().0
}

/// Returns two slots that nobody uses, whose names differ only in the last digit.
pub(super) fn twins() -> (Slot, Slot) {
    let mut name = hex::encode(&random_bytes::<32>());
    name.pop();
    (Slot::new(format!("{name}0")), Slot::new(format!("{name}1")))
}

/// Returns the name of an owner that nobody uses.
pub(super) fn owner() -> String {
    hex::encode(&random_bytes::<16>())
}

/// Whether two readings of a slot agree. The age may differ.
pub(super) fn agree(one: &Contents, other: &Contents) -> bool {
    one.origin() == other.origin() && one.entry() == other.entry()
}

#[expect(clippy::panic, reason = "a check reports what is wrong by a panic, as an assertion does")]
pub(super) fn fail(message: &str) -> ! {
    panic!("{message}")
}

fn unavailable(call: &str, error: &Error) -> ! {
    let cause = error.source().map_or(String::new(), |cause| format!(": {cause}"));
    fail(&format!("{call} must not fail while the storage is available: {error}{cause}"))
}
