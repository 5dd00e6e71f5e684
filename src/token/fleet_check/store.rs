//! The store of the model: one entry, one lease, and what it held before.

use std::time::Duration;

use super::defects::Defect;

/// A token pair, by the number under which the server issued it.
pub(super) type Number = u8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    pub(super) version: u64,
    /// The origin of the storage when the entry was written.
    pub(super) origin: u8,
    /// The pair whose access token it holds, and when that expires.
    pub(super) access: Option<(Number, Duration)>,
    pub(super) refresh: Option<Number>,
    /// Until when logins are paused, and the refusals in a row.
    pub(super) refused: Option<(Duration, u32)>,
}

impl Entry {
    pub(super) fn empty(version: u64) -> Self {
        Entry { version, origin: 0, access: None, refresh: None, refused: None }
    }
}

/// The contents of the slot. Two are equal only if their bytes and origins are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Contents {
    pub(super) origin: u8,
    /// Counts the writes, because no two writes produce the same bytes. 0 if the slot is empty.
    write: u8,
    pub(super) entry: Entry,
}

impl Contents {
    pub(super) fn empty(origin: u8) -> Self {
        Contents { origin, write: 0, entry: Entry::empty(0) }
    }
}

/// A flight, as the holder of a lease: the process, its run, and the flight's id.
pub(super) type Owner = (usize, u8, u64);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) contents: Contents,
    pub(super) lease: Option<(Owner, Duration)>,
    /// The contents before the last writes, latest first.
    earlier: [Option<Contents>; 2],
    writes: u8,
    /// Whether it has lost an entry.
    pub(super) has_lost: bool,
}

impl Store {
    pub(super) fn new() -> Self {
        Store { contents: Contents::empty(0), lease: None, earlier: [None; 2], writes: 0, has_lost: false }
    }

    pub(super) fn acquire(
        &mut self,
        owner: Owner,
        until: Duration,
        now: Duration,
        defect: Defect,
    ) -> Option<Contents> {
        let is_held = self.lease.is_some_and(|(holder, until)| holder != owner && until > now);
        if is_held && defect != Defect::LeaseLies {
            return None;
        }
        self.lease = Some((owner, until));
        Some(self.contents)
    }

    pub(super) fn swap(&mut self, seen: &Contents, entry: Entry, defect: Defect) -> bool {
        if *seen != self.contents && defect != Defect::NoCompare {
            return false;
        }
        if defect != Defect::ForgetsWrites {
            self.earlier = [Some(self.contents), self.earlier[0]];
            self.writes += 1;
            let origin = self.contents.origin;
            self.contents = Contents { origin, write: self.writes, entry: Entry { origin, ..entry } };
        }
        true
    }

    pub(super) fn release(&mut self, owner: Owner) {
        self.lease.take_if(|(holder, _)| *holder == owner);
    }

    /// Loses everything, as `FLUSHALL` does.
    pub(super) fn empty(&mut self) {
        self.has_lost = true;
        self.contents = Contents::empty(self.contents.origin);
        (self.lease, self.earlier) = (None, [None; 2]);
    }

    /// Loses the last writes, as a failover does. The storage then has another origin. Returns `false` if there were
    /// not as many.
    pub(super) fn lose(&mut self, writes: usize) -> bool {
        let Some(contents) = self.earlier[writes - 1] else { return false };
        self.has_lost = true;
        self.contents = Contents { origin: self.contents.origin + 1, ..contents };
        (self.lease, self.earlier) = (None, [None; 2]);
        true
    }
}
