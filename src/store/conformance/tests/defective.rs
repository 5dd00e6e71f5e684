//! A store that is correct but for one defect.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::super::handle::agree;
use super::defect::Defect::{self, *};
use crate::store::memory::MemoryStore;
use crate::store::{Contents, Lease, Slot, StoreKey, TokenStore};
use crate::{Error, Result};

/// One handle of the store.
pub(super) struct Defective {
    defect: Defect,
    right: MemoryStore,
    handles: Arc<AtomicU32>,
    handle: u32,
    /// What this handle has loaded, and the number of writes until then.
    loaded: Mutex<HashMap<Slot, (Contents, u32)>>,
    notes: Arc<Mutex<HashMap<Slot, Note>>>,
}

/// What a defect needs to know about a slot.
struct Note {
    writes: u32,
    first_write: Instant,
    lease_end: Option<Instant>,
    owners: Vec<String>,
}

impl Default for Note {
    fn default() -> Self {
        Note { writes: 0, first_write: Instant::now(), lease_end: None, owners: Vec::new() }
    }
}

/// Long enough for another thread to come between.
const GAP: Duration = Duration::from_millis(1);

impl Defective {
    pub(super) fn new(defect: Defect) -> Self {
        Defective {
            defect,
            right: MemoryStore::new(StoreKey::new([7; 32])),
            handles: Arc::default(),
            handle: 0,
            loaded: Mutex::default(),
            notes: Arc::default(),
        }
    }

    /// Returns another handle on the same storage.
    pub(super) fn open(&self) -> Self {
        let new = Defective::new(self.defect);
        Defective {
            right: if self.defect == KeepsAStoragePerHandle { new.right } else { self.right.clone() },
            handles: Arc::clone(&self.handles),
            handle: self.handles.fetch_add(1, Ordering::Relaxed),
            notes: Arc::clone(&self.notes),
            ..new
        }
    }

    fn slot(&self, slot: &Slot) -> Slot {
        let digits = if self.defect == MixesSlots { 63 } else { 64 };
        Slot::new(slot.as_str().chars().take(digits).collect())
    }

    fn note<T>(&self, slot: &Slot, act: impl FnOnce(&mut Note) -> T) -> T {
        act(self.notes.lock().entry(slot.clone()).or_default())
    }

    /// Returns what this handle has loaded first.
    fn first_loaded(&self, slot: &Slot, now: Contents) -> Contents {
        self.loaded.lock().entry(slot.clone()).or_insert((now, 0)).0.clone()
    }

    /// Writes without a comparison.
    fn write(&self, slot: &Slot, entry: &[u8]) {
        self.right.with(slot, |place| place.entry = Some((entry.to_vec(), Instant::now())));
    }

    /// Writes if a comparison has succeeded.
    fn write_if(&self, same: bool, slot: &Slot, entry: &[u8]) -> bool {
        if same {
            self.write(slot, entry);
        }
        same
    }
}

fn with(origin: &str, entry: Option<&[u8]>) -> Contents {
    entry.map_or_else(|| Contents::empty(origin), |entry| Contents::new(origin, entry))
}

impl TokenStore for Defective {
    fn key(&self) -> &StoreKey {
        self.right.key()
    }

    fn load(&self, slot: &Slot) -> Result<Contents> {
        let slot = &self.slot(slot);
        let (now, writes) = self.note(slot, |note| (self.right.load(slot), note.writes));
        let now = now?;
        let age = now.age().unwrap_or_default();
        if self.defect == OverlooksTwoWrites {
            self.loaded.lock().insert(slot.clone(), (now.clone(), writes));
        }
        Ok(match self.defect {
            Fails => return Err(Error::store("failed to load", std::io::Error::other("no route"))),
            HasNoClock => with(now.origin(), now.entry()),
            HasNoOrigin => with("", now.entry()),
            HasAnOriginPerHandle => with(&format!("handle {}", self.handle), now.entry()),
            TakesAnEmptyEntryForAnEmptySlot if now.entry() == Some(b"") => Contents::empty(now.origin()),
            StartsWithAnEntry if now.entry().is_none() => Contents::new(now.origin(), b"start"),
            HidesWritesFromNewHandles if self.handle > 1 => Contents::empty(now.origin()),
            HasAClockInOneHandle if self.handle % 2 == 1 => with(now.origin(), now.entry()),
            CachesPerHandle => self.first_loaded(slot, now),
            ExaggeratesTheAge => now.aged(age + Duration::from_secs(3)),
            CountsFromTheFirstWrite => now.aged(self.note(slot, |note| note.first_write.elapsed())),
            HasAClockThatStandsStill => now.aged(Duration::ZERO),
            _ => now,
        })
    }

    fn acquire(&self, slot: &Slot, owner: &str, length: Duration) -> Result<Lease> {
        let slot = &self.slot(slot);
        let now = self.right.load(slot)?;
        let holder =
            self.right.with(slot, |place| place.holder().map(|(holder, left)| (holder == owner, left)));
        match (self.defect, holder) {
            (GrantsToEverybody, _) | (DoesNotExtend, Some((true, _))) => return Ok(Lease::Acquired(now)),
            (GrantsToTheNext, _) => self.right.with(slot, |place| place.lease = None),
            (EndsALeaseAtOnce, _) => return self.right.acquire(slot, owner, Duration::ZERO),
            (EndsALeaseEarly, _) => {
                return self.right.acquire(slot, owner, length.saturating_sub(Duration::from_millis(100)));
            }
            (NeverGrants, _) => return Ok(Lease::Held(length)),
            (NeverEndsALease, None) if self.right.with(slot, |place| place.lease.is_some()) => {
                return Ok(Lease::Held(GAP));
            }
            (AsksAndThenGrants, None) => {
                thread::sleep(GAP);
                self.right.with(slot, |place| place.lease = None);
            }
            (ClearsWhenGranted, None) => {
                let lease = self.right.acquire(slot, owner, length);
                self.right.with(slot, |place| place.entry = None);
                return lease;
            }
            (ClearsWhenALeaseEnds, None) => self.right.with(slot, |place| {
                place.entry = if place.lease.is_some() { None } else { place.entry.take() };
            }),
            (ClearsWhenRefused, Some((false, _))) => self.right.with(slot, |place| place.entry = None),
            (ReleasesForFormerOwners, None) => self.note(slot, |note| note.owners.push(owner.to_owned())),
            (RefusesItsOwner, Some((true, left))) => return Ok(Lease::Held(left)),
            (KnowsItsOwnerPerHandle, _) => {
                return self.right.acquire(slot, &format!("{owner}-{}", self.handle), length);
            }
            (ExtendsForOthers, Some((false, left))) => {
                let end = Instant::now() + length;
                self.right.with(slot, |place| place.lease.as_mut().map(|lease| lease.1 = end));
                return Ok(Lease::Held(left));
            }
            (DoesNotKnowTheRest, Some((false, _))) => return Ok(Lease::Held(GAP)),
            (LeasesAllSlotsAtOnce, _) => {
                return Ok(match self.right.acquire(&Slot::new("all".to_owned()), owner, length)? {
                    Lease::Acquired(_) => Lease::Acquired(now),
                    held @ Lease::Held(_) => held,
                });
            }
            (ReturnsOldContents, _) => {
                let old = self.first_loaded(slot, now);
                return Ok(match self.right.acquire(slot, owner, length)? {
                    Lease::Acquired(_) => Lease::Acquired(old),
                    held @ Lease::Held(_) => held,
                });
            }
            (RemembersTheFirstEnd, None) => {
                self.note(slot, |note| note.lease_end = Some(Instant::now() + length));
            }
            (RemembersTheFirstEnd, Some(_))
                if self.note(slot, |note| note.lease_end.is_some_and(|end| end < Instant::now())) =>
            {
                self.right.with(slot, |place| place.lease = None);
            }
            _ => {}
        }
        self.right.acquire(slot, owner, length)
    }

    fn swap(&self, slot: &Slot, seen: &Contents, entry: &[u8]) -> Result<bool> {
        let slot = &self.slot(slot);
        let now = self.right.load(slot)?;
        let same_origin = seen.origin() == now.origin();
        let length = |contents: &Contents| contents.entry().map(<[u8]>::len);
        let swapped = match self.defect {
            ForgetsAWrite => agree(seen, &now),
            TruncatesAtNul => {
                let text = entry.split(|byte| *byte == 0).next().unwrap();
                self.right.swap(slot, seen, text)?
            }
            LimitsEntries => self.right.swap(slot, seen, &entry[..entry.len().min(65_535)])?,
            NeverSwaps => false,
            DoesNotCompare => self.write_if(true, slot, entry),
            ComparesEmptiness => {
                let same = seen.entry().is_some() == now.entry().is_some();
                self.write_if(same && same_origin, slot, entry)
            }
            ComparesLengths => self.write_if(length(seen) == length(&now) && same_origin, slot, entry),
            IgnoresTheOrigin => self.right.swap(slot, &with(now.origin(), seen.entry()), entry)?,
            WritesAndReturnsFalse => {
                self.write(slot, entry);
                agree(seen, &now)
            }
            ComparesTheAge if seen.age().is_some_and(|age| age.as_secs() > 60) => false,
            RefusesAnEqualEntry if now.entry() == Some(entry) => false,
            ComparesAndThenWrites => {
                thread::sleep(GAP);
                self.write_if(agree(seen, &now), slot, entry)
            }
            WritesAfterALostRace => {
                thread::sleep(GAP);
                let swapped = self.right.swap(slot, seen, entry)?;
                self.write_if(agree(seen, &now) && !swapped, slot, entry);
                swapped
            }
            WritesInParts => {
                let swapped = self.right.swap(slot, seen, &entry[..entry.len() / 2])?;
                thread::sleep(GAP);
                self.write_if(swapped, slot, entry)
            }
            OverlooksTwoWrites => {
                thread::sleep(GAP * (self.handle % 4));
                let loaded = self.loaded.lock().get(slot).cloned();
                self.note(slot, |note| {
                    let unchanged = loaded.is_some_and(|(contents, writes)| {
                        agree(&contents, seen) && writes % 2 == note.writes % 2
                    });
                    let swapped =
                        self.write_if(unchanged, slot, entry) || self.right.swap(slot, seen, entry)?;
                    note.writes += u32::from(swapped);
                    Ok::<_, Error>(swapped)
                })?
            }
            BlocksSwaps if self.right.with(slot, |place| place.holder().is_some()) => false,
            _ => self.right.swap(slot, seen, entry)?,
        };
        if swapped && self.defect == CachesPerHandle {
            self.loaded.lock().remove(slot);
        }
        if swapped && self.defect == EndsALeaseWithASwap {
            self.right.with(slot, |place| place.lease = None);
        }
        Ok(swapped)
    }

    fn release(&self, slot: &Slot, owner: &str) -> Result<()> {
        let slot = &self.slot(slot);
        match self.defect {
            ReleasesForAnybody => self.right.with(slot, |place| place.lease = None),
            ClearsWhenReleased => self.right.with(slot, |place| place.entry = None),
            ReleasesForFormerOwners
                if self.note(slot, |note| note.owners.iter().any(|name| name == owner)) =>
            {
                self.right.with(slot, |place| place.lease = None);
            }
            DoesNotRelease => return Ok(()),
            KnowsItsOwnerPerHandle => return self.right.release(slot, &format!("{owner}-{}", self.handle)),
            LeasesAllSlotsAtOnce => return self.right.release(&Slot::new("all".to_owned()), owner),
            _ => {}
        }
        self.right.release(slot, owner)
    }
}
