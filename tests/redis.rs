//! The token store in Redis, against real servers and against fakes.
#![cfg(unix)]

mod common;

#[expect(clippy::unwrap_used, reason = "a failure in a helper fails the calling test")]
mod redis {
    mod cluster;
    mod contract;
    mod fake;
    mod forks;
    mod lost_replies;
    mod refusals;
    mod restarts;
    mod sessions;
    mod time_limits;
    mod tls;

    use std::time::Duration;

    use anyhow::Result;
    use popup_rewards::store::{Contents, RedisTokenStore, Slot, StoreKey, TokenStore};

    pub(crate) const SECOND: Duration = Duration::from_secs(1);

    pub(crate) fn open(url: &str) -> popup_rewards::Result<RedisTokenStore> {
        RedisTokenStore::open(url, StoreKey::new([7; 32]))
    }

    /// Writes an entry to an empty slot, and returns what the slot then holds.
    pub(crate) fn filled(store: &RedisTokenStore, slot: &Slot, entry: &[u8]) -> Result<Contents> {
        let empty = store.load(slot)?;
        anyhow::ensure!(store.swap(slot, &empty, entry)?, "the slot was not empty");
        Ok(store.load(slot)?)
    }
}
