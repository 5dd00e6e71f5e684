//! Code of the user that calls back into the session does not deadlock.

use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use parking_lot::Mutex;
use popup_rewards::sandbox::Sandbox;
use popup_rewards::{Credentials, ErrorKind, Session};

use super::crowd::{nothing_presented_twice, until};

type Seen = Arc<Mutex<Vec<Result<(), ErrorKind>>>>;

/// Everything a session can be asked that needs a token.
fn ask(session: &Session) -> Vec<Result<(), ErrorKind>> {
    [session.countries().map(drop), session.access_token().map(drop), session.login(), session.refresh()]
        .map(|outcome| outcome.map_err(|error| error.kind()))
        .to_vec()
}

#[test]
fn a_credentials_closure_that_uses_its_own_session_gets_a_configuration_error() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let (own, seen) = (Arc::new(OnceLock::<Session>::new()), Seen::default());
    let (inside, told, known) = (Arc::clone(&own), Arc::clone(&seen), sandbox.credentials());
    let credentials = Credentials::from_fn(move || {
        if let Some(session) = inside.get() {
            let answers = ask(session);
            told.lock().extend(answers);
            // What needs no token may be used.
            assert!(session.status().renewing);
        }
        Ok(known.clone())
    });
    let session = Session::new(&sandbox.url(), credentials)?;
    own.set(session.clone()).ok().context("set once")?;
    session.countries()?;
    assert_eq!(*seen.lock(), [Err(ErrorKind::Configuration); 4]);
    assert_eq!(sandbox.calls("POST /auth/login"), 1);
    nothing_presented_twice(&sandbox)
}

#[test]
fn an_observer_may_use_the_session_it_watches() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let (own, seen) = (Arc::new(OnceLock::<Session>::new()), Seen::default());
    let (inside, told, busy) = (Arc::clone(&own), Arc::clone(&seen), Mutex::new(false));
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .observer(move |_| {
            // Its own login and refresh are events too: it answers only the first.
            let first = !std::mem::replace(&mut *busy.lock(), true);
            if let Some(session) = inside.get().filter(|_| first) {
                let answers = ask(session);
                told.lock().extend(answers);
            }
        })
        .build()?;
    own.set(session.clone()).ok().context("set once")?;
    session.countries()?;
    until("the observer is done", || seen.lock().len() == 4)?;
    assert_eq!(*seen.lock(), [Ok(()); 4]);
    assert_eq!(session.status().generation, 3);
    nothing_presented_twice(&sandbox)
}

#[test]
fn an_observer_may_log_in_again_when_it_is_told_of_a_logout() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let own = Arc::new(OnceLock::<Session>::new());
    let inside = Arc::clone(&own);
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .observer(move |event| {
            if let Some(session) = inside.get().filter(|_| event.kind == popup_rewards::EventKind::LoggedOut)
            {
                session.login().unwrap();
            }
        })
        .build()?;
    own.set(session.clone()).ok().context("set once")?;
    session.countries()?;
    session.logout()?;
    session.countries()?;
    assert_eq!(sandbox.calls("POST /auth/login"), 2);
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_login_after_a_logout_waits_for_a_closure_that_still_runs() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let (known, (go, wait)) = (sandbox.credentials(), std::sync::mpsc::channel::<()>());
    let wait = Mutex::new(wait);
    let credentials = Credentials::from_fn(move || {
        // The first time until the test lets it go, and then not at all.
        wait.lock().recv().unwrap_or_default();
        Ok(known.clone())
    });
    let session = Session::builder(&sandbox.url(), credentials).build()?;
    let caller = session.clone();
    let call = std::thread::spawn(move || caller.countries().map_err(|error| error.kind()));
    until("the closure runs", || session.status().renewing)?;
    session.logout()?;
    assert_eq!(call.join().ok().context("it panicked")?.err(), Some(ErrorKind::LoggedOut));
    let again = session.clone();
    let login = std::thread::spawn(move || again.login());
    until("the next flight has begun", || session.status().renewing)?;
    drop(go);
    login.join().ok().context("it panicked")??;
    assert_eq!(sandbox.calls("POST /auth/login"), 1, "the login that was cut off never left");
    Ok(())
}
