//! A token store in a file whose key is in the keychain.

mod keychain;
#[cfg(test)]
mod tests;

use std::io::{IsTerminal, stdin};
use std::sync::Arc;
use std::time::Duration;

use keyring_core::CredentialStore;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::file::{TokenFile, default_folder};
use super::{Contents, EncryptedFileStore, Lease, Slot, StoreKey, TokenStore};
use crate::{Error, Result};

/// An [`EncryptedFileStore`] whose key is in the keychain of the operating system, for programs on a desktop.
///
/// ```no_run
/// use popup_rewards::store::KeyringStore;
///
/// let store = KeyringStore::open("com.example.gift-shop")?;
/// # Ok::<(), popup_rewards::Error>(())
/// ```
///
/// The keychain is that of macOS, the Windows Credential Manager, or on other systems a program with the D-Bus interface
/// Secret Service, such as GNOME Keyring or KDE Wallet. Only the key is kept there. The tokens are in a file in the
/// folder of the [default path](EncryptedFileStore::default_path), with the guarantees of an [`EncryptedFileStore`].
///
/// A service without a desktop has no keychain. Use an [`EncryptedFileStore`] there, with a [`StoreKey`] that you keep
/// where you keep the API secret.
#[derive(Debug)]
pub struct KeyringStore(EncryptedFileStore);

impl KeyringStore {
    /// Opens the store of a service: a name of your choice that identifies your program in the keychain.
    ///
    /// Reads the key from the keychain, or creates it. The keychain is not used again later. The operating system may
    /// ask the user to unlock it. This waits for an answer for 60 seconds if the standard input is a terminal, and for
    /// 3 seconds otherwise.
    ///
    /// If somebody deletes the key from the keychain, a new one is created, and the next call logs in.
    ///
    /// # Errors
    /// [`Store`](crate::ErrorKind::Store) if there is no keychain, if it stays locked, if it holds something else under
    /// this name, or as for [`EncryptedFileStore::open_default`].
    pub fn open(service: &str) -> Result<Self> {
        if service.is_empty() {
            return Err(Error::store("cannot open the keychain", "the name of the service is empty"));
        }
        let file = TokenFile::open(&default_folder()?.join(file_name(service)))?;
        KeyringStore::with(service, file, limit(stdin().is_terminal()), keychain::connect)
    }

    fn with(
        service: &str,
        file: TokenFile,
        limit: Duration,
        connect: impl FnOnce() -> keyring_core::Result<Arc<CredentialStore>> + Send + 'static,
    ) -> Result<Self> {
        let key = keychain::key(connect, service, file.beside(".key.lock"), limit)?;
        Ok(KeyringStore(EncryptedFileStore::new(file, StoreKey::new(*key))))
    }
}

/// Any text becomes a valid name. Two services that share a file by chance have different slots in it.
fn file_name(service: &str) -> String {
    format!("tokens-{}", utf8_percent_encode(service, NON_ALPHANUMERIC))
}

/// Without a terminal, nobody is there to unlock the keychain.
fn limit(is_terminal: bool) -> Duration {
    Duration::from_secs(if is_terminal { 60 } else { 3 })
}

impl TokenStore for KeyringStore {
    fn key(&self) -> &StoreKey {
        self.0.key()
    }

    fn load(&self, slot: &Slot) -> Result<Contents> {
        self.0.load(slot)
    }

    fn acquire(&self, slot: &Slot, owner: &str, length: Duration) -> Result<Lease> {
        self.0.acquire(slot, owner, length)
    }

    fn swap(&self, slot: &Slot, seen: &Contents, entry: &[u8]) -> Result<bool> {
        self.0.swap(slot, seen, entry)
    }

    fn release(&self, slot: &Slot, owner: &str) -> Result<()> {
        self.0.release(slot, owner)
    }
}
