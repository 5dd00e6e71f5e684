//! User code that panics, hangs, or uses its own session.

use std::panic::resume_unwind;
use std::sync::mpsc::channel;

use super::super::*;
use super::scene::{Scene, failed, secs};
use crate::EventKind;
use crate::token::source::*;
use crate::token::types::*;

#[test]
fn a_panic_in_a_login_fails_only_the_waiters_of_that_flight() {
    let scene = Scene::new();
    let waiters = [60, 120].map(|time| scene.caller(0, secs(time)));
    scene.until_waiting(2);
    scene.next("login").panics();
    for waiter in waiters {
        assert_eq!(waiter.ends(), Err((ErrorKind::Configuration, Some(1))));
    }
    scene.clock.advance(secs(1));
    let again = scene.caller(0, secs(60));
    scene.next("login").grants("a");
    assert_eq!(again.ends(), Ok(1));
}

#[test]
fn a_panic_in_a_refresh_keeps_the_token_but_uses_up_the_refresh_token() {
    let scene = Scene::logged_in();
    let waiter = scene.caller(1, secs(60));
    scene.next("refresh with a").panics();
    assert_eq!(waiter.ends(), Err((ErrorKind::Configuration, Some(1))));
    assert_eq!(scene.at_once(), Ok(1));
    scene.clock.advance(secs(1));
    let again = scene.caller(1, secs(60));
    scene.next("login").grants("b");
    assert_eq!(again.ends(), Ok(2));
}

#[test]
fn a_panic_in_the_clock_fails_only_that_flight() {
    let scene = Scene::new();
    scene.source.clock_panics.store(true, Ordering::SeqCst);
    let waiter = scene.caller(0, secs(60));
    assert_eq!(waiter.ends(), Err((ErrorKind::Configuration, Some(1))));
    scene.flight_ends();
    assert_eq!(scene.at_once(), Err((ErrorKind::Configuration, Some(1))));
    assert_eq!(scene.flights(), 1);
    scene.source.clock_panics.store(false, Ordering::SeqCst);
    scene.clock.advance(secs(1));
    let again = scene.caller(0, secs(60));
    scene.next("login").grants("a");
    assert_eq!(again.ends(), Ok(1));
}

#[test]
fn a_panic_in_the_clock_after_an_auth_call_loses_no_pair_or_pause() {
    let scene = Scene::new();
    let waiter = scene.caller(0, secs(60));
    let login = scene.next("login");
    scene.source.clock_panics.store(true, Ordering::SeqCst);
    login.fails(Failure::Refused);
    assert_eq!(waiter.ends(), Err((ErrorKind::InvalidCredentials, Some(30))));
    scene.flight_ends();
    scene.source.clock_panics.store(false, Ordering::SeqCst);
    let login = scene.login(secs(60));
    let call = scene.next("login");
    scene.source.clock_panics.store(true, Ordering::SeqCst);
    call.grants("a");
    assert_eq!(login.ends(), Ok(1));
}

#[test]
fn a_panic_in_the_observer_fails_no_call() {
    let scene = Scene::new();
    *scene.source.observer.lock() = Some(Arc::new(Box::new(|_| resume_unwind(Box::new("on purpose")))));
    let first = scene.caller(0, secs(60));
    scene.next("login").grants("a");
    assert_eq!(first.ends(), Ok(1));
    scene.flight_ends();
    let again = scene.caller(1, secs(60));
    scene.next("refresh with a").grants("b");
    assert_eq!(again.ends(), Ok(2));
    scene.flight_ends();
}

#[test]
fn a_slow_observer_delays_no_caller_and_receives_events_in_order() {
    let scene = Scene::logged_in();
    let ((seen, events), (release, hold)) = (channel(), channel::<()>());
    let hold = Mutex::new(hold);
    *scene.source.observer.lock() = Some(Arc::new(Box::new(move |kind| {
        seen.send(kind).ok();
        hold.lock().recv().ok();
    })));
    let waiter = scene.caller(1, secs(60));
    scene.next("refresh with a").fails(Failure::Refused);
    scene.next("login").grants("b");
    assert_eq!(waiter.ends(), Ok(2));
    let event = || events.recv_timeout(secs(20)).unwrap();
    assert_eq!(event(), EventKind::Rejected);
    // The observer has not returned, and the next flight runs.
    let again = scene.caller(2, secs(60));
    scene.next("refresh with b").grants("c");
    assert_eq!(again.ends(), Ok(3));
    drop(release);
    let mut rest = [event(), event()];
    rest.sort_by_key(|kind| *kind == EventKind::Refreshed);
    assert_eq!(rest, [EventKind::Minted, EventKind::Refreshed]);
    (0..2).for_each(|_| scene.flight_ends());
}

#[test]
fn an_observer_is_called_for_a_failed_flight_and_may_use_the_session() {
    let scene = Scene::logged_in();
    let (seen, events) = channel();
    let cache = Arc::downgrade(&scene.cache);
    *scene.source.observer.lock() = Some(Arc::new(Box::new(move |kind| {
        let held = cache.upgrade().map(|cache| cache.acquire(Waiter::new(0, secs(1060), 0)).is_ok());
        seen.send((kind, held)).ok();
    })));
    let waiter = scene.caller(1, secs(60));
    scene.next("refresh with a").fails(Failure::Forbidden);
    assert_eq!(waiter.ends(), Err((ErrorKind::Forbidden, Some(1))));
    scene.flight_ends();
    assert_eq!(events.try_iter().collect::<Vec<_>>(), [(EventKind::Failed, Some(true))]);
}

#[test]
fn a_credentials_closure_that_uses_its_own_session_fails_at_once() {
    let scene = Scene::new();
    let waiter = scene.caller(0, secs(60));
    let cache = Arc::clone(&scene.cache);
    scene.next("login").runs(move || {
        let inner = cache.acquire(Waiter::new(0, secs(7200), 0)).unwrap_err();
        assert_eq!(cache.login(secs(7200)).unwrap_err().kind(), inner.kind());
        Err(AuthError { failure: Failure::Aborted, error: inner })
    });
    assert_eq!(waiter.ends(), Err((ErrorKind::Configuration, Some(1))));
    assert_eq!(scene.flights(), 1);
}

#[test]
fn a_credentials_closure_may_use_another_session_but_not_its_own() {
    let (vault, scene) = (Scene::new(), Scene::new());
    let waiter = scene.caller(0, secs(60));
    let (outer, inner) = (Arc::clone(&scene.cache), Arc::clone(&vault.cache));
    scene.next("login").runs(move || {
        let found = inner.acquire(Waiter::new(0, secs(1060), 0)).unwrap();
        assert_eq!(found.access, "from the vault");
        // After that, its own session is still refused.
        let own = outer.acquire(Waiter::new(0, secs(1060), 0)).unwrap_err();
        Err(AuthError { failure: Failure::Aborted, error: own })
    });
    let login = vault.next("login");
    login.grants("from the vault");
    assert_eq!(waiter.ends(), Err((ErrorKind::Configuration, Some(1))));
    scene.flight_ends();
    assert_eq!(vault.at_once(), Ok(1));
}

#[test]
fn a_failed_credentials_closure_is_called_again_by_the_next_flight() {
    let scene = Scene::new();
    let first = scene.caller(0, secs(60));
    scene.next("login").responds(failed(Failure::Aborted));
    assert_eq!(first.ends(), Err((ErrorKind::Configuration, Some(1))));
    let patient = scene.caller(0, secs(60));
    scene.until_pausing(secs(1001));
    scene.clock.advance(secs(1));
    scene.next("login").grants("a");
    assert_eq!(patient.ends(), Ok(1));
}

#[test]
fn an_observer_that_hangs_blocks_only_one_thread() {
    let scene = Scene::new();
    let (release, hold) = channel::<()>();
    let (hold, events) = (Mutex::new(hold), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&events);
    *scene.source.observer.lock() = Some(Arc::new(Box::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        hold.lock().recv().unwrap_or_default();
    })));
    let first = scene.caller(0, secs(60));
    scene.next("login").grants("a");
    assert_eq!(first.ends(), Ok(1));
    Scene::until(|| events.load(Ordering::SeqCst) == 1);
    for generation in 1..=3 {
        let next = scene.caller(generation, secs(60));
        let call = scene.next("refresh with a");
        call.grants("a");
        assert_eq!(next.ends(), Ok(generation + 1));
        // The thread has ended although the observer was not called yet.
        scene.flight_ends();
    }
    assert_eq!(events.load(Ordering::SeqCst), 1);
    drop(release);
    Scene::until(|| events.load(Ordering::SeqCst) == 4);
}
