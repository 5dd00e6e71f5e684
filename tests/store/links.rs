//! Paths: symbolic links, folders, and paths that lead nowhere.

use std::fs;
use std::os::unix::fs::symlink;

use anyhow::{Result, ensure};
use popup_rewards::store::Slot;

use super::scene::{Folder, holds, is_store_error, open, swap_current};

#[test]
fn a_linked_file_is_replaced_and_its_link_stays() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    fs::create_dir(folder.join("real"))?;
    super::scene::mode(&folder.join("real"), 0o700)?;
    let link = folder.join("link");
    // At first the link leads to a file that does not exist.
    symlink("real/tokens", &link)?;
    let store = open(&link)?;
    ensure!(swap_current(&store, &slot, b"one")?);
    ensure!(fs::symlink_metadata(folder.join("real/tokens"))?.is_file());
    let again = open(&link)?;
    ensure!(swap_current(&again, &slot, b"two")?);
    holds(&store, &slot, b"two")?;
    ensure!(fs::symlink_metadata(&link)?.is_symlink());
    ensure!(!folder.join("link.lock").exists(), "the lock is beside the real file");
    Ok(())
}

#[test]
fn a_linked_folder_is_followed_once() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let link = folder.join("link");
    for name in ["one", "two"] {
        fs::create_dir(folder.join(name))?;
        super::scene::mode(&folder.join(name), 0o700)?;
    }
    symlink("one", &link)?;
    for path in [link.join("tokens"), link.clone()] {
        let store = open(path)?;
        ensure!(swap_current(&store, &slot, b"one")?);
        fs::remove_file(&link)?;
        symlink("two", &link)?;
        holds(&store, &slot, b"one")?;
        ensure!(swap_current(&store, &slot, b"still one")?);
        fs::remove_file(&link)?;
        symlink("one", &link)?;
        fs::remove_file(folder.join("one/tokens"))?;
    }
    ensure!(fs::read_dir(folder.join("two"))?.next().is_none());
    Ok(())
}

#[test]
fn a_folder_that_is_given_gets_the_file_tokens() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    ensure!(swap_current(&open(folder.path())?, &slot, b"entry")?);
    ensure!(folder.tokens().is_file());
    Ok(())
}

#[test]
fn a_path_that_leads_nowhere_is_an_error() -> Result<()> {
    let folder = Folder::new()?;
    symlink("two", folder.join("one"))?;
    symlink("one", folder.join("two"))?;
    is_store_error(open(folder.join("one")).err(), &["too many symbolic links"])?;
    fs::write(folder.join("file"), b"")?;
    is_store_error(open(folder.join("file/tokens")).err(), &["cannot create or open the folder", "file"])?;
    is_store_error(open("").err(), &["cannot use"])?;
    is_store_error(open(folder.join("missing/..")).err(), &["cannot use"])
}
