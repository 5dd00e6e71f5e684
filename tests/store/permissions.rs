//! Files and folders that other users can change are refused.

use std::fs;
use std::os::unix::fs::chown;

use anyhow::{Context, Result, ensure};
use popup_rewards::store::Slot;

use super::scene::{
    Child, Folder, OTHER_USER, drop_privileges, every_call, is_root, is_store_error, mode, open,
};

const OTHER: &str = "owner 65534";

#[test]
fn what_others_can_write_is_refused_by_every_call() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.with_entry(&slot, b"entry")?;
    let state = folder.path().to_str().context("the path is no text")?.to_owned();
    for (path, good) in [("", 0o700), ("tokens", 0o600), ("tokens.lock", 0o600)] {
        let path = if path.is_empty() { folder.path().to_owned() } else { folder.join(path) };
        for bad in [good | 0o020, good | 0o002] {
            mode(&path, bad)?;
            let name = path.to_str().context("the path is no text")?;
            for error in every_call(&store, &slot) {
                is_store_error(error, &["is not safe", name, &format!("mode {bad:o}")])?;
            }
            if path != folder.tokens() {
                is_store_error(open(folder.tokens()).err(), &["is not safe", &state])?;
            }
        }
        mode(&path, good)?;
    }
    ensure!(every_call(&store, &slot).iter().all(Option::is_none));
    Ok(())
}

#[test]
fn what_belongs_to_another_user_is_refused_by_every_call() -> Result<()> {
    if !is_root() {
        // Only root can give a file away.
        return Ok(());
    }
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.with_entry(&slot, b"entry")?;
    for path in [folder.path().to_owned(), folder.tokens(), folder.join("tokens.lock")] {
        chown(&path, Some(OTHER_USER), None)?;
        let name = path.to_str().context("the path is no text")?;
        for error in every_call(&store, &slot) {
            is_store_error(error, &["is not safe", name, OTHER, "runs as user 0"])?;
        }
        chown(&path, Some(0), None)?;
    }
    ensure!(every_call(&store, &slot).iter().all(Option::is_none));
    Ok(())
}

#[test]
fn root_does_not_write_below_the_home_of_another_user() -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let (folder, real) = (Folder::new()?, Folder::new()?);
    let home = folder.join("home");
    fs::create_dir_all(home.join("by root"))?;
    mode(&home.join("by root"), 0o700)?;
    std::os::unix::fs::symlink(real.path(), home.join("link"))?;
    chown(&home, Some(OTHER_USER), Some(OTHER_USER))?;
    let name = home.to_str().context("the path is no text")?;
    for path in ["tokens", "by root/tokens", "new/tokens", "link/tokens"] {
        is_store_error(open(home.join(path)).err(), &["is not safe", name, OTHER])?;
    }
    ensure!(!home.join("new").exists(), "nothing is created there");
    ensure!(fs::read_dir(real.path())?.next().is_none());
    // Another user may do the same.
    mode(folder.path(), 0o755)?;
    Child::run(|| {
        drop_privileges()?;
        drop(open(home.join("new/tokens"))?);
        Ok(())
    })?
    .succeeds()
}

#[test]
fn root_writes_below_a_folder_for_everybody_only_if_it_is_sticky() -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let folder = Folder::new()?;
    let shared = folder.join("shared");
    fs::create_dir(&shared)?;
    mode(&shared, 0o777)?;
    is_store_error(open(shared.join("mine/tokens")).err(), &["is not safe", "shared", "mode 777"])?;
    mode(&shared, 0o1777)?;
    drop(open(shared.join("mine/tokens"))?);
    is_store_error(open(shared.join("tokens")).err(), &["is not safe", "shared", "mode 1777"])
}
