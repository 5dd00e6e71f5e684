//! A panic in the user's code gives the waiting callers at most an error, and the session stays usable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{Clock, Credentials, ErrorKind, Session, SystemClock};

use super::crowd::{Crowd, HOUR, TEN_HOURS, WEEK, call, nothing_presented_twice, until};
use crate::common::clock::TestClock;

const THREADS: usize = 16;

#[test]
fn a_panic_in_the_credentials_closure_fails_only_that_flight() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let (first, ready) = (AtomicBool::new(true), Arc::new(AtomicBool::new(false)));
    let (known, go) = (sandbox.credentials(), Arc::clone(&ready));
    let credentials = Credentials::from_fn(move || {
        if first.swap(false, Ordering::SeqCst) {
            until("all threads wait", || go.load(Ordering::SeqCst)).unwrap();
            panic!("the secrets manager is unreachable");
        }
        Ok(known.clone())
    });
    let session = Session::new(&sandbox.url(), credentials)?;
    let crowd = Crowd::start(&session, THREADS, call)?;
    until("all wait", || session.stats().waits == 16)?;
    ready.store(true, Ordering::SeqCst);
    crowd.all(Err(ErrorKind::Configuration))?;
    assert_eq!(sandbox.calls("POST /auth/login"), 0);
    assert_eq!(call(&session), Ok(()), "the next flight must succeed");
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_panic_in_the_observer_fails_no_call() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session =
        Session::builder(&sandbox.url(), sandbox.credentials()).observer(|_| panic!("not now")).build()?;
    Crowd::start(&session, THREADS, call)?.all(Ok(()))?;
    assert_eq!(sandbox.calls("POST /auth/login"), 1);
    nothing_presented_twice(&sandbox)
}

/// A clock that panics once, on a thread of the session, when the flag is set.
#[derive(Clone)]
struct Fragile(SystemClock, Arc<AtomicBool>);

impl Clock for Fragile {
    fn monotonic(&self) -> Duration {
        let is_flight = thread::current().name().is_some_and(|name| name.starts_with("popup-rewards"));
        assert!(!(is_flight && self.1.swap(false, Ordering::SeqCst)), "the clock is broken");
        self.0.monotonic()
    }

    fn wall(&self) -> SystemTime {
        self.0.wall()
    }
}

#[test]
fn a_panic_in_the_clock_fails_only_that_flight() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.set_token_life(TEN_HOURS, WEEK);
    let breaks = Arc::new(AtomicBool::new(false));
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .clock(Fragile(SystemClock::new(), Arc::clone(&breaks)))
        .build()?;
    sandbox.fault("POST /auth/login", Fault::Status(503).held(HOUR));
    let crowd = Crowd::start(&session, THREADS, call)?;
    until("all wait", || session.stats().waits == 16 && sandbox.calls("POST /auth/login") == 1)?;
    breaks.store(true, Ordering::SeqCst);
    sandbox.advance(HOUR);
    let results = crowd.results()?;
    assert!(results.iter().all(Option::is_some), "the clock panicked on a caller's thread");
    assert!(!breaks.load(Ordering::SeqCst), "the clock did not panic");
    assert_eq!(call(&session), Ok(()));
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_panic_in_the_observer_on_a_callers_thread_keeps_the_result() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .clock(TestClock::skipping())
        .observer(|_| panic!("not now"))
        .build()?;
    sandbox.fault("GET /api/v1/countries", Fault::Status(401).always());
    assert_eq!(call(&session), Err(ErrorKind::Unauthorized));
    session.logout()?;
    session.login()?;
    session.forget();
    Ok(())
}
