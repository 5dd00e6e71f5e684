//! Checks that any token store has to pass. Run them in the tests of your own implementation.

mod ages;
mod entries;
mod expiry;
mod handle;
mod leases;
mod races;
mod swaps;
#[cfg(test)]
mod tests;

use super::TokenStore;

/// Checks a store. `open` returns a new handle on the same storage each time, as another process would have.
///
/// Takes a few seconds. It writes only to slots of its own, with random names, and does not clear them.
///
/// # Panics
/// If the store breaks a requirement of [`TokenStore`]. The message says which one.
///
/// # Examples
/// ```no_run
/// # use popup_rewards::store::{TokenStore, conformance};
/// # trait Open: TokenStore + Sized { fn open(path: &str) -> popup_rewards::Result<Self>; }
/// # fn test<MyStore: Open>() {
/// conformance::check(|| MyStore::open("/tmp/my-store").expect("the folder is writable"));
/// # }
/// ```
pub fn check<S: TokenStore>(open: impl Fn() -> S) {
    entries::check(&open);
    swaps::check(&open);
    leases::check(&open);
    expiry::check(&open);
    races::check(&open);
    ages::check(&open);
}
