//! Reading and replacing the file.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::document::{Document, NewerFormat};
use super::lock::{LockFile, busy};
use super::patience::Patience;
use super::safe_path;
use crate::token::PerProcess;
use crate::{Error, Result};

/// A document of a thousand API keys has about 4 MiB.
const LARGEST: u64 = 16 << 20;

/// The file, its lock and its temporary file, all in one folder.
pub(in crate::store) struct TokenFile {
    path: PathBuf,
    lock: PathBuf,
    temporary: PathBuf,
    /// Lets the threads of a process wait without polling. A forked child has its own, since a thread of its parent
    /// may hold this one.
    turn: PerProcess<Mutex<()>>,
}

impl TokenFile {
    /// Finds the file, and checks that it can be locked and replaced.
    pub(in crate::store) fn open(path: &Path) -> Result<Self> {
        let path = safe_path::resolve(path)?;
        let [lock, temporary] = [".lock", ".tmp"].map(|ending| beside(&path, ending));
        let file = TokenFile { path, lock, temporary, turn: PerProcess::new(Mutex::new(())) };
        let patience = Patience::new();
        let lock = LockFile::lock(&file.lock, &patience)?;
        let probed = file.create_temporary(&patience).and_then(|_| fs::remove_file(&file.temporary));
        probed.map_err(|error| file.failed_to_write(error))?;
        drop(lock);
        Ok(file)
    }

    pub(in crate::store) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of another file in the folder, with a name that starts with that of this file.
    #[cfg(feature = "keyring")]
    pub(in crate::store) fn beside(&self, ending: &str) -> PathBuf {
        beside(&self.path, ending)
    }

    /// Reads the document, and the origin. Needs no lock, since the file is replaced and never changed.
    pub(super) fn read(&self) -> Result<(String, Document)> {
        let patience = Patience::new();
        self.check_folder()?;
        let lock = LockFile::open(&self.lock, &patience)?;
        Ok((lock.origin().to_owned(), self.parse(&patience)?))
    }

    /// Changes the document while no other process can. `change` is given the origin, and returns whether to write.
    pub(super) fn update<T>(
        &self,
        change: impl FnOnce(&str, &mut Document) -> serde_json::Result<(bool, T)>,
    ) -> Result<T> {
        let patience = Patience::new();
        self.check_folder()?;
        let turn = self.turn.get(|_| Mutex::new(())).try_lock_for(patience.left());
        let _turn = turn.ok_or_else(|| busy(&self.lock))?;
        let lock = LockFile::lock(&self.lock, &patience)?;
        let mut document = self.parse(&patience)?;
        let changed = change(lock.origin(), &mut document)
            .and_then(|(write, result)| Ok((if write { Some(document.to_bytes()?) } else { None }, result)));
        let (bytes, result) = changed.map_err(|error| self.failed_to_write(error.into()))?;
        if let Some(bytes) = bytes {
            self.replace(&bytes, &patience).map_err(|error| self.failed_to_write(error))?;
        }
        Ok(result)
    }

    fn parse(&self, patience: &Patience) -> Result<Document> {
        let Some(bytes) = self.bytes(patience)? else { return Ok(Document::empty()) };
        Document::parse(bytes).map_err(|NewerFormat(format)| {
            let message = format!(
                "{} was written by a newer version of popup-rewards. Update this program, or give it another file",
                self.path.display()
            );
            Error::store(message, format!("the file has format {format}, and this version knows format 1"))
        })
    }

    fn bytes(&self, patience: &Patience) -> Result<Option<Vec<u8>>> {
        let metadata = match patience.retry(|| fs::symlink_metadata(&self.path)) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed_to_read(error)),
        };
        if !metadata.is_file() {
            // Opening a pipe would wait for a writer.
            return Err(self.failed_to_read(io::Error::other("it is not a regular file")));
        }
        safe_path::check(&self.path, &metadata)?;
        let mut bytes = Vec::new();
        let read = patience.retry(|| File::open(&self.path)).and_then(|file| {
            file.take(LARGEST + 1).read_to_end(&mut bytes)?;
            check_size(&bytes)
        });
        read.map_err(|error| self.failed_to_read(error))?;
        Ok(Some(bytes))
    }

    /// Replaces the file in one step. If this fails, the old file stays.
    fn replace(&self, bytes: &[u8], patience: &Patience) -> io::Result<()> {
        check_size(bytes)?;
        let written = self.create_temporary(patience).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        let renamed = written.and_then(|()| patience.retry(|| fs::rename(&self.temporary, &self.path)));
        if renamed.is_err() {
            fs::remove_file(&self.temporary).unwrap_or_default();
        }
        renamed?;
        // Without this, a power failure could undo the rename.
        #[cfg(unix)]
        File::open(self.folder())?.sync_all()?;
        Ok(())
    }

    /// Creates the temporary file. Its name is fixed, so a process that died leaves at most one.
    fn create_temporary(&self, patience: &Patience) -> io::Result<File> {
        match patience.retry(|| fs::remove_file(&self.temporary)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        safe_path::private(&mut options);
        patience.retry(|| options.open(&self.temporary))
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    fn check_folder(&self) -> Result<()> {
        safe_path::check_folder(self.folder())
    }

    fn failed_to_read(&self, error: io::Error) -> Error {
        Error::store(format!("failed to read {}", self.path.display()), error)
    }

    fn failed_to_write(&self, error: io::Error) -> Error {
        Error::store(
            format!("failed to write {} or {}", self.path.display(), self.temporary.display()),
            error,
        )
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map(OsStr::to_owned).unwrap_or_default();
    name.push(ending);
    path.with_file_name(name)
}

fn check_size(bytes: &[u8]) -> io::Result<()> {
    let fits = u64::try_from(bytes.len()).is_ok_and(|size| size <= LARGEST);
    if fits { Ok(()) } else { Err(io::Error::other("the file is larger than 16 MiB. Delete it")) }
}
