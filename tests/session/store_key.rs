//! Keys of a token store that are refused before anything is read or sent.

use std::process::Command;
use std::time::Duration;

use popup_rewards::store::{Contents, Lease, Slot, StoreKey, TokenStore};
use popup_rewards::{Credentials, Error, ErrorKind, Result, Session};

/// A store that has a key and nothing else.
struct KeyOnly(StoreKey);

fn unused<T>() -> Result<T> {
    Err(Error::store("the store was used", "on purpose"))
}

impl TokenStore for KeyOnly {
    fn key(&self) -> &StoreKey {
        &self.0
    }

    fn load(&self, _: &Slot) -> Result<Contents> {
        unused()
    }

    fn acquire(&self, _: &Slot, _: &str, _: Duration) -> Result<Lease> {
        unused()
    }

    fn swap(&self, _: &Slot, _: &Contents, _: &[u8]) -> Result<bool> {
        unused()
    }

    fn release(&self, _: &Slot, _: &str) -> Result<()> {
        unused()
    }
}

fn build(key: StoreKey) -> Result<Session> {
    let credentials = Credentials::new("key", "secret");
    Session::builder("https://api.example.com", credentials).token_store(KeyOnly(key)).build()
}

#[test]
fn a_passphrase_that_is_too_short_is_refused() {
    for text in ["hunter2", "hunter2hunt", "   hunter2   ", "ähunter2äää", "hunter2\n\n\n\n\n\n\n\n"] {
        let error = build(StoreKey::from_passphrase(text)).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        let says = "the passphrase of the token store is shorter than 12 characters";
        assert!(error.to_string().contains(says), "{error}");
        assert!(!format!("{error:?} {error:#}").contains("hunter2"), "{error:?}");
    }
    for text in ["", " ", "\t\t\t\t\t\t\t\t\t\t\t\t\t\t"] {
        assert_eq!(build(StoreKey::from_passphrase(text)).expect_err(text).kind(), ErrorKind::Configuration);
    }
    for key in [StoreKey::from_passphrase("twelve chars"), StoreKey::new([7; 32])] {
        assert!(build(key).is_ok());
    }
}

#[test]
fn a_malformed_key_variable_is_refused() {
    // Uses a child process, because other tests may read the variables of this one.
    let output = |value: Option<&str>| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "session::store_key::child_reads_its_key", "--nocapture"]);
        child.env("READS_KEY", "1").env_remove("TOKEN_STORE_KEY");
        child.envs(value.map(|value| ("TOKEN_STORE_KEY", value)));
        String::from_utf8(child.output().unwrap().stdout).unwrap()
    };
    let digits = "c0ffee".repeat(10);
    for (value, says) in [
        (None, "is not set"),
        (Some(""), "is empty"),
        (Some(" \t "), "is blank"),
        (Some("c0ffee"), "is shorter than 12 characters"),
        (Some(&*digits), "has hexadecimal digits, but not the 64 of a key"),
        (Some("c0ffee c0ffee c0ffee\n"), "trim it"),
    ] {
        let shown = output(value);
        let expected = "Err Configuration: the environment variable TOKEN_STORE_KEY";
        assert!(shown.contains(expected) && shown.contains(says), "{value:?}: {shown}");
        assert!(!shown.contains("c0ffee"), "{value:?}: {shown}");
    }
    for value in [&"c0ffee".repeat(11)[..64], "c0ffee c0ffee"] {
        assert!(output(Some(value)).contains("a session"), "{value}");
    }
}

#[test]
fn child_reads_its_key() {
    if std::env::var_os("READS_KEY").is_some() {
        match StoreKey::from_env("TOKEN_STORE_KEY").and_then(build) {
            Ok(_) => println!("a session"),
            Err(error) => println!("Err {:?}: {error}\n{error:?}", error.kind()),
        }
    }
}
