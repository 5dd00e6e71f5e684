//! A lease ends by itself, and not too early.

use std::time::Duration;

use super::handle::{Handle, agree, owner, slot, wait_for};
use super::leases::{LONG, assert_held};
use crate::clock::Stamp;
use crate::store::{Lease, TokenStore};

const SHORT: Duration = Duration::from_millis(300);

/// A store may round a length to milliseconds, and its clock may run a little faster.
const ROUNDING: Duration = Duration::from_millis(10);

pub(super) fn check<S: TokenStore>(open: &impl Fn() -> S) {
    let (one, other, slot) = (open(), open(), slot());
    let (one, other) = (Handle::new(&one, &slot), Handle::new(&other, &slot));
    let (a, b, c) = (owner(), owner(), owner());
    one.write(&one.load(), b"first");
    let first = one.load();

    let started = Stamp::now();
    one.take(&a, SHORT, "it is free");
    let contents =
        wait_for("a lease that nobody releases must end by itself", || match other.acquire(&b, LONG) {
            Lease::Acquired(contents) => Some(contents),
            Lease::Held(_) => None,
        });
    let held = started.elapsed();
    assert!(
        held + ROUNDING >= SHORT,
        "a lease must not end before its time: after {held:?} instead of {SHORT:?}"
    );
    assert!(agree(&contents, &first), "the end of a lease must leave the entry as it is");

    assert_held(&one, &a, LONG, "as its former owner whose lease has ended");
    one.release(&a);
    assert_held(&one, &c, LONG, "after a release by a former owner whose lease has ended");
    other.release(&b);

    one.take(&a, SHORT, "it is free");
    other.take(&a, LONG, "this owner holds it already");
    // The end of the first lease must have no effect on the second.
    let started = Stamp::now();
    wait_for("time must pass", || {
        assert_held(&one, &b, LONG, "after its owner has extended it");
        (started.elapsed() > 2 * SHORT).then_some(())
    });
    one.release(&a);
}
