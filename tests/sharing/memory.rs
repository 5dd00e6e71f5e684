//! A store in memory, written like that of a user, with faults that a test plants.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use popup_rewards::store::{Contents, Lease, Slot, StoreKey, TokenStore};
use popup_rewards::{Clock, Error, Result};

use crate::common::clock::TestClock;
use crate::common::until;

/// A handle on the storage. Clones share it.
#[derive(Clone)]
pub(crate) struct MemoryStore {
    key: StoreKey,
    clock: TestClock,
    /// Whether it knows how old its entries are.
    pub(crate) knows_ages: bool,
    pub(crate) storage: Arc<Mutex<Storage>>,
}

type Hook = Arc<dyn Fn(&'static str) -> Fault + Send + Sync>;

#[derive(Default)]
pub(crate) struct Storage {
    pub(crate) origin: String,
    pub(crate) entries: HashMap<String, Vec<u8>>,
    pub(crate) written: HashMap<String, Duration>,
    /// The owner of each lease, and when it ends.
    pub(crate) leases: HashMap<String, (String, Duration)>,
    /// The calls so far.
    pub(crate) calls: Vec<&'static str>,
    hook: Option<Hook>,
}

/// What goes wrong in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Fails, and does nothing.
    Fails,
    /// Does what it should, but its response is lost.
    Lost,
    Panics,
}

impl MemoryStore {
    pub(crate) fn new(clock: &TestClock) -> Self {
        let storage = Storage { origin: "first".to_owned(), ..Storage::default() };
        MemoryStore {
            key: StoreKey::new([7; 32]),
            clock: clock.clone(),
            knows_ages: true,
            storage: Arc::new(Mutex::new(storage)),
        }
    }

    pub(crate) fn with_key(&self, key: StoreKey) -> Self {
        MemoryStore { key, ..self.clone() }
    }

    /// Calls `hook` before each call, outside every lock.
    pub(crate) fn at_each_call(&self, hook: impl Fn(&'static str) -> Fault + Send + Sync + 'static) {
        self.storage.lock().hook = Some(Arc::new(hook));
    }

    /// Makes every call of this name fail.
    pub(crate) fn fail(&self, name: &'static str, fault: Fault) {
        self.at_each_call(move |call| if call == name { fault } else { Fault::None });
    }

    pub(crate) fn works_again(&self) {
        self.storage.lock().hook = None;
    }

    pub(crate) fn calls(&self, name: &str) -> usize {
        self.storage.lock().calls.iter().filter(|call| **call == name).count()
    }

    /// The bytes of the only entry.
    pub(crate) fn entry(&self) -> Vec<u8> {
        let storage = self.storage.lock();
        assert!(storage.entries.len() <= 1);
        storage.entries.values().next().cloned().unwrap_or_default()
    }

    /// Replaces the bytes of the only entry.
    pub(crate) fn put(&self, bytes: &[u8]) {
        for entry in self.storage.lock().entries.values_mut() {
            *entry = bytes.to_vec();
        }
    }

    /// Gives the lease of the only slot to somebody else.
    pub(crate) fn take_lease(&self, length: Duration) {
        let mut storage = self.storage.lock();
        let until = self.clock.monotonic() + length;
        let slots: Vec<String> = storage.entries.keys().cloned().collect();
        storage.leases.extend(slots.into_iter().map(|slot| (slot, ("somebody".to_owned(), until))));
    }

    /// Waits until the lease is free, which is the last thing that a flight does.
    ///
    /// Before that, another session could find the lease held. Its pauses take no real time, so the lease would end for
    /// it while its holder is still at work.
    pub(crate) fn settle(&self) {
        until("the lease is free", || self.storage.lock().leases.is_empty()).unwrap();
    }

    fn call<R>(&self, name: &'static str, run: impl FnOnce(&mut Storage) -> R) -> Result<R> {
        let hook = self.storage.lock().hook.clone();
        let fault = hook.map_or(Fault::None, |hook| hook(name));
        let mut storage = self.storage.lock();
        storage.calls.push(name);
        match fault {
            Fault::Panics => std::panic::resume_unwind(Box::new("on purpose")),
            Fault::Fails => return Err(Error::store("the memory is down", "on purpose")),
            Fault::None | Fault::Lost => {}
        }
        let result = run(&mut storage);
        if fault == Fault::Lost {
            return Err(Error::store("the response was lost", "on purpose"));
        }
        Ok(result)
    }

    fn contents(&self, storage: &Storage, slot: &Slot) -> Contents {
        let slot = slot.as_str();
        let Some((entry, written)) = storage.entries.get(slot).zip(storage.written.get(slot)) else {
            return Contents::empty(&*storage.origin);
        };
        let age = self.clock.monotonic().saturating_sub(*written);
        let contents = Contents::new(&*storage.origin, entry.clone());
        if self.knows_ages { contents.aged(age) } else { contents }
    }
}

impl TokenStore for MemoryStore {
    fn key(&self) -> &StoreKey {
        &self.key
    }

    fn load(&self, slot: &Slot) -> Result<Contents> {
        self.call("load", |storage| self.contents(storage, slot))
    }

    fn acquire(&self, slot: &Slot, owner: &str, length: Duration) -> Result<Lease> {
        let now = self.clock.monotonic();
        self.call("acquire", |storage| {
            match storage.leases.get(slot.as_str()) {
                Some((holder, until)) if holder != owner && *until > now => {
                    return Lease::Held(until.saturating_sub(now));
                }
                _ => storage.leases.insert(slot.to_string(), (owner.to_owned(), now + length)),
            };
            Lease::Acquired(self.contents(storage, slot))
        })
    }

    fn swap(&self, slot: &Slot, seen: &Contents, entry: &[u8]) -> Result<bool> {
        let now = self.clock.monotonic();
        self.call("swap", |storage| {
            let current = storage.entries.get(slot.as_str()).map(Vec::as_slice);
            if current != seen.entry() || storage.origin != seen.origin() {
                return false;
            }
            storage.entries.insert(slot.to_string(), entry.to_vec());
            storage.written.insert(slot.to_string(), now);
            true
        })
    }

    fn release(&self, slot: &Slot, owner: &str) -> Result<()> {
        self.call("release", |storage| {
            if storage.leases.get(slot.as_str()).is_some_and(|(holder, _)| holder == owner) {
                storage.leases.remove(slot.as_str());
            }
        })
    }
}
