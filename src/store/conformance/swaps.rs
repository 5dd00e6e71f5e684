//! A swap compares, and changes one slot only.

use std::time::Duration;

use super::handle::{Handle, agree, slot, twins};
use crate::store::{Contents, TokenStore};

pub(super) fn check<S: TokenStore>(open: &impl Fn() -> S) {
    let (one, other) = (open(), open());
    stale(&one, &other);
    ages_and_equal_entries(&one, &other);
    two_slots(&one, &other);
}

/// Swaps that saw anything but the current contents.
fn stale<S: TokenStore>(one: &S, other: &S) {
    let slot = slot();
    let (one, other) = (Handle::new(one, &slot), Handle::new(other, &slot));
    let empty = one.load();
    let origin = empty.origin();

    for entry in [&b""[..], b"first"] {
        let seen = Contents::new(origin, entry);
        refused(&other, &seen, "if the slot is empty and `seen` holds an entry");
    }
    refused_with_other_origins(&other, &empty);

    one.write(&empty, b"");
    refused(&other, &empty, "if the slot holds an entry of zero bytes and `seen` is empty");
    one.write(&one.load(), b"first");
    refused(&other, &empty, "if the slot holds an entry and `seen` is empty");
    for entry in [&b""[..], b"f", b"firs", b"first\0", b"firsu", b"First", b"first "] {
        refused(&other, &Contents::new(origin, entry), "if `seen` holds another entry");
    }
    refused_with_other_origins(&other, &one.load());

    let first = one.load();
    one.write(&first, b"second");
    refused(&other, &first, "if `seen` holds an older entry");
}

fn refused_with_other_origins<S: TokenStore>(handle: &Handle<'_, S>, now: &Contents) {
    for origin in [format!("{}x", now.origin()), String::new()] {
        let seen = match now.entry() {
            Some(entry) => Contents::new(origin, entry),
            None => Contents::empty(origin),
        };
        refused(handle, &seen, "if `seen` has another origin");
    }
}

fn refused<S: TokenStore>(handle: &Handle<'_, S>, seen: &Contents, when: &str) {
    let before = handle.load();
    assert!(!handle.swap(seen, b"stale"), "a swap must return false {when}");
    assert!(agree(&handle.load(), &before), "a swap must change nothing {when}");
}

/// Swaps that must succeed although something differs, or although nothing does.
fn ages_and_equal_entries<S: TokenStore>(one: &S, other: &S) {
    let slot = slot();
    let (one, other) = (Handle::new(one, &slot), Handle::new(other, &slot));
    let empty = one.load();
    let hour = Duration::from_secs(3600);
    assert!(one.swap(&empty.clone().aged(hour), b"first"), "a swap must ignore the age of `seen`");
    let first = Contents::new(empty.origin(), b"first");
    for seen in [first.clone(), first.aged(hour)] {
        // Some databases count a row that is replaced by an equal one as not changed.
        assert!(
            other.swap(&seen, b"first"),
            "a swap must ignore the age of `seen` and succeed with an entry that equals the old one",
        );
    }
}

fn two_slots<S: TokenStore>(one: &S, other: &S) {
    let (left, right) = twins();
    let (left, right) = (Handle::new(one, &left), Handle::new(other, &right));
    let empty = right.load();
    left.write(&left.load(), b"left");
    assert!(agree(&right.load(), &empty), "a swap must not change another slot");
    right.write(&empty, b"right");
    assert!(left.load().entry() == Some(b"left"), "a swap must not change another slot");
}
