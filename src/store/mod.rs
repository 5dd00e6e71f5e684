//! Token stores: one token set for several processes, and for a program that is run often.
//!
//! Without a store, every process logs in for itself. The API allows ten logins a minute, so a script in a shell loop
//! fails at its eleventh run. A [`TokenStore`] keeps the token set between runs and shares it between machines.
//!
//! A store holds bytes that the session has encrypted, under a [`Slot`] for each API key. It sees neither tokens nor
//! credentials. To write your own, implement [`TokenStore`] and run [`conformance::check`] on it.

pub mod conformance;
mod contents;
mod key;
#[cfg(test)]
pub(crate) mod memory;
#[cfg(any(feature = "redis", feature = "file-store"))]
mod passphrase;
#[cfg_attr(not(test), expect(dead_code, reason = "no session has a store yet"))]
mod sealing;
mod token_store;

pub use contents::Contents;
pub use key::StoreKey;
pub use token_store::{Lease, Slot, TokenStore};
