//! A write that fails leaves the old entry.

use std::fs;

use anyhow::{Result, ensure};
use popup_rewards::store::{Slot, TokenStore};

use super::scene::{
    Child, Folder, OTHER_USER, drop_privileges, holds, is_root, is_store_error, mode, open, swap_current,
};

/// More than the space that is left in the tests.
static LARGE: [u8; 256 << 10] = [1; 256 << 10];

#[test]
fn in_a_read_only_folder_the_old_entry_stays() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    if is_root() {
        std::os::unix::fs::chown(folder.path(), Some(OTHER_USER), Some(OTHER_USER))?;
    }
    // Root could write the folder whatever its mode.
    Child::run(|| {
        drop_privileges()?;
        let store = folder.with_entry(&slot, b"old")?;
        let seen = store.load(&slot)?;
        mode(folder.path(), 0o500)?;
        is_store_error(store.swap(&slot, &seen, b"new").err(), &["failed to write", "tokens", "denied"])?;
        holds(&store, &slot, b"old")?;
        is_store_error(folder.open().err(), &["failed to write", "tokens.tmp", "denied"])?;
        fs::create_dir(folder.join("new")).err().ok_or_else(|| anyhow::anyhow!("it is writable"))?;
        is_store_error(open(folder.join("new/tokens")).err(), &["cannot create or open the folder", "new"])?;
        mode(folder.path(), 0o700)?;
        ensure!(store.swap(&slot, &seen, b"new")?);
        Ok(())
    })?
    .succeeds()
}

#[test]
fn on_a_full_disk_the_old_entry_stays() -> Result<()> {
    if !is_root() {
        // Others cannot mount. The next test covers the same code.
        return Ok(());
    }
    let (folder, slot) = (Folder::new()?, Slot::random());
    let mounted = std::ffi::CString::new(folder.path().as_os_str().as_encoded_bytes())?;
    Child::run(|| {
        // SAFETY: all texts end with a zero. The mount is in a name space of this child, and ends with it.
        let mounts = unsafe {
            libc::unshare(libc::CLONE_NEWNS) == 0
                && libc::mount(
                    c"none".as_ptr(),
                    c"/".as_ptr(),
                    std::ptr::null(),
                    libc::MS_REC | libc::MS_PRIVATE,
                    std::ptr::null(),
                ) == 0
                && libc::mount(
                    c"none".as_ptr(),
                    mounted.as_ptr(),
                    c"tmpfs".as_ptr(),
                    0,
                    c"size=128k,mode=700".as_ptr().cast(),
                ) == 0
        };
        ensure!(mounts, "cannot mount: {}", std::io::Error::last_os_error());
        let store = folder.with_entry(&slot, b"old")?;
        let seen = store.load(&slot)?;
        is_store_error(store.swap(&slot, &seen, &LARGE).err(), &["failed to write", "No space left"])?;
        ensure!(!folder.join("tokens.tmp").exists(), "the temporary file still takes the space");
        holds(&store, &slot, b"old")?;
        ensure!(store.swap(&slot, &seen, b"new")?);
        Ok(())
    })?
    .succeeds()
}

#[test]
fn a_file_above_the_limit_of_the_process_leaves_the_old_entry() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    Child::run(|| {
        let store = folder.with_entry(&slot, b"old")?;
        let limit = libc::rlimit { rlim_cur: 64 << 10, rlim_max: 64 << 10 };
        // SAFETY: the limit outlives the call. Without the signal, the write fails instead of ending the process.
        let limited = unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit)
        };
        ensure!(limited == 0);
        let seen = store.load(&slot)?;
        is_store_error(store.swap(&slot, &seen, &LARGE).err(), &["failed to write", "too large"])?;
        holds(&store, &slot, b"old")?;
        ensure!(swap_current(&store, &slot, b"new")?);
        Ok(())
    })?
    .succeeds()
}

#[test]
fn what_a_process_left_that_died_in_a_write_is_removed() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.with_entry(&slot, b"old")?;
    fs::write(folder.join("tokens.tmp"), b"half a docum")?;
    holds(&store, &slot, b"old")?;
    ensure!(swap_current(&store, &slot, b"new")?);
    holds(&store, &slot, b"new")?;
    ensure!(!folder.join("tokens.tmp").exists());
    fs::write(folder.join("tokens.tmp"), b"half a docum")?;
    drop(folder.open()?);
    ensure!(!folder.join("tokens.tmp").exists());
    Ok(())
}
