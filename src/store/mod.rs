//! Token stores: one token set for several processes, and for a program that is run often.
//!
//! Without a store, every process logs in for itself. The API allows ten logins a minute, so a script in a shell loop
//! fails at its eleventh run. A [`TokenStore`] keeps the token set between runs and shares it between machines.
//!
//! A store holds bytes that the session has encrypted, under a [`Slot`] for each API key. It sees neither tokens nor
//! credentials. To write your own, implement [`TokenStore`] and run [`conformance::check`] on it.

pub mod conformance;
mod contents;
mod entry;
mod key;
#[cfg(any(feature = "redis", feature = "file-store"))]
mod passphrase;
mod sealing;
mod token_store;

pub use contents::Contents;
pub(crate) use entry::{Entry, Opened, Refusal, StoredTokens};
pub use key::StoreKey;
pub(crate) use sealing::SealingKey;
pub use token_store::{Lease, Slot, TokenStore};
