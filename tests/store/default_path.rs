//! The default path, in a child process with other variables.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use popup_rewards::store::{EncryptedFileStore, StoreKey};

use super::scene::Folder;

/// Opens the store at the default path if [`opened`] has started this process, and does nothing otherwise.
#[test]
fn child() {
    if std::env::var_os("OPEN_DEFAULT").is_some() {
        match EncryptedFileStore::open_default(StoreKey::new([1; 32])) {
            Ok(store) => println!("opened {store:?}"),
            Err(error) => println!("kind {:?}: {error}", error.kind()),
        }
    }
}

/// Returns what the child printed.
fn opened(variables: &[(&str, &str)]) -> Result<String> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "store::default_path::child", "--nocapture"]);
    command.env_remove("HOME").env_remove("XDG_STATE_HOME").env("OPEN_DEFAULT", "1");
    let output = command.envs(variables.iter().copied()).output()?;
    ensure!(output.status.success());
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn the_default_path_is_in_the_state_folder_and_private() -> Result<()> {
    let home = Folder::new()?;
    let home_text = home.path().to_str().context("the path is no text")?;
    let printed = opened(&[("HOME", home_text)])?;
    let path = home.join(".local/state/popup-rewards/tokens");
    ensure!(printed.contains("opened EncryptedFileStore"), "{printed}");
    ensure!(printed.contains(path.to_str().context("the path is no text")?), "{printed}");
    for (path, mode) in [(".local/state", 0o700), (".local/state/popup-rewards", 0o700)] {
        ensure!(fs::metadata(home.join(path))?.permissions().mode() & 0o777 == mode);
    }
    let lock = home.join(".local/state/popup-rewards/tokens.lock");
    ensure!(fs::metadata(lock)?.permissions().mode() & 0o777 == 0o600);

    let state = home.join("state");
    let state = state.to_str().context("the path is no text")?;
    opened(&[("HOME", home_text), ("XDG_STATE_HOME", state)])?;
    ensure!(home.join("state/popup-rewards/tokens.lock").is_file());
    Ok(())
}

#[test]
fn without_a_home_the_error_says_what_to_set() -> Result<()> {
    for variables in [&[][..], &[("HOME", "")], &[("HOME", "relative")]] {
        let printed = opened(variables)?;
        ensure!(printed.contains("kind Store: there is no default path"), "{printed}");
        ensure!(printed.contains("Set HOME"), "{printed}");
    }
    Ok(())
}
