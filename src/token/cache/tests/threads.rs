//! Flights if no thread can be started, and clocks that jump.

use super::super::*;
use super::scene::{FLIGHT_LIMIT, LOST, Pending, Scene, secs};
use crate::token::source::*;
use crate::token::types::*;

#[test]
fn a_caller_without_a_token_runs_the_flight_if_no_thread_can_start() {
    let scene = Scene::new();
    scene.source.no_threads.store(true, Ordering::SeqCst);
    let caller = scene.caller(0, secs(10));
    let login = scene.next("login");
    assert_eq!(login.limit, secs(1010));
    let other = scene.caller(0, secs(60));
    scene.until_waiting(2);
    login.grants("a");
    assert_eq!((caller.ends(), other.ends()), (Ok(1), Ok(1)));
    assert_eq!(scene.flights(), 1);
}

#[test]
fn another_caller_continues_a_flight_whose_caller_reached_its_deadline() {
    let scene = Scene::new();
    scene.source.no_threads.store(true, Ordering::SeqCst);
    let caller = scene.caller(0, secs(10));
    scene.next("login").fails(LOST);
    scene.until_pausing(secs(1001));
    scene.clock.advance(secs(1));
    let login = scene.next("login");
    assert_eq!(login.limit, secs(1010));
    scene.clock.advance(secs(9));
    let patient = scene.caller(0, secs(60));
    scene.until_waiting(2);
    login.fails(LOST);
    assert_eq!(caller.ends(), Err((ErrorKind::Timeout, None)));
    // The other caller continues the flight, within its own deadline.
    let login = scene.next("login");
    assert_eq!(login.limit, secs(1070));
    login.grants("a");
    assert_eq!(patient.ends(), Ok(1));
}

#[test]
fn a_caller_with_a_live_token_uses_it_if_no_thread_can_start() {
    let scene = Scene::logged_in();
    scene.source.no_threads.store(true, Ordering::SeqCst);
    scene.clock.advance(secs(3150));
    let ten_are_served = || (0..10).all(|_| scene.caller(0, secs(60)).ends() == Ok(1));
    assert!(ten_are_served());
    // One flight was tried. The next is tried after a pause.
    assert_eq!(scene.flights(), 2);
    scene.clock.advance(secs(1));
    assert!(ten_are_served());
    assert_eq!(scene.flights(), 3);
    scene.source.no_threads.store(false, Ordering::SeqCst);
    scene.clock.advance(secs(2));
    assert_eq!(scene.at_once(), Ok(1));
    scene.next("refresh with a").grants("b");
    scene.flight_ends();
    assert_eq!(scene.at_once(), Ok(2));
}

#[test]
fn the_closure_of_a_flight_on_a_callers_thread_cannot_use_its_session() {
    let scene = Scene::new();
    scene.source.no_threads.store(true, Ordering::SeqCst);
    let caller = scene.caller(0, secs(60));
    let cache = Arc::clone(&scene.cache);
    scene.next("login").runs(move || {
        let error = cache.acquire(Waiter::new(0, secs(1060), 0)).unwrap_err();
        Err(AuthError { failure: Failure::Aborted, error })
    });
    assert_eq!(caller.ends(), Err((ErrorKind::Configuration, Some(1))));
    // The cache is usable again.
    assert_eq!(scene.at_once(), Err((ErrorKind::Configuration, Some(1))));
}

#[test]
fn a_flight_limit_counts_from_after_a_clock_jump() {
    let scene = Scene::new();
    let (release, readings) = (scene.hold_reading(), scene.readings());
    let caller = scene.caller(0, secs(3600));
    Scene::until(|| scene.readings() > readings);
    scene.clock.advance(secs(600));
    drop(release);
    let login = scene.next("login");
    assert_eq!(login.limit, secs(1600) + FLIGHT_LIMIT);
    login.grants("a");
    assert_eq!(caller.ends(), Ok(1));
}

#[test]
fn a_pause_ends_on_a_clock_that_advances_when_read() {
    let scene = Scene::new();
    scene.source.clock_advances.store(true, Ordering::SeqCst);
    let cache = Arc::clone(&scene.cache);
    let pause = Pending::new(move || cache.pause_until(secs(1060), 0).is_ok());
    assert!(pause.ends());
}

#[test]
fn a_pause_right_after_another_is_announced() {
    let scene = Scene::after_a_failed_login();
    let release = scene.hold();
    let sleeper = scene.caller(0, secs(300));
    scene.until_pausing(secs(1001));
    // The sleeper has not woken, so another caller starts the next flight, which fails.
    scene.clock.advance(secs(1));
    let second = scene.caller(0, secs(60));
    scene.next("login").fails(Failure::Limited { retry_after: secs(100) });
    assert_eq!(second.ends(), Err((ErrorKind::RateLimited, Some(100))));
    scene.flight_ends();
    drop(release);
    scene.until_pausing(secs(1101));
    scene.clock.advance(secs(100));
    scene.next("login").grants("a");
    assert_eq!(sleeper.ends(), Ok(1));
}
