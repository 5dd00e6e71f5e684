//! The key in the keychain.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store as PlatformStore;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
use dbus_secret_service_keyring_store::Store as PlatformStore;
use keyring_core::{CredentialStore, Entry, Error as KeychainError};
#[cfg(target_os = "windows")]
use windows_native_keyring_store::Store as PlatformStore;
use zeroize::Zeroizing;

use crate::clock::random_bytes;
use crate::store::file::{LockFile, Patience};
use crate::{Error, Result};

pub(super) type Key = Zeroizing<[u8; 32]>;

/// The name of the key, beside that of the service.
pub(super) const USER: &str = "popup-rewards token store";

/// Connects to the keychain of this operating system.
pub(super) fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(PlatformStore::new()?)
}

/// Reads or creates the key. The keychain may wait for its user for any time, so the thread that asks it is abandoned
/// after `limit`.
pub(super) fn key(
    connect: impl FnOnce() -> keyring_core::Result<Arc<CredentialStore>> + Send + 'static,
    service: &str,
    lock: PathBuf,
    limit: Duration,
) -> Result<Key> {
    let service = service.to_owned();
    let (sender, receiver) = mpsc::sync_channel(1);
    let ask = move || {
        let entry = connect().and_then(|store| store.build(&service, USER, None)).map_err(failed);
        let key = entry.and_then(|entry| read_or_create(&entry, &lock, limit));
        // Nobody receives it after the limit.
        sender.send(key).unwrap_or_default();
    };
    thread::Builder::new()
        .name("popup-rewards-keychain".to_owned())
        .spawn(ask)
        .map_err(|error| Error::store("cannot start a thread to read the keychain", error))?;
    receiver.recv_timeout(limit).unwrap_or_else(|error| {
        let message = format!("the keychain is locked or does not respond. Unlock it, or {INSTEAD}");
        Err(Error::store(message, error))
    })
}

fn read_or_create(entry: &Entry, lock: &Path, limit: Duration) -> Result<Key> {
    if let Some(key) = read(entry)? {
        return Ok(key);
    }
    // Else two processes could both find no key, and the first would keep one that the second replaces.
    let _lock = LockFile::lock(lock, &Patience::of(limit))?;
    if let Some(key) = read(entry)? {
        return Ok(key);
    }
    let key = Key::new(random_bytes());
    // KDE Wallet can store nothing but text.
    let text = Zeroizing::new(STANDARD.encode(key));
    entry.set_secret(text.as_bytes()).map_err(failed)?;
    // Another user of the keychain may have been first, on another machine that it is synchronized with.
    read(entry)?.ok_or_else(|| failed(KeychainError::NoEntry))
}

fn read(entry: &Entry) -> Result<Option<Key>> {
    let text = match entry.get_secret() {
        Ok(text) => Zeroizing::new(text),
        Err(KeychainError::NoEntry) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let bytes = Zeroizing::new(STANDARD.decode(&*text).unwrap_or_default());
    let key = bytes.as_slice().try_into().map(Key::new).map_err(|_| {
        let message = format!(
            "the keychain holds something else under the name of the key, \"{USER}\". Delete that entry, or choose \
             another name for the service"
        );
        Error::store(message, "the entry is not 32 bytes in base64")
    })?;
    Ok(Some(key))
}

const INSTEAD: &str = "use an EncryptedFileStore with a StoreKey";

fn failed(error: KeychainError) -> Error {
    let cause = match error {
        // These hold what the keychain returned.
        KeychainError::BadEncoding(_) | KeychainError::BadDataFormat(..) => {
            "the entry cannot be read".to_owned()
        }
        KeychainError::Ambiguous(_) => "the keychain has several entries of this name".to_owned(),
        other => other.to_string(),
    };
    let message = format!("the keychain is not usable. On a machine without a keychain, {INSTEAD}");
    Error::store(message, cause)
}
