//! A logout in the middle of 64 threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Result;
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{ErrorKind, Session};

use super::crowd::{Crowd, HOUR, TEN_HOURS, WEEK, call, nothing_presented_twice, until};

#[test]
fn no_request_carries_a_token_after_a_logout_amid_64_threads() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = sandbox.session();
    let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (stopping, counted) = (Arc::clone(&stop), Arc::clone(&made));
    let crowd = Crowd::start(&session, 64, move |session| {
        // The last call starts after the logout has returned.
        loop {
            let last = stopping.load(Ordering::SeqCst);
            let outcome = call(session);
            counted.fetch_add(1, Ordering::SeqCst);
            if last || outcome.is_err() {
                return outcome;
            }
        }
    })?;
    until("calls are running", || made.load(Ordering::SeqCst) > 200)?;
    session.logout()?;
    let arrived = sandbox.calls("*");
    stop.store(true, Ordering::SeqCst);
    crowd.all(Err(ErrorKind::LoggedOut))?;
    assert_eq!(call(&session), Err(ErrorKind::LoggedOut));
    // A request that arrives after the logout returned was sent before it. Each thread has at most one.
    let late = sandbox.calls("*") - arrived;
    assert!(late <= 64, "{late} requests after the logout");
    assert_eq!(sandbox.live_access_tokens(), 0);
    assert_eq!(sandbox.calls("POST /auth/login"), 1);
    nothing_presented_twice(&sandbox)
}

#[test]
fn threads_that_wait_for_a_login_fail_at_once_on_logout() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.set_token_life(TEN_HOURS, WEEK);
    let session = Session::new(&sandbox.url(), sandbox.credentials())?;
    sandbox.fault("POST /auth/login", Fault::hold(HOUR));
    let finished = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&finished);
    let crowd = Crowd::start(&session, 64, move |session| {
        let outcome = call(session);
        counted.fetch_add(1, Ordering::SeqCst);
        outcome
    })?;
    until("all wait", || session.stats().waits == 64 && sandbox.calls("POST /auth/login") == 1)?;
    session.logout()?;
    // The server still holds the login.
    until("all are done", || finished.load(Ordering::SeqCst) == 64)?;
    sandbox.advance(HOUR);
    crowd.all(Err(ErrorKind::LoggedOut))?;
    until("the late pair is revoked", || sandbox.calls("POST /auth/logout") == 1)?;
    assert_eq!((sandbox.live_access_tokens(), sandbox.calls("GET /api/v1/countries")), (0, 0));
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_call_refused_because_of_a_logout_fails_with_logged_out() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.set_token_life(TEN_HOURS, WEEK);
    let session = Session::new(&sandbox.url(), sandbox.credentials())?;
    session.login()?;
    sandbox.fault("GET /api/v1/countries", Fault::Status(401).held(HOUR));
    let crowd = Crowd::start(&session, 1, call)?;
    until("the call reaches the server", || sandbox.calls("GET /api/v1/countries") == 1)?;
    session.logout()?;
    sandbox.advance(HOUR);
    crowd.all(Err(ErrorKind::LoggedOut))?;
    assert_eq!((sandbox.calls("GET /api/v1/countries"), sandbox.calls("POST /auth/login")), (1, 1));
    assert_eq!(session.stats().retries, 0);
    Ok(())
}
