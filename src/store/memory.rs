//! A correct token store in memory, for tests. A clone is another handle on the same storage.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{Contents, Lease, Slot, StoreKey, TokenStore};
use crate::Result;

#[derive(Clone)]
pub(crate) struct MemoryStore {
    key: StoreKey,
    places: Arc<Mutex<HashMap<Slot, Place>>>,
}

/// What the storage has for one slot.
#[derive(Default)]
pub(super) struct Place {
    pub(super) entry: Option<(Vec<u8>, Instant)>,
    /// The owner, and the instant at which the lease ends.
    pub(super) lease: Option<(String, Instant)>,
}

const ORIGIN: &str = "memory-1";

impl MemoryStore {
    pub(crate) fn new(key: StoreKey) -> Self {
        MemoryStore { key, places: Arc::default() }
    }

    pub(super) fn with<T>(&self, slot: &Slot, act: impl FnOnce(&mut Place) -> T) -> T {
        act(self.places.lock().entry(slot.clone()).or_default())
    }
}

impl Place {
    fn contents(&self) -> Contents {
        match &self.entry {
            Some((entry, written)) => Contents::new(ORIGIN, entry.clone()).aged(written.elapsed()),
            None => Contents::empty(ORIGIN),
        }
    }

    /// Returns the owner of the lease and the rest of its life, if it has not ended.
    pub(super) fn holder(&self) -> Option<(&str, Duration)> {
        let (owner, end) = self.lease.as_ref()?;
        let left = end.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some((owner, left))
    }
}

impl TokenStore for MemoryStore {
    fn key(&self) -> &StoreKey {
        &self.key
    }

    fn load(&self, slot: &Slot) -> Result<Contents> {
        Ok(self.with(slot, |place| place.contents()))
    }

    fn acquire(&self, slot: &Slot, owner: &str, length: Duration) -> Result<Lease> {
        Ok(self.with(slot, |place| match place.holder() {
            Some((holder, left)) if holder != owner => Lease::Held(left),
            _ => {
                place.lease = Some((owner.to_owned(), Instant::now() + length));
                Lease::Acquired(place.contents())
            }
        }))
    }

    fn swap(&self, slot: &Slot, seen: &Contents, entry: &[u8]) -> Result<bool> {
        Ok(self.with(slot, |place| {
            let now = place.contents();
            let same = (seen.origin(), seen.entry()) == (now.origin(), now.entry());
            if same {
                place.entry = Some((entry.to_vec(), Instant::now()));
            }
            same
        }))
    }

    fn release(&self, slot: &Slot, owner: &str) -> Result<()> {
        self.with(slot, |place| {
            if place.holder().is_some_and(|(holder, _)| holder == owner) {
                place.lease = None;
            }
        });
        Ok(())
    }
}
