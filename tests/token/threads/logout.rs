//! A logout in the middle of 64 threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Result;
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{ErrorKind, Session};

use super::crowd::{Crowd, HOUR, TEN_HOURS, WEEK, call, nothing_presented_twice, until};

#[test]
fn after_a_logout_in_the_middle_of_64_threads_no_request_carries_a_token() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = sandbox.session();
    let (over, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (ended, counted) = (Arc::clone(&over), Arc::clone(&made));
    let crowd = Crowd::start(&session, 64, move |session| {
        // Calls go on until the logout is seen; the last one is made after it for certain.
        loop {
            let last = ended.load(Ordering::SeqCst);
            let outcome = call(session);
            counted.fetch_add(1, Ordering::SeqCst);
            if last || outcome.is_err() {
                return outcome;
            }
        }
    })?;
    until("calls are under way", || made.load(Ordering::SeqCst) > 200)?;
    session.logout()?;
    let arrived = sandbox.calls("*");
    over.store(true, Ordering::SeqCst);
    crowd.all(Err(ErrorKind::LoggedOut))?;
    assert_eq!(call(&session), Err(ErrorKind::LoggedOut));
    // What arrives after the logout has returned was sent before it and is on the server's side of the socket.
    let late = sandbox.calls("*") - arrived;
    assert!(late <= 64, "{late} requests after the logout");
    assert_eq!(sandbox.live_access_tokens(), 0);
    assert_eq!(sandbox.calls("POST /auth/login"), 1);
    nothing_presented_twice(&sandbox)
}

#[test]
fn threads_that_wait_for_a_login_are_told_of_a_logout_at_once() -> Result<()> {
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
    // The login is still held: the waiters do not depend on its end.
    until("all are done", || finished.load(Ordering::SeqCst) == 64)?;
    sandbox.advance(HOUR);
    crowd.all(Err(ErrorKind::LoggedOut))?;
    until("the late pair is revoked", || sandbox.calls("POST /auth/logout") == 1)?;
    assert_eq!((sandbox.live_access_tokens(), sandbox.calls("GET /api/v1/countries")), (0, 0));
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_call_that_the_logout_itself_gets_refused_says_so() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.set_token_life(TEN_HOURS, WEEK);
    let session = Session::new(&sandbox.url(), sandbox.credentials())?;
    session.login()?;
    sandbox.fault("GET /api/v1/countries", Fault::Status(401).held(HOUR));
    let crowd = Crowd::start(&session, 1, call)?;
    until("the call is out", || sandbox.calls("GET /api/v1/countries") == 1)?;
    session.logout()?;
    sandbox.advance(HOUR);
    crowd.all(Err(ErrorKind::LoggedOut))?;
    assert_eq!((sandbox.calls("GET /api/v1/countries"), sandbox.calls("POST /auth/login")), (1, 1));
    assert_eq!(session.stats().retries, 0);
    Ok(())
}
