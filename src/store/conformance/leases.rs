//! A lease has one owner at a time.

use std::time::Duration;

use super::handle::{Handle, agree, fail, owner, slot, twins};
use crate::store::{Lease, TokenStore};

/// Longer than the checks take on a slow machine.
pub(super) const LONG: Duration = Duration::from_secs(60);

const UNCHANGED: &str = "acquire must leave the entry as it is";

pub(super) fn check<S: TokenStore>(open: &impl Fn() -> S) {
    let (one, other) = (open(), open());
    granted(&one, &other);
    extended(&one, &other);
    released(&one, &other);
    two_slots(&one, &other);
}

/// Asserts that another than `owner` holds the lease, which was taken for `length` not long ago.
pub(super) fn assert_held<S: TokenStore>(handle: &Handle<'_, S>, owner: &str, length: Duration, when: &str) {
    let before = handle.load();
    // A refused request for a longer lease must not make the lease longer.
    let Lease::Held(left) = handle.acquire(owner, 2 * LONG) else {
        fail(&format!("acquire must not grant a lease that another owner holds, {when}"))
    };
    assert!(
        left <= length && left + length / 3 >= length,
        "`Held` must say how long the lease still lasts, {when}: about {length:?}, not {left:?}",
    );
    assert!(agree(&handle.load(), &before), "{UNCHANGED}");
}

fn granted<S: TokenStore>(one: &S, other: &S) {
    let (slot, a, b) = (slot(), owner(), owner());
    let (one, other) = (Handle::new(one, &slot), Handle::new(other, &slot));
    let empty = one.load();
    let contents = one.take(&a, LONG, "it is free");
    assert!(agree(&contents, &empty), "acquire must return the contents of the slot");
    assert!(agree(&other.load(), &empty), "{UNCHANGED}");
    for _ in 0..2 {
        assert_held(&other, &b, LONG, "through another handle");
        assert_held(&one, &b, LONG, "through the same handle");
    }

    assert!(other.swap(&empty, b"first"), "a lease must not block a swap");
    assert_held(&other, &b, LONG, "after a swap");
    let first = other.load();
    one.release(&a);
    assert!(agree(&one.load(), &first), "a release must leave the entry as it is");
    let contents = one.take(&b, LONG, "its owner has released it");
    assert!(agree(&contents, &first), "acquire must return the contents of the slot as they are then");
    assert!(agree(&other.load(), &first), "{UNCHANGED}");
    one.release(&b);
}

fn extended<S: TokenStore>(one: &S, other: &S) {
    let (slot, a, b) = (slot(), owner(), owner());
    let (one, other) = (Handle::new(one, &slot), Handle::new(other, &slot));
    let again = "this owner holds it already";
    one.take(&a, LONG / 4, "it is free");
    one.take(&a, LONG / 2, again);
    assert_held(&other, &b, LONG / 2, "after its owner has extended it");
    other.write(&other.load(), b"first");
    let contents = other.take(&a, LONG, again);
    assert!(
        contents.entry() == Some(b"first"),
        "acquire must return the contents of the slot as they are then"
    );
    assert_held(&one, &b, LONG, "after its owner has extended it through another handle");
    one.release(&a);
    other.take(&b, LONG, "its owner has released it");
    other.release(&b);
}

fn released<S: TokenStore>(one: &S, other: &S) {
    let (slot, a, b) = (slot(), owner(), owner());
    let (one, other) = (Handle::new(one, &slot), Handle::new(other, &slot));
    one.release(&a);
    one.take(&a, LONG, "it is free");
    for handle in [&one, &other] {
        handle.release(&b);
        assert_held(handle, &b, LONG, "after a release by an owner who does not hold it");
    }
    other.release(&a);
    one.take(&b, LONG, "its owner has released it through another handle");
    one.release(&a);
    assert_held(&other, &a, LONG, "after a second release by its former owner");
    one.release(&b);
    one.release(&b);
    other.take(&a, LONG, "its owner has released it");
    other.release(&a);
}

fn two_slots<S: TokenStore>(one: &S, other: &S) {
    let ((left, right), a, b) = (twins(), owner(), owner());
    let (left, right) = (Handle::new(one, &left), Handle::new(other, &right));
    left.take(&a, LONG, "it is free");
    right.take(&b, LONG, "another slot has a lease of its own");
    right.release(&b);
    assert_held(&left, &b, LONG, "after a release of the lease of another slot");
    left.release(&a);
}
