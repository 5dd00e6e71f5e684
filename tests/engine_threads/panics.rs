//! A leader that panics wakes everybody, wherever the code was that panicked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{Clock, Credentials, EventKind, Session, SystemClock};

use crate::crowd::{Crowd, Fate, HOUR, TEN_HOURS, WEEK, call, nothing_presented_twice, until};

const THREADS: usize = 16;

/// One panicked, and the others were served.
fn one_is_lost(fates: &[Fate]) {
    assert_eq!(fates.iter().filter(|fate| fate.is_none()).count(), 1);
    assert_eq!(fates.iter().filter(|fate| **fate == Some(Ok(()))).count(), THREADS - 1);
}

#[test]
fn in_the_credentials_closure() -> Result<()> {
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
    until("all others wait", || session.stats().waits == 15)?;
    ready.store(true, Ordering::SeqCst);
    one_is_lost(&crowd.fates()?);
    assert_eq!(sandbox.calls("POST /auth/login"), 1);
    nothing_presented_twice(&sandbox)
}

#[test]
fn in_the_observer() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.set_token_life(TEN_HOURS, WEEK);
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .observer(|event| assert_ne!(event.kind, EventKind::Minted, "nobody wanted to know that"))
        .build()?;
    sandbox.fault("POST /auth/login", Fault::hold(HOUR));
    let crowd = Crowd::start(&session, THREADS, call)?;
    until("all others wait", || session.stats().waits == 15 && sandbox.calls("POST /auth/login") == 1)?;
    sandbox.advance(HOUR);
    one_is_lost(&crowd.fates()?);
    assert_eq!(sandbox.calls("POST /auth/login"), 1);
    nothing_presented_twice(&sandbox)
}

/// A clock that breaks once it is told to, at the first pause between two attempts.
#[derive(Clone)]
struct Fragile(SystemClock, Arc<AtomicBool>);

impl Clock for Fragile {
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn wall(&self) -> SystemTime {
        self.0.wall()
    }

    fn sleep(&self, duration: Duration) {
        assert!(!self.1.swap(false, Ordering::SeqCst), "the clock is broken");
        self.0.sleep(duration);
    }

    fn random(&self) -> f64 {
        1.0
    }
}

#[test]
fn in_the_clock() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.set_token_life(TEN_HOURS, WEEK);
    let breaks = Arc::new(AtomicBool::new(true));
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .clock(Fragile(SystemClock::new(), breaks))
        .build()?;
    sandbox.fault("POST /auth/login", Fault::Status(503).held(HOUR));
    let crowd = Crowd::start(&session, THREADS, call)?;
    until("all others wait", || session.stats().waits == 15 && sandbox.calls("POST /auth/login") == 1)?;
    sandbox.advance(HOUR);
    one_is_lost(&crowd.fates()?);
    assert_eq!(sandbox.calls("POST /auth/login"), 2);
    nothing_presented_twice(&sandbox)
}
