//! Reads a key from the value of an environment variable.

use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::{SHORTEST, StoreKey};
use crate::credentials::{is_blank, surplus};
use crate::{Error, Result, hex};

/// Reads a key or a passphrase. An error names the variable and never shows its value.
pub(super) fn parse(name: &str, value: &str) -> Result<StoreKey> {
    let refused = |problem| Error::configuration(format!("the environment variable {name} {problem}"));
    if value.trim_matches(is_blank).is_empty() {
        return Err(refused("is blank; set it to a key"));
    }
    if let Some(surplus) = surplus(value) {
        return Err(refused(surplus));
    }
    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && (40..=90).contains(&value.len()) {
        // Checked before base64, whose alphabet contains these digits.
        return hexadecimal(value)
            .ok_or_else(|| refused("has hexadecimal digits, but not the 64 of a key; copy the key again"));
    }
    if let Some(key) = base64(value, &STANDARD).or_else(|| base64(value, &URL_SAFE)) {
        return Ok(key);
    }
    if value.chars().count() < SHORTEST {
        return Err(refused("is shorter than 12 characters; set it to a key, such as 64 hexadecimal digits"));
    }
    #[cfg(any(feature = "redis", feature = "file-store"))]
    {
        Ok(StoreKey::from_passphrase(value))
    }
    #[cfg(not(any(feature = "redis", feature = "file-store")))]
    Err(refused(
        "is neither 64 hexadecimal digits nor the base64 of 32 bytes; set it to such a key, or enable the feature \
         `redis` or `file-store`, with which it is a passphrase",
    ))
}

fn hexadecimal(value: &str) -> Option<StoreKey> {
    key(&hex::decode(value.as_bytes())?)
}

fn base64(value: &str, alphabet: &Alphabet) -> Option<StoreKey> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    // One byte more than a key has: the decoder reserves whole groups of three.
    let mut decoded = Zeroizing::new([0; 33]);
    let length = GeneralPurpose::new(alphabet, config).decode_slice(value, decoded.as_mut_slice()).ok()?;
    key(decoded.get(..length)?)
}

fn key(bytes: &[u8]) -> Option<StoreKey> {
    bytes.try_into().ok().map(StoreKey::new)
}

#[cfg(test)]
mod tests;
