//! Where the file is if the program does not say it.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use etcetera::base_strategy::choose_native_strategy;

use crate::{Error, Result};

/// Returns the folder in which programs of this user keep such files.
pub(in crate::store) fn default_folder() -> Result<PathBuf> {
    let base = choose_native_strategy().map_err(|error| Error::store(MESSAGE, error))?;
    // Windows copies its data folder to other machines, but not its cache folder.
    let local = || if cfg!(windows) { base.cache_dir() } else { base.data_dir() };
    let folder = base.state_dir().unwrap_or_else(local);
    // Without HOME, the home folder would come from the user database. For a service it often names none.
    let has_home =
        cfg!(not(unix)) || std::env::var_os("HOME").is_some_and(|home| Path::new(&home).is_absolute());
    if !has_home {
        return Err(Error::store(MESSAGE, "the process has no home folder"));
    }
    Ok(folder.join("popup-rewards"))
}

const MESSAGE: &str = "there is no default path for the token file. Set HOME to the absolute path of the user's home \
                       folder, or open the store with a path";
