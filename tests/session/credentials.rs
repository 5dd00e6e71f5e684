//! Credentials from texts, secrets and closures, and the errors of closures.

use std::error::Error as StdError;
use std::io;
use std::sync::mpsc;

use popup_rewards::sandbox::Sandbox;
use popup_rewards::{Credentials, Error, ErrorKind, Session};

/// What a vault's error might quote.
const QUOTED: &str = "hvs.t0ken-of-the-vault";

/// Returns the error of a login with a failing closure, and the messages of the observer.
fn failed(credentials: Credentials) -> (Error, Vec<String>) {
    let sandbox = Sandbox::start().unwrap();
    let (sender, messages) = mpsc::channel();
    let session = Session::builder(&sandbox.url(), credentials)
        .observer(move |event| sender.send(event.message.clone()).unwrap_or_default())
        .build()
        .unwrap();
    let error = session.login().unwrap_err();
    assert_eq!(sandbox.calls("POST /auth/login"), 0);
    // The observer runs on the thread of the login, perhaps after this one goes on.
    let message = messages.recv().unwrap();
    (error, message.into_iter().collect())
}

#[test]
fn the_error_of_a_vault_is_the_source_and_is_not_printed() {
    let io: fn() -> io::Result<Credentials> = || Err(io::Error::other(QUOTED));
    let anyhow: fn() -> anyhow::Result<Credentials> = || Err(anyhow::anyhow!(QUOTED));
    let text: fn() -> Result<Credentials, String> = || Err(QUOTED.to_owned());
    let boxed: fn() -> Result<Credentials, Box<dyn StdError + Send + Sync>> = || Err(QUOTED.into());
    for credentials in [
        Credentials::try_from_fn(io),
        Credentials::try_from_fn(anyhow),
        Credentials::try_from_fn(text),
        Credentials::try_from_fn(boxed),
    ] {
        let (error, messages) = failed(credentials);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.to_string(), "the credentials closure failed");
        assert_eq!(error.source().unwrap().to_string(), QUOTED);
        assert_eq!(messages, ["the credentials closure failed"]);
        assert!(!format!("{error:?} {error:#?}").contains(QUOTED), "{error:?}");
    }
    let (error, _) = failed(Credentials::try_from_fn(io));
    assert!(error.source().unwrap().is::<io::Error>());
}

#[test]
fn an_error_of_this_crate_from_a_closure_stays_as_it_is() {
    fn unavailable() -> Error {
        Error::store("the vault is sealed", "its operator has to open it")
    }
    let own: fn() -> popup_rewards::Result<Credentials> = || Err(unavailable());
    let boxed: fn() -> Result<Credentials, Box<dyn StdError + Send + Sync>> = || Err(unavailable().into());
    for credentials in [
        Credentials::from_fn(own),
        Credentials::try_from_fn(own),
        Credentials::try_from_fn(boxed),
        Credentials::from_fn(move || {
            own()?;
            Ok(Credentials::new("key", "secret"))
        }),
    ] {
        let (error, messages) = failed(credentials);
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Store, "the vault is sealed".to_owned()));
        assert_eq!(messages, ["the vault is sealed: its operator has to open it"]);
    }
}

#[test]
fn a_secret_from_a_vault_logs_in() {
    let sandbox = Sandbox::start().unwrap();
    let (key, secret) = (sandbox.username(), sandbox.password());
    let text = secret.expose().to_owned();
    for credentials in [
        Credentials::new(key.expose(), secret.clone()),
        Credentials::new(key.expose(), secret.expose()),
        Credentials::new(key.expose(), text),
        Credentials::try_from_fn(move || io::Result::Ok(Credentials::new(key.expose(), secret.clone()))),
    ] {
        Session::new(&sandbox.url(), credentials).unwrap().login().unwrap();
    }
}
