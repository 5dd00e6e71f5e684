//! The token store with its key in the keychain, without a keychain. The tests with one are beside the code.
#![cfg(target_os = "linux")]

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use popup_rewards::store::{KeyringStore, Slot};

/// A folder that is deleted with all that is in it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn folder() -> Result<Folder> {
    let path = std::env::temp_dir().join(format!("popup-rewards-{}", Slot::random()));
    std::fs::create_dir(&path)?;
    Ok(Folder(path))
}

/// Opens the store if [`open`] has started this process, and does nothing otherwise.
#[test]
fn child() {
    if std::env::var_os("OPEN_KEYRING").is_some() {
        match KeyringStore::open("com.example.test") {
            Ok(store) => println!("opened {store:?}"),
            Err(error) => println!("kind {:?}: {error}", error.kind()),
        }
    }
}

/// Opens the store in a process with this session bus. Returns what it printed, and how long it took.
fn open(home: &Path, bus: &str) -> Result<(String, Duration)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "child", "--nocapture"]).stdin(Stdio::null());
    command.env("OPEN_KEYRING", "1").env("HOME", home).env("DBUS_SESSION_BUS_ADDRESS", bus);
    let started = Instant::now();
    let output = command.env_remove("XDG_STATE_HOME").output()?;
    let took = started.elapsed();
    ensure!(output.status.success());
    Ok((String::from_utf8(output.stdout)?, took))
}

#[test]
fn a_session_bus_that_stays_silent_is_an_error_within_the_limit() -> Result<()> {
    let home = folder()?;
    let socket = home.0.join("bus");
    // The system accepts the connection, and nobody reads from it.
    let listener = UnixListener::bind(&socket)?;
    let (printed, took) = open(&home.0, &format!("unix:path={}", socket.display()))?;
    listener.set_nonblocking(true)?;
    listener.accept().context("the session bus was not called")?;
    ensure!(printed.contains("kind Store: the keychain is locked or does not respond"), "{printed}");
    ensure!(took > Duration::from_secs(2) && took < Duration::from_secs(6), "{took:?}");
    Ok(())
}

#[test]
fn without_a_session_bus_the_error_says_what_to_use_instead() -> Result<()> {
    let home = folder()?;
    let (printed, took) = open(&home.0, "unix:path=/nonexistent/bus")?;
    ensure!(printed.contains("kind Store: the keychain is not usable"), "{printed}");
    ensure!(printed.contains("use an EncryptedFileStore with a StoreKey"), "{printed}");
    ensure!(took < Duration::from_secs(3), "{took:?}");
    Ok(())
}
