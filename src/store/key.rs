//! The key that encrypts what a store holds.

use std::fmt;

use zeroize::Zeroizing;

/// The key that encrypts the entries of a [`TokenStore`](super::TokenStore). Every process that shares a token set needs
/// the same one.
#[derive(Clone)]
pub struct StoreKey(Zeroizing<[u8; 32]>);

impl StoreKey {
    /// Uses 32 random bytes as the key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        StoreKey(Zeroizing::new(key))
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey([redacted])")
    }
}
