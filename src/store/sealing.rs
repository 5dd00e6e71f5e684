//! Encrypts and decrypts the entries of a store.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use super::key::Material;
use super::{Slot, StoreKey};
use crate::clock::random_bytes;
use crate::{Error, ErrorKind, Result, hex};

/// The key for the entries of one API key, and the name of their slot.
///
/// All processes of a fleet derive the same one, so the labels below are part of the format of an entry.
pub(crate) struct SealingKey {
    key: Zeroizing<[u8; 32]>,
    fingerprints: hmac::Key,
    slot: Slot,
}

/// The size of the random salt in front of a sealed entry.
const SALT: usize = 32;

impl StoreKey {
    /// Derives the key for the entries of one API key. Takes about 20 ms for a passphrase.
    pub(crate) fn sealing_key(&self, base_url: &str, api_key: &str) -> Result<SealingKey> {
        let key = match &self.0 {
            Material::Bytes(bytes) => bytes.clone(),
            #[cfg(any(feature = "redis", feature = "file-store"))]
            Material::Passphrase(passphrase) => passphrase.derive(base_url, api_key)?,
        };
        SealingKey::new(key, base_url, api_key)
            .map_err(|Unspecified| Error::configuration("failed to derive the keys of the token store"))
    }
}

impl SealingKey {
    fn new(key: Zeroizing<[u8; 32]>, base_url: &str, api_key: &str) -> Result<Self, Unspecified> {
        let slots: hmac::Key = derive(&key, &[], "popup-rewards store slot v1", hmac::HMAC_SHA256)?;
        let name = hmac::sign(&slots, &framed(&[base_url, api_key]));
        Ok(SealingKey {
            fingerprints: derive(&key, &[], "popup-rewards store fingerprint v1", hmac::HMAC_SHA256)?,
            slot: Slot::new(hex::encode(name.as_ref())),
            key,
        })
    }

    /// Returns the slot of the API key.
    pub(crate) fn slot(&self) -> Slot {
        self.slot.clone()
    }

    /// Encrypts an entry in place. `aad` is authenticated, but not part of the result.
    pub(crate) fn seal(&self, mut plain: Zeroizing<Vec<u8>>, aad: &[u8]) -> Result<Vec<u8>> {
        let salt = random_bytes::<SALT>();
        let tag = self
            .cipher(&salt)
            .and_then(|cipher| cipher.seal_in_place_separate_tag(nonce(), Aad::from(aad), &mut plain))
            .map_err(|Unspecified| {
                Error::new(ErrorKind::Store, "failed to encrypt the entry of the token store")
            })?;
        Ok([&salt, plain.as_slice(), tag.as_ref()].concat())
    }

    /// Decrypts an entry. Returns `None` if it was sealed under another key or other `aad`, or has been changed.
    pub(crate) fn open(&self, sealed: &[u8], aad: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (salt, text) = sealed.split_first_chunk::<SALT>()?;
        let mut text = Zeroizing::new(text.to_vec());
        let cipher = self.cipher(salt).ok()?;
        let length = cipher.open_in_place(nonce(), Aad::from(aad), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }

    /// Returns a value that recognises a pair of credentials and reveals nothing about it without the key.
    pub(crate) fn fingerprint(&self, api_key: &str, secret: &str) -> [u8; 32] {
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(hmac::sign(&self.fingerprints, &framed(&[api_key, secret])).as_ref());
        fingerprint
    }

    fn cipher(&self, salt: &[u8; SALT]) -> Result<LessSafeKey, Unspecified> {
        let key: UnboundKey = derive(&self.key, salt, "popup-rewards store entry v1", &CHACHA20_POLY1305)?;
        Ok(LessSafeKey::new(key))
    }
}

/// Returns the nonce of every entry. It may repeat because the key does not: each write draws a new salt.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// Derives a key for one purpose with HKDF-SHA256.
fn derive<L, K>(key: &[u8; 32], salt: &[u8], purpose: &str, length: L) -> Result<K, Unspecified>
where
    L: hkdf::KeyType,
    K: for<'a> From<hkdf::Okm<'a, L>>,
{
    let root = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key);
    root.expand(&[purpose.as_bytes()], length).map(K::from)
}

/// Joins texts, each after its length, so that no two lists of texts give the same bytes.
pub(super) fn framed(texts: &[&str]) -> Zeroizing<Vec<u8>> {
    let size = texts.iter().map(|text| size_of::<u64>() + text.len()).sum();
    // The texts may be secret, so the buffer must not grow: that leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    for text in texts {
        bytes.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;
