//! A folder for one test, and forked processes: a child has the parent's slot and store, so it needs no arguments.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use popup_rewards::store::{Contents, EncryptedFileStore, Slot, StoreKey, TokenStore};
use popup_rewards::{Error, ErrorKind};

/// How long to wait for another process. A test that would hang fails after this time.
const BOUND: Duration = Duration::from_secs(30);

/// The user `nobody`.
pub(crate) const OTHER_USER: u32 = 65534;

/// A folder that is deleted with all that is in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("popup-rewards-{}", Slot::random()));
        fs::create_dir(&path)?;
        mode(&path, 0o700)?;
        Ok(Folder(fs::canonicalize(path)?))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The token file.
    pub(crate) fn tokens(&self) -> PathBuf {
        self.join("tokens")
    }

    pub(crate) fn open(&self) -> popup_rewards::Result<EncryptedFileStore> {
        open(self.tokens())
    }

    /// Opens the store and gives the slot its first entry.
    pub(crate) fn with_entry(&self, slot: &Slot, entry: &[u8]) -> Result<EncryptedFileStore> {
        let store = self.open()?;
        ensure!(swap_current(&store, slot, entry)?);
        Ok(store)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

pub(crate) fn open(path: impl AsRef<Path>) -> popup_rewards::Result<EncryptedFileStore> {
    EncryptedFileStore::open(path, StoreKey::new([7; 32]))
}

pub(crate) fn mode(path: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

pub(crate) fn swap_current(store: &dyn TokenStore, slot: &Slot, entry: &[u8]) -> Result<bool> {
    Ok(store.swap(slot, &store.load(slot)?, entry)?)
}

/// Checks that the slot has this entry.
pub(crate) fn holds(store: &dyn TokenStore, slot: &Slot, entry: &[u8]) -> Result<()> {
    let found = store.load(slot)?;
    ensure!(found.entry() == Some(entry), "expected {entry:?}, found {:?}", found.entry());
    Ok(())
}

/// Makes all four calls. Returns the errors.
pub(crate) fn every_call(store: &dyn TokenStore, slot: &Slot) -> Vec<Option<Error>> {
    vec![
        store.load(slot).err(),
        store.acquire(slot, "me", Duration::from_secs(1)).err(),
        store.swap(slot, &Contents::empty("origin"), b"new").err(),
        store.release(slot, "me").err(),
    ]
}

/// Checks that the result is a `Store` error whose text, cause included, has these words.
pub(crate) fn is_store_error(error: Option<Error>, words: &[&str]) -> Result<()> {
    let error = error.context("the call succeeded")?;
    let text = format!("{:#}", anyhow::Error::new(error.clone()));
    ensure!(error.kind() == ErrorKind::Store, "{error:?}");
    for word in words {
        ensure!(text.contains(word), "no {word:?} in {text:?}");
    }
    Ok(())
}

pub(crate) fn is_root() -> bool {
    // SAFETY: it only returns a number.
    unsafe { libc::geteuid() == 0 }
}

/// Makes this process one without the rights of root. Used in children only.
pub(crate) fn drop_privileges() -> Result<()> {
    if is_root() {
        // SAFETY: they change this process only, which is a child with one thread.
        let dropped = unsafe {
            libc::setgroups(0, std::ptr::null()) == 0
                && libc::setgid(OTHER_USER) == 0
                && libc::setuid(OTHER_USER) == 0
        };
        ensure!(dropped, "{}", std::io::Error::last_os_error());
    }
    Ok(())
}

/// Waits until another process has made the condition true.
pub(crate) fn until(what: &str, reached: impl Fn() -> bool) -> Result<()> {
    let started = Instant::now();
    while !reached() {
        ensure!(started.elapsed() < BOUND, "timed out: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// A forked process. It is killed if the test ends first.
pub(crate) struct Child(libc::pid_t);

impl Child {
    /// Runs the steps in a child of this process.
    pub(crate) fn run(steps: impl FnOnce() -> Result<()>) -> Result<Self> {
        // SAFETY: the child uses no lock that another thread of the test program may hold, except those of the
        // allocator, which the C library handles.
        match unsafe { libc::fork() } {
            -1 => Err(std::io::Error::last_os_error().into()),
            0 => {
                // SAFETY: the alarm only ends a child that hangs, which fails the test.
                unsafe { libc::alarm(40) };
                let ended = catch_unwind(AssertUnwindSafe(steps));
                if let Ok(Err(error)) = &ended {
                    // The test harness captures what `eprintln` writes, and would lose it.
                    drop(writeln!(std::io::stderr(), "in the child: {error:#}"));
                }
                // SAFETY: ends the child without running the parent's exit handlers.
                unsafe { libc::_exit(i32::from(!matches!(ended, Ok(Ok(()))))) }
            }
            child => Ok(Child(child)),
        }
    }

    /// Waits until the child ends, and fails if it failed.
    pub(crate) fn succeeds(self) -> Result<()> {
        let status = self.wait()?;
        std::mem::forget(self);
        ensure!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the child failed");
        Ok(())
    }

    pub(crate) fn signal(&self, signal: i32) {
        // SAFETY: the child has not been waited for, so its number is still its own.
        unsafe { libc::kill(self.0, signal) };
    }

    /// Kills the child and waits until it is gone.
    pub(crate) fn kill(self) {
        drop(self);
    }

    fn wait(&self) -> Result<i32> {
        let mut status = 0;
        // SAFETY: it is a child of this process, and the status outlives the call.
        if unsafe { libc::waitpid(self.0, &raw mut status, 0) } != self.0 {
            bail!("cannot wait for the child");
        }
        Ok(status)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(libc::SIGKILL);
        drop(self.wait());
    }
}
