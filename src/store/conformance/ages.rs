//! The age of an entry, in a store that has a clock.

use std::time::Duration;

use super::handle::{Handle, SLACK, fail, slot, wait_for};
use crate::clock::Stamp;
use crate::store::TokenStore;

/// More than [`SLACK`], so that an age that does not start again is noticed.
const OLD: Duration = Duration::from_millis(1500);

pub(super) fn check<S: TokenStore>(open: &impl Fn() -> S) {
    let (one, other, slot) = (open(), open(), slot());
    let (one, other) = (Handle::new(&one, &slot), Handle::new(&other, &slot));
    let empty = one.load();
    let written = Stamp::now();
    one.write(&empty, b"first");
    if one.load().age().is_none() && other.load().age().is_none() {
        return;
    }
    wait_for("the age of an entry must grow with time", || (age(&other, written) >= OLD).then_some(()));
    let written = Stamp::now();
    one.write(&one.load(), b"second");
    for handle in [&one, &other] {
        age(handle, written);
    }
}

/// Returns the age, which must not exceed the time since the write.
fn age<S: TokenStore>(handle: &Handle<'_, S>, written: Stamp) -> Duration {
    let age =
        handle.load().age().unwrap_or_else(|| fail("a store must state the age of an entry always or never"));
    let passed = written.elapsed();
    assert!(
        age <= passed + SLACK,
        "the age of an entry must count from its last write, {passed:?} ago, but it is {age:?}",
    );
    age
}
