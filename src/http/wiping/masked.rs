//! Secrets that are kept for long and needed rarely, in a form that a search of the memory does not find.

use std::fmt;

use zeroize::Zeroizing;

use crate::Secret;

/// A secret in two halves: random bytes, and their XOR with the text. Neither reveals anything alone.
///
/// A session keeps its credentials after a logout, because `login()` opens it again. A search of the memory or of a
/// core dump does not find them in this form.
#[derive(Clone)]
pub(crate) struct Masked {
    mask: Zeroizing<Vec<u8>>,
    text: Zeroizing<Vec<u8>>,
}

impl Masked {
    /// Masks a secret with random bytes.
    pub(crate) fn new(secret: &Secret, random: fn() -> [u8; BLOCK]) -> Self {
        let text = secret.expose().as_bytes();
        let mut mask = Zeroizing::new(Vec::with_capacity(text.len().next_multiple_of(BLOCK)));
        while mask.len() < text.len() {
            mask.extend_from_slice(&random());
        }
        let text = text.iter().zip(mask.iter()).map(|(byte, mask)| byte ^ mask).collect();
        Masked { mask, text: Zeroizing::new(text) }
    }

    /// Returns the secret. The caller should drop it soon.
    pub(crate) fn reveal(&self) -> Secret {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.text.len()));
        bytes.extend(self.text.iter().zip(self.mask.iter()).map(|(byte, mask)| byte ^ mask));
        Secret::new(std::str::from_utf8(&bytes).unwrap_or_default())
    }
}

/// How many random bytes are drawn at a time.
const BLOCK: usize = 32;

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_masked_comes_back_and_neither_half_shows_it() {
        for text in ["", "s", "a passphrase, longer than one block of random bytes, with ümläuts"] {
            let masked = Masked::new(&Secret::new(text), crate::clock::random_bytes);
            assert_eq!(masked.reveal().expose(), text);
            if text.len() > 8 {
                assert_ne!(masked.text.as_slice(), text.as_bytes());
                assert_ne!(masked.mask.as_slice(), text.as_bytes());
            }
        }
    }
}
