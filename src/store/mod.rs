//! Token stores: one token set for several processes, and for a program that is run often.
//!
//! Without a store, every process logs in for itself. The API allows ten logins a minute, so a script in a shell loop
//! fails at its eleventh run. And a refresh token works only once, so processes that share one without care end each
//! other's sessions. Pass a store to [`SessionBuilder::token_store`](crate::SessionBuilder::token_store) and all of them
//! use one token set: one logs in, one at a time refreshes, and the others adopt the result.
//!
//! End such a program without a logout, and the tokens remain for the next run.
//! [`logout`](crate::Session::logout) ends the session of every process.
//!
//! # Which store
//!
//! | | `EncryptedFileStore` | `KeyringStore` | `RedisTokenStore` |
//! |---|---|---|---|
//! | Feature | `file-store` | `keyring` | `redis` |
//! | Shares between | processes and runs on one machine | the same, of one user | any number of machines |
//! | Tokens are in | a file of mode 0600 | the same | a Redis server or Cluster |
//! | The key is | yours | in the keychain of the system | yours |
//! | What may lose the last writes | a copied or restored folder | the same | a restart, a failover |
//! | What the session does then | tries the old access token, never the old refresh token, and logs in | the same | the same |
//! | What is down or hangs costs | 1 second | 1 second | 2 seconds |
//!
//! # When the store is down
//!
//! A call with a valid token never waits for the store. Without one, the session waits for the store for at most about
//! two seconds, and then logs in for itself alone. It never presents a refresh token that the store may hold. Its next
//! renewal returns to the store. The [observer](crate::SessionBuilder::observer) gets
//! [`StoreFailed`](crate::EventKind::StoreFailed) with the reason, and a warning is logged.
//!
//! | What happens | What it costs |
//! |---|---|
//! | a process dies while it renews the tokens | the others wait up to 15 seconds if their token has expired; one login |
//! | the pair cannot be saved | this session logs in when its token expires |
//! | an entry is damaged | a login; the entry is replaced |
//! | an entry has a newer format | it is left alone, and this session logs in for itself |
//! | the key is another one | its entry has another [`Slot`], so nothing is shared |
//! | the server refuses the credentials | all processes with these credentials wait 30 seconds before the next login, then longer |
//!
//! # Your own store
//!
//! A store holds bytes that the session has encrypted, under a [`Slot`] for each API key. It sees neither tokens nor
//! credentials. Implement [`TokenStore`] and run [`conformance::check`] in your tests.

pub mod conformance;
mod contents;
mod entry;
#[cfg(feature = "file-store")]
mod file;
mod key;
#[cfg(feature = "keyring")]
mod keyring;
#[cfg(test)]
pub(crate) mod memory;
#[cfg(any(feature = "redis", feature = "file-store"))]
mod passphrase;
#[cfg(feature = "redis")]
mod redis;
mod sealing;
mod token_store;

pub use contents::Contents;
pub(crate) use entry::{Entry, Opened, Refusal, StoredTokens};
#[cfg(feature = "file-store")]
pub use file::EncryptedFileStore;
pub use key::StoreKey;
#[cfg(feature = "keyring")]
pub use keyring::KeyringStore;
#[cfg(feature = "redis")]
pub use redis::RedisTokenStore;
pub(crate) use sealing::SealingKey;
pub use token_store::{Lease, Slot, TokenStore};
