//! A token store in a file.

mod default_path;
mod document;
mod lease;
mod lock;
mod patience;
mod safe_path;
mod token_file;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Contents, Lease, Slot, StoreKey, TokenStore};
use crate::Result;
pub(super) use default_path::default_folder;
use document::Record;
use lease::LeaseRecord;
#[cfg(feature = "keyring")]
pub(super) use lock::LockFile;
#[cfg(feature = "keyring")]
pub(super) use patience::Patience;
pub(super) use token_file::TokenFile;

/// A [`TokenStore`] in an encrypted file, for the processes of one machine and for a program that is run often.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("popup-rewards-doc-{}", std::process::id()));
/// # let path = folder.join("tokens");
/// use popup_rewards::store::{EncryptedFileStore, StoreKey};
///
/// # let load_key = || [7; 32];
/// // 32 random bytes that your program keeps as it keeps the API secret.
/// let key = StoreKey::new(load_key());
/// let store = EncryptedFileStore::open(&path, key)?;
/// # drop(store);
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), popup_rewards::Error>(())
/// ```
///
/// # Guarantees
///
/// One file holds the tokens of any number of API keys. A write replaces the file in one step, under a lock that
/// excludes other processes and threads. It is on the disk when the call returns. If a write fails, for example because
/// the disk is full, the call fails with [`Store`](crate::ErrorKind::Store) and the old file stays.
///
/// A call waits at most one second for the lock. A process that dies leaves the lock free, unless it was killed while it
/// held the lock and a child that it had forked just then lives on.
///
/// A file that cannot be read, such as one that was cut short, is replaced by the next login. A file with a newer format
/// is left alone, and every call fails.
///
/// # Files
///
/// Next to the file `tokens` there are `tokens.lock` and, during a write, `tokens.tmp`. **Do not delete the lock file
/// while a program uses the store.** It is the [origin](Contents::origin): a copy of the folder has another one, and so
/// its refresh tokens are never sent. A snapshot or clone of a whole file system has the same one, and so may a backup
/// that Windows has restored. Delete the file `tokens` there before a program runs, and put no older `tokens` back beside
/// the same lock file: both could present a refresh token a second time.
///
/// The file is encrypted, so a backup or copy is harmless without the key.
///
/// Use a **local file system**. Over NFS and other network file systems, locks may not exclude other machines, and a
/// call may hang for as long as the server does. For several machines, use a store on a server.
///
/// # Permissions
///
/// New folders have mode 0700 and new files mode 0600. The file and its folder must belong to the user of the process or
/// to root, and nobody else may have the right to write them. For root, this includes every folder above (except that
/// one like `/tmp`, with the sticky bit, may be writable): a process of root does not write below another user's home.
/// Anything else is an error that names path and owner. On Windows, the rights of the folder apply and are not checked.
pub struct EncryptedFileStore {
    file: TokenFile,
    key: StoreKey,
}

impl EncryptedFileStore {
    /// Opens the store in a file, which need not exist. If the path is a folder, the file is `tokens` in it.
    ///
    /// Creates missing folders. Symbolic links are followed now, and not again later.
    ///
    /// # Errors
    /// [`Store`](crate::ErrorKind::Store) if the folder is not writable, if others can write it, or if it cannot be
    /// locked.
    pub fn open(path: impl AsRef<Path>, key: StoreKey) -> Result<Self> {
        Ok(EncryptedFileStore::new(TokenFile::open(path.as_ref())?, key))
    }

    /// Opens the store at the [default path](EncryptedFileStore::default_path).
    ///
    /// # Errors
    /// [`Store`](crate::ErrorKind::Store) as for [`open`](EncryptedFileStore::open), or if there is no default path.
    pub fn open_default(key: StoreKey) -> Result<Self> {
        EncryptedFileStore::open(EncryptedFileStore::default_path()?, key)
    }

    /// Returns the default path.
    ///
    /// | System | Path |
    /// |---|---|
    /// | Linux and others | `~/.local/state/popup-rewards/tokens`, or the same in `XDG_STATE_HOME` |
    /// | macOS | `~/Library/Application Support/popup-rewards/tokens` |
    /// | Windows | `%LOCALAPPDATA%\popup-rewards\tokens` |
    ///
    /// # Errors
    /// [`Store`](crate::ErrorKind::Store) if the process has no home folder.
    pub fn default_path() -> Result<PathBuf> {
        Ok(default_folder()?.join("tokens"))
    }

    pub(super) fn new(file: TokenFile, key: StoreKey) -> Self {
        EncryptedFileStore { file, key }
    }
}

impl TokenStore for EncryptedFileStore {
    fn key(&self) -> &StoreKey {
        &self.key
    }

    fn load(&self, slot: &Slot) -> Result<Contents> {
        let (origin, document) = self.file.read()?;
        Ok(contents(&origin, &document.record(slot)))
    }

    fn acquire(&self, slot: &Slot, owner: &str, length: Duration) -> Result<Lease> {
        self.file.update(|origin, document| {
            let mut record = document.record(slot);
            if let Some(lease) = &record.lease
                && !lease.is_of(owner)
                && let Some(left) = lease.left()
            {
                return Ok((false, Lease::Held(left)));
            }
            record.lease = Some(LeaseRecord::start(owner, length));
            document.set(slot, &record)?;
            Ok((true, Lease::Acquired(contents(origin, &record))))
        })
    }

    fn swap(&self, slot: &Slot, seen: &Contents, entry: &[u8]) -> Result<bool> {
        self.file.update(|origin, document| {
            let record = document.record(slot);
            if seen.origin() != origin || seen.entry() != record.entry.as_deref() {
                return Ok((false, false));
            }
            document.set(slot, &Record { entry: Some(entry.to_vec()), ..record })?;
            Ok((true, true))
        })
    }

    fn release(&self, slot: &Slot, owner: &str) -> Result<()> {
        self.file.update(|_, document| {
            let record = document.record(slot);
            let is_ours = record.lease.as_ref().is_some_and(|lease| lease.is_of(owner));
            if is_ours {
                document.set(slot, &Record { lease: None, ..record })?;
            }
            Ok((is_ours, ()))
        })
    }
}

fn contents(origin: &str, record: &Record) -> Contents {
    match &record.entry {
        Some(entry) => Contents::new(origin, entry.as_slice()),
        None => Contents::empty(origin),
    }
}

impl fmt::Debug for EncryptedFileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedFileStore").field("path", &self.file.path()).finish_non_exhaustive()
    }
}
