//! Where the file really is, and whether others can change it.
//!
//! The checks ask who could replace the file:
//!
//! - Whoever can write the file, its lock or its folder. These are checked in every call.
//! - Whoever can write a folder above. They can put another folder in its place, but one of their own, which every call
//!   refuses. For root that is not enough: a process of root must not create files where another user leads it. So root
//!   also needs every folder above to be its own.

use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The same limit as that of Linux.
const MOST_LINKS: usize = 40;

/// Returns the path of the file without symbolic links. Creates missing folders.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    let mut path = std::path::absolute(path).map_err(|error| unusable(path, error))?;
    for _ in 0..MOST_LINKS {
        if path.is_dir() {
            path.push("tokens");
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(unusable(&path, io::Error::other("the path has no file name")));
        };
        let folder = create(folder)?;
        let file = folder.join(name);
        let Ok(target) = fs::read_link(&file) else {
            check_folder(&folder)?;
            return Ok(file);
        };
        path = folder.join(target);
    }
    Err(unusable(&path, io::Error::other("too many symbolic links")))
}

fn create(folder: &Path) -> Result<PathBuf> {
    check_above(folder)?;
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let found = builder.create(folder).and_then(|()| fs::canonicalize(folder));
    let folder = found.map_err(|error| {
        Error::store(format!("cannot create or open the folder {}", folder.display()), error)
    })?;
    check_above(&folder)?;
    Ok(folder)
}

/// Makes a new file one that only its owner can read and write.
pub(super) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Refuses a folder that others can write.
pub(super) fn check_folder(folder: &Path) -> Result<()> {
    check(folder, &fs::metadata(folder).map_err(|error| unusable(folder, error))?)
}

/// Refuses a file or folder that others can write.
#[cfg(unix)]
pub(super) fn check(path: &Path, metadata: &Metadata) -> Result<()> {
    use std::os::unix::fs::MetadataExt;

    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if owner != process_owner() && owner != 0 {
        return Err(refused(path, owner, mode));
    }
    if mode & 0o022 != 0 { Err(refused(path, owner, mode)) } else { Ok(()) }
}

/// The folder of a Windows user is protected by the rights that it inherits.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
pub(super) fn check(_: &Path, _: &Metadata) -> Result<()> {
    Ok(())
}

/// For root, refuses a folder that is below one that another user controls.
#[cfg(unix)]
fn check_above(folder: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;

    if process_owner() != 0 {
        return Ok(());
    }
    for folder in folder.ancestors() {
        let Ok(metadata) = fs::metadata(folder) else { continue };
        let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
        // In a folder such as /tmp, others cannot replace what root owns.
        let is_sticky = mode & 0o1000 != 0;
        if owner != 0 || (mode & 0o022 != 0 && !is_sticky) {
            return Err(refused(folder, owner, mode));
        }
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn check_above(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
fn process_owner() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(unix)]
fn refused(path: &Path, owner: u32, mode: u32) -> Error {
    let message = format!(
        "the token file is not safe: other users can change {} (owner {owner}, mode {mode:o}). Choose a folder that \
         only the user of this process can write, or change its owner and mode",
        path.display()
    );
    Error::store(message, format!("this process runs as user {}", process_owner()))
}

fn unusable(path: &Path, error: io::Error) -> Error {
    Error::store(format!("cannot use {} for the token file", path.display()), error)
}
