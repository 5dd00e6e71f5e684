//! Code of the user that panics costs the callers who wait an error at the most, and the session nothing.

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
fn a_credentials_closure_that_panics_is_an_error_of_that_flight() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let (first, ready) = (AtomicBool::new(true), Arc::new(AtomicBool::new(false)));
    let (known, go) = (sandbox.credentials(), Arc::clone(&ready));
    let credentials = Credentials::from_fn(move || {
        if first.swap(false, Ordering::SeqCst) {
            until("everybody waits", || go.load(Ordering::SeqCst)).unwrap();
            panic!("the secrets manager is gone");
        }
        Ok(known.clone())
    });
    let session = Session::new(&sandbox.url(), credentials)?;
    let crowd = Crowd::start(&session, THREADS, call)?;
    until("all wait", || session.stats().waits == 16)?;
    ready.store(true, Ordering::SeqCst);
    crowd.all(Err(ErrorKind::Configuration))?;
    assert_eq!(sandbox.calls("POST /auth/login"), 0);
    assert_eq!(call(&session), Ok(()), "the next flight flies");
    nothing_presented_twice(&sandbox)
}

#[test]
fn an_observer_that_panics_is_nobody_elses_problem() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session =
        Session::builder(&sandbox.url(), sandbox.credentials()).observer(|_| panic!("not now")).build()?;
    Crowd::start(&session, THREADS, call)?.all(Ok(()))?;
    assert_eq!(sandbox.calls("POST /auth/login"), 1);
    nothing_presented_twice(&sandbox)
}

/// A clock that panics, when it is told to, on a thread that belongs to the session.
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
fn a_clock_that_panics_in_a_flight_fails_who_waits_and_the_next_flight_flies() -> Result<()> {
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
    let fates = crowd.fates()?;
    assert!(fates.iter().all(Option::is_some), "the clock did not panic on a thread of a caller");
    assert!(!breaks.load(Ordering::SeqCst), "it did panic");
    assert_eq!(call(&session), Ok(()));
    nothing_presented_twice(&sandbox)
}

#[test]
fn an_observer_that_panics_on_the_thread_of_a_caller_leaves_its_result_alone() -> Result<()> {
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
