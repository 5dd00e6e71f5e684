//! The user's code can call the session without a deadlock.

use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use parking_lot::Mutex;
use popup_rewards::sandbox::Sandbox;
use popup_rewards::{Credentials, ErrorKind, Session};

use super::crowd::{nothing_presented_twice, until};

type CallResults = Arc<Mutex<Vec<Result<(), ErrorKind>>>>;

/// Makes every kind of call that needs a token.
fn call_all(session: &Session) -> Vec<Result<(), ErrorKind>> {
    [session.countries().map(drop), session.access_token().map(drop), session.login(), session.refresh()]
        .map(|outcome| outcome.map_err(|error| error.kind()))
        .to_vec()
}

#[test]
fn a_credentials_closure_that_calls_its_own_session_gets_an_error() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let (own, seen) = (Arc::new(OnceLock::<Session>::new()), CallResults::default());
    let (inside, recorded, known) = (Arc::clone(&own), Arc::clone(&seen), sandbox.credentials());
    let credentials = Credentials::from_fn(move || {
        if let Some(session) = inside.get() {
            let results = call_all(session);
            recorded.lock().extend(results);
            // Calls that need no token are allowed.
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
fn an_observer_may_use_its_own_session() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let (own, seen) = (Arc::new(OnceLock::<Session>::new()), CallResults::default());
    let (inside, recorded, busy) = (Arc::clone(&own), Arc::clone(&seen), Mutex::new(false));
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .observer(move |_| {
            // Its own login and refresh cause events too, so it acts only on the first.
            let first = !std::mem::replace(&mut *busy.lock(), true);
            if let Some(session) = inside.get().filter(|_| first) {
                let results = call_all(session);
                recorded.lock().extend(results);
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
fn an_observer_may_log_in_on_a_logout_event() -> Result<()> {
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
fn a_login_after_a_logout_waits_for_a_running_credentials_closure() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let (known, (go, wait)) = (sandbox.credentials(), std::sync::mpsc::channel::<()>());
    let wait = Mutex::new(wait);
    let credentials = Credentials::from_fn(move || {
        // Blocks until the test drops the sender.
        wait.lock().recv().unwrap_or_default();
        Ok(known.clone())
    });
    let session = Session::builder(&sandbox.url(), credentials).build()?;
    let caller = session.clone();
    let call = std::thread::spawn(move || caller.countries().map_err(|error| error.kind()));
    until("the closure is running", || session.status().renewing)?;
    session.logout()?;
    assert_eq!(call.join().ok().context("the thread panicked")?.err(), Some(ErrorKind::LoggedOut));
    let again = session.clone();
    let login = std::thread::spawn(move || again.login());
    until("the next flight is running", || session.status().renewing)?;
    drop(go);
    login.join().ok().context("the thread panicked")??;
    assert_eq!(sandbox.calls("POST /auth/login"), 1, "the interrupted login must not be sent");
    Ok(())
}
