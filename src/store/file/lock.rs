//! The lock file. It excludes other processes, and it tells a folder from its copy.

use std::fs::{self, File, Metadata, OpenOptions};
use std::path::Path;
use std::process;
use std::time::UNIX_EPOCH;

use fs4::TryLockError;

use super::patience::Patience;
use super::safe_path;
use crate::{Error, Result};

/// An open lock file. It is never deleted: a process would lock a file that the next one does not find.
///
/// Each call opens it anew. So the lock excludes the threads of one process too, and a forked child shares no lock
/// with its parent.
pub(in crate::store) struct LockFile {
    file: File,
    origin: String,
}

impl LockFile {
    /// Opens or creates the file.
    pub(super) fn open(path: &Path, patience: &Patience) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        safe_path::private(&mut options);
        let file = patience.retry(|| options.open(path)).map_err(|error| {
            Error::store(format!("cannot open {}: its folder has to be writable", path.display()), error)
        })?;
        let metadata = file.metadata().map_err(|error| unusable(path, error))?;
        safe_path::check(path, &metadata)?;
        Ok(LockFile { file, origin: origin(&metadata) })
    }

    /// Opens the file and locks it, and waits while another process or thread holds the lock.
    pub(in crate::store) fn lock(path: &Path, patience: &Patience) -> Result<Lock> {
        loop {
            let locked = LockFile::open(path, patience)?;
            // Not as a method: the standard library has one of this name that is newer than the oldest Rust we support.
            match fs4::FileExt::try_lock(&locked.file) {
                Ok(()) => {
                    let lock = Lock { locked, process: process::id() };
                    // Someone may have deleted the file since it was opened.
                    if fs::metadata(path).is_ok_and(|found| origin(&found) == lock.origin()) {
                        return Ok(lock);
                    }
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(unusable(path, error)),
            }
            if !patience.pause() {
                return Err(busy(path));
            }
        }
    }

    /// See [`Contents::origin`](crate::store::Contents::origin).
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }
}

/// A lock that is held.
pub(in crate::store) struct Lock {
    locked: LockFile,
    process: u32,
}

impl Lock {
    pub(super) fn origin(&self) -> &str {
        self.locked.origin()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A child that was forked meanwhile has a copy of the handle, so closing ours would not end the lock. And the
        // child must not end the lock of its parent.
        if self.process == process::id() {
            fs4::FileExt::unlock(&self.locked.file).unwrap_or_default();
        }
    }
}

pub(super) fn busy(path: &Path) -> Error {
    let message =
        format!("{} is locked by another process or thread that does not end its work", path.display());
    Error::store(message, "the wait for the lock timed out")
}

fn unusable(path: &Path, error: std::io::Error) -> Error {
    let message = format!("cannot lock {}: the store needs a local file system with locks", path.display());
    Error::store(message, error)
}

/// The file system may give the number of a deleted file to a new one, but not its time of creation. The number of the
/// device is used only without that time: it can change when the file system is mounted again.
fn origin(metadata: &Metadata) -> String {
    let created = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let [device, file] = numbers(metadata);
    match created {
        Some(created) => format!("{file:x}-{:x}", created.as_nanos()),
        None => format!("{device:x}-{file:x}"),
    }
}

#[cfg(unix)]
fn numbers(metadata: &Metadata) -> [u64; 2] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev(), metadata.ino()]
}

#[cfg(not(unix))]
fn numbers(_: &Metadata) -> [u64; 2] {
    [0; 2]
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::Slot;

    #[test]
    fn a_forked_child_does_not_end_the_lock_of_its_parent() {
        let path = std::env::temp_dir().join(format!("popup-rewards-{}", Slot::random()));
        let try_lock = || LockFile::lock(&path, &Patience::of(Duration::from_millis(20)));
        let lock = try_lock().unwrap();
        match fork::fork().unwrap() {
            fork::Fork::Child => {
                drop(lock);
                process::exit(0);
            }
            fork::Fork::Parent(child) => assert_eq!(fork::waitpid(child).unwrap(), 0),
        }
        let second = try_lock();
        drop(lock);
        let third = try_lock();
        fs::remove_file(&path).unwrap();
        assert!(second.is_err());
        assert!(third.is_ok());
    }
}
