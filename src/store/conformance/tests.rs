//! A correct store passes, and each wrong one fails with the requirement that it breaks.

mod defect;
mod defective;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use self::defect::Defect::{self, *};
use self::defective::Defective;
use super::check;
use crate::store::StoreKey;
use crate::store::memory::MemoryStore;

#[test]
fn a_correct_store_passes_within_seconds() {
    let (started, store) = (Instant::now(), MemoryStore::new(StoreKey::new([7; 32])));
    check(|| store.clone());
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn a_store_without_a_clock_passes() {
    assert_eq!(message(HasNoClock), None);
}

/// Returns the message of the check that a defective store fails.
fn message(defect: Defect) -> Option<String> {
    let store = Defective::new(defect);
    let panic = catch_unwind(AssertUnwindSafe(|| check(|| store.open()))).err()?;
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    Some(text.unwrap_or_else(|| panic.downcast_ref::<String>().unwrap().clone()))
}

fn assert_fails(defect: Defect, requirement: &str) {
    let message = message(defect).unwrap_or_else(|| panic!("{defect:?} passes"));
    assert!(message.contains(requirement), "{defect:?}: {message}");
}

#[test]
fn what_was_written_must_be_found() {
    assert_fails(Fails, "load must not fail while the storage is available: failed to load: no route");
    assert_fails(HasNoOrigin, "the origin must not be empty");
    assert_fails(HasAnOriginPerHandle, "the origin must be the same through another handle");
    assert_fails(ForgetsAWrite, "must return, byte for byte, what a swap wrote");
    assert_fails(TruncatesAtNul, "must return, byte for byte, what a swap wrote");
    assert_fails(TakesAnEmptyEntryForAnEmptySlot, "must return, byte for byte, what a swap wrote");
    assert_fails(LimitsEntries, "must return, byte for byte, what a swap wrote: 65536 bytes");
    assert_fails(CachesPerHandle, "a load through another handle must return");
    assert_fails(KeepsAStoragePerHandle, "a load through another handle must return");
    assert_fails(HidesWritesFromNewHandles, "a load through a new handle must return");
    assert_fails(StartsWithAnEntry, "a slot that nobody has written must be empty");
}

#[test]
fn a_swap_must_compare() {
    assert_fails(NeverSwaps, "a swap must succeed if the slot still holds what `seen` holds");
    assert_fails(DoesNotCompare, "a swap must return false if the slot is empty and `seen` holds an entry");
    assert_fails(ComparesEmptiness, "a swap must return false if `seen` holds another entry");
    assert_fails(ComparesLengths, "a swap must return false if `seen` holds another entry");
    assert_fails(IgnoresTheOrigin, "a swap must return false if `seen` has another origin");
    assert_fails(WritesAndReturnsFalse, "a swap must change nothing if the slot is empty");
    assert_fails(ComparesTheAge, "a swap must ignore the age of `seen`");
    assert_fails(RefusesAnEqualEntry, "succeed with an entry that equals the old one");
    assert_fails(MixesSlots, "a swap must not change another slot");
}

#[test]
fn a_swap_must_be_atomic() {
    assert_fails(ComparesAndThenWrites, "exactly one of 4 swaps that saw the same contents must succeed");
    assert_fails(WritesAfterALostRace, "the slot must hold the entry of the swap that succeeded");
    assert_fails(WritesInParts, "a load during a swap must return either the old entry or the new one");
    assert_fails(OverlooksTwoWrites, "no successful swap may be lost");
}

#[test]
fn a_lease_must_have_one_owner() {
    assert_fails(GrantsToEverybody, "acquire must not grant a lease that another owner holds");
    assert_fails(GrantsToTheNext, "acquire must not grant a lease that another owner holds");
    assert_fails(EndsALeaseAtOnce, "acquire must not grant a lease that another owner holds");
    assert_fails(NeverGrants, "acquire must grant the lease: it is free");
    assert_fails(AsksAndThenGrants, "exactly one of 4 requests for a free lease must succeed");
    assert_fails(RefusesItsOwner, "acquire must grant the lease: this owner holds it already");
    assert_fails(KnowsItsOwnerPerHandle, "acquire must grant the lease: this owner holds it already");
    assert_fails(
        DoesNotExtend,
        "`Held` must say how long the lease still lasts, after its owner has extended it",
    );
    assert_fails(ExtendsForOthers, "`Held` must say how long the lease still lasts, through the same handle");
    assert_fails(
        DoesNotKnowTheRest,
        "`Held` must say how long the lease still lasts, through another handle",
    );
    assert_fails(LeasesAllSlotsAtOnce, "acquire must grant the lease: another slot has a lease of its own");
}

#[test]
fn a_lease_must_not_concern_the_entry() {
    assert_fails(ReturnsOldContents, "acquire must return the contents of the slot as they are then");
    assert_fails(BlocksSwaps, "a lease must not block a swap");
    assert_fails(ClearsWhenGranted, "acquire must leave the entry as it is");
    assert_fails(ClearsWhenRefused, "acquire must leave the entry as it is");
    assert_fails(ClearsWhenReleased, "a release must leave the entry as it is");
    assert_fails(
        EndsALeaseWithASwap,
        "acquire must not grant a lease that another owner holds, after a swap",
    );
}

#[test]
fn only_the_owner_must_release_a_lease() {
    assert_fails(ReleasesForAnybody, "after a release by an owner who does not hold it");
    assert_fails(ReleasesForFormerOwners, "after a second release by its former owner");
    assert_fails(DoesNotRelease, "acquire must grant the lease: its owner has released it");
}

#[test]
fn a_lease_must_end_by_itself_but_not_early() {
    assert_fails(EndsALeaseEarly, "a lease must not end before its time");
    assert_fails(ClearsWhenALeaseEnds, "the end of a lease must leave the entry as it is");
    assert_fails(RemembersTheFirstEnd, "after its owner has extended it");
}

#[test]
fn a_lease_must_end_by_itself() {
    assert_fails(NeverEndsALease, "a lease that nobody releases must end by itself, but not within 5s");
}

#[test]
fn an_age_must_count_from_the_last_write() {
    assert_fails(ExaggeratesTheAge, "the age of an entry must count from its last write");
    assert_fails(HasAClockInOneHandle, "a store must state the age of an entry always or never");
    assert_fails(CountsFromTheFirstWrite, "the age of an entry must count from its last write");
}

#[test]
fn an_age_must_grow() {
    assert_fails(HasAClockThatStandsStill, "the age of an entry must grow with time, but not within 5s");
}
