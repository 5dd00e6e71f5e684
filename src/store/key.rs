//! The key that encrypts what a store holds.

mod variable;

use std::fmt;

use zeroize::Zeroizing;

#[cfg(any(feature = "redis", feature = "file-store"))]
use super::passphrase::Passphrase;
use crate::Result;

/// The shortest passphrase, in characters.
pub(super) const SHORTEST: usize = 12;

/// The key that encrypts the entries of a [`TokenStore`](super::TokenStore). Every process that shares a token set needs
/// the same one.
///
/// It is wiped from memory on drop and never printed:
///
/// ```
/// # let random = || [7; 32];
/// let key = popup_rewards::store::StoreKey::new(random());
/// assert_eq!(format!("{key:?}"), "StoreKey([redacted])");
/// ```
#[derive(Clone)]
pub struct StoreKey(pub(super) Material);

/// What a user gave as the key.
#[derive(Clone)]
pub(super) enum Material {
    Bytes(Zeroizing<[u8; 32]>),
    #[cfg(any(feature = "redis", feature = "file-store"))]
    Passphrase(Passphrase),
}

impl StoreKey {
    /// Uses 32 random bytes as the key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        StoreKey(Material::Bytes(Zeroizing::new(key)))
    }

    /// Derives the key from a passphrase with Argon2id. Needs the feature `redis` or `file-store`.
    ///
    /// Prefer [`new`](StoreKey::new) with random bytes: a reader of the storage can try passphrases, at about 20 ms of
    /// computing each. The derivation takes that long too, once for each session.
    ///
    /// Does not check the passphrase. [`build`](crate::SessionBuilder::build) refuses one that is shorter than 12
    /// characters.
    ///
    /// ```
    /// let key = popup_rewards::store::StoreKey::from_passphrase("correct horse battery staple");
    /// # drop(key);
    /// ```
    #[cfg(any(feature = "redis", feature = "file-store"))]
    #[must_use]
    pub fn from_passphrase(passphrase: &str) -> Self {
        StoreKey(Material::Passphrase(Passphrase::new(passphrase)))
    }

    /// Reads the key from an environment variable: 64 hexadecimal digits, the base64 of 32 bytes, or a passphrase.
    ///
    /// `openssl rand -hex 32` prints a key. Any other text of 12 or more characters is a passphrase, as in
    /// `from_passphrase`, and needs the feature `redis` or `file-store`. A text of 40 to 90 hexadecimal digits that is
    /// no key is refused, since it is a mistyped one.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the variable is missing, not valid Unicode, or neither a
    /// key nor a passphrase. The message names the variable and never shows its value.
    ///
    /// # Examples
    /// ```
    /// use popup_rewards::store::StoreKey;
    ///
    /// match StoreKey::from_env("TOKEN_STORE_KEY") {
    ///     Ok(key) => drop(key),
    ///     Err(error) => assert!(error.to_string().contains("TOKEN_STORE_KEY")),
    /// }
    /// ```
    pub fn from_env(name: &str) -> Result<Self> {
        variable::parse(name, &Zeroizing::new(crate::credentials::variable(name)?))
    }
}

impl StoreKey {
    /// Refuses a passphrase that is soon guessed.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.0 {
            Material::Bytes(_) => Ok(()),
            #[cfg(any(feature = "redis", feature = "file-store"))]
            Material::Passphrase(passphrase) => passphrase.check(),
        }
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey([redacted])")
    }
}
