//! The conformance checks, and the origin: a copy of the folder has another one.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use popup_rewards::store::{Slot, TokenStore, conformance};

use super::scene::{Folder, mode, open};

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}

#[test]
fn the_store_passes_the_conformance_checks() -> Result<()> {
    let folder = Folder::new()?;
    conformance::check(|| open(folder.tokens()).unwrap());
    Ok(())
}

#[test]
fn a_copied_folder_has_another_origin() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.with_entry(&slot, b"entry")?;
    let seen = store.load(&slot)?;
    ensure!(folder.open()?.load(&slot)? == seen, "another handle has the same origin");
    let copy_folder = Folder::new()?;
    copy(folder.path(), copy_folder.path())?;
    let copied = copy_folder.open()?;
    let found = copied.load(&slot)?;
    ensure!(found.entry() == seen.entry());
    ensure!(found.origin() != seen.origin());
    ensure!(!copied.swap(&slot, &seen, b"new")?);
    ensure!(copied.swap(&slot, &found, b"new")?);
    Ok(())
}

/// The file system may give the lock file its old number again.
#[test]
fn a_folder_that_was_restored_from_a_backup_has_another_origin() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let tokens = folder.join("state/tokens");
    let origin = open(&tokens)?.load(&slot)?.origin().to_owned();
    for _ in 0..5 {
        copy(&folder.join("state"), &folder.join("backup"))?;
        fs::remove_dir_all(folder.join("state"))?;
        copy(&folder.join("backup"), &folder.join("state"))?;
        mode(&folder.join("state"), 0o700)?;
        ensure!(open(&tokens)?.load(&slot)?.origin() != origin);
    }
    Ok(())
}
