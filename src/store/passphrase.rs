//! Turns a passphrase into a key.

use argon2::{Algorithm, Argon2, Params, Version};
use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::key::SHORTEST;
use super::sealing::framed;
use crate::clock::random_bytes;
use crate::http::Masked;
use crate::{Error, Result, Secret};

/// A passphrase, in a form that a search of the memory does not find.
#[derive(Clone)]
pub(super) struct Passphrase(Masked);

impl Passphrase {
    pub(super) fn new(text: &str) -> Self {
        Passphrase(Masked::new(&Secret::new(text), random_bytes))
    }

    /// Refuses a passphrase that is soon guessed.
    pub(super) fn check(&self) -> Result<()> {
        if self.0.reveal().expose().trim().chars().count() < SHORTEST {
            return Err(Error::configuration(
                "the passphrase of the token store is shorter than 12 characters; choose a longer one",
            ));
        }
        Ok(())
    }

    /// Derives a key, the same in every process of a fleet. Takes about 20 ms and 19 MiB.
    ///
    /// The salt is therefore not random. It depends on the API key, so that nobody can compute one table for all users.
    pub(super) fn derive(&self, base_url: &str, api_key: &str) -> Result<Zeroizing<[u8; 32]>> {
        let text = self.0.reveal();
        let salt = digest(&SHA256, &framed(&["popup-rewards store passphrase v1", base_url, api_key]));
        let mut key = Zeroizing::new([0; 32]);
        // The first choice of OWASP's password storage cheat sheet, with little memory.
        Params::new(19 * 1024, 2, 1, Some(key.len()))
            .map(|params| Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
            .and_then(|argon2| {
                argon2.hash_password_into(text.expose().as_bytes(), salt.as_ref(), key.as_mut_slice())
            })
            .map_err(|cause| {
                Error::configuration("failed to derive a key from the passphrase of the token store")
                    .with_source(cause)
            })?;
        Ok(key)
    }
}
