//! What callers get, and how long they wait.

use super::super::*;
use super::scene::{FLIGHT_LIMIT, LIFE, Pending, Scene, secs};
use crate::token::types::*;

#[test]
fn the_deadline_of_a_caller_does_not_end_the_flight_for_others() {
    let scene = Scene::new();
    let hasty = scene.caller(0, secs(5));
    let login = scene.next("login");
    assert_eq!(login.limit, login.at + FLIGHT_LIMIT);
    let patient = scene.caller(0, secs(120));
    scene.until_waiting(2);
    scene.clock.advance(secs(5));
    assert_eq!(hasty.ends(), Err((ErrorKind::Timeout, None)));
    login.grants("a");
    assert_eq!(patient.ends(), Ok(1));
    assert_eq!(scene.flights(), 1);
}

#[test]
fn a_token_is_used_until_two_seconds_before_its_end() {
    let scene = Scene::logged_in();
    scene.clock.advance(secs(3149));
    assert_eq!(scene.at_once(), Ok(1));
    assert_eq!(scene.flights(), 1);
    scene.clock.advance(secs(1));
    assert_eq!(scene.at_once(), Ok(1));
    let refresh = scene.next("refresh with a");
    // That flight has passed its limit and failed, which callers do not notice.
    scene.clock.advance(secs(447));
    assert_eq!(scene.at_once(), Ok(1));
    scene.clock.advance(secs(1));
    let waiter = scene.caller(0, secs(60));
    scene.next("login").grants("b");
    assert_eq!(waiter.ends(), Ok(2));
    refresh.grants("late");
    scene.flight_ends();
    assert_eq!(scene.cache.peek(Duration::ZERO, |access| *access), Some("b"));
}

#[test]
fn callers_use_the_old_token_during_a_refresh() {
    let scene = Scene::logged_in();
    scene.clock.advance(secs(3150));
    assert!((0..10).all(|_| scene.at_once() == Ok(1)));
    let refresh = scene.next("refresh with a");
    assert!((0..10).all(|_| scene.at_once() == Ok(1)));
    refresh.grants("b");
    scene.flight_ends();
    assert_eq!(scene.at_once(), Ok(2));
    assert_eq!((scene.flights(), scene.cache.waits()), (2, 1));
}

#[test]
fn the_life_of_a_token_begins_when_its_request_is_sent() {
    let scene = Scene::new();
    let caller = scene.caller(0, secs(60));
    let login = scene.next("login");
    scene.clock.advance(secs(30));
    login.grants("a");
    assert_eq!(caller.ends(), Ok(1));
    scene.clock.advance(LIFE.saturating_sub(secs(32)));
    let waiter = scene.caller(0, secs(60));
    scene.next("refresh with a").grants("b");
    assert_eq!(waiter.ends(), Ok(2));
}

#[test]
fn a_login_joins_a_pending_login_or_starts_a_new_one() {
    let scene = Scene::new();
    let first = scene.login(secs(60));
    let login = scene.next("login");
    let second = scene.login(secs(60));
    let third = scene.caller(0, secs(60));
    scene.until_waiting(3);
    login.grants("a");
    assert_eq!([first.ends(), second.ends(), third.ends()], [Ok(1); 3]);
    let again = scene.login(secs(60));
    let login = scene.next("login");
    assert_eq!(scene.at_once(), Ok(1));
    login.fails(Failure::Unusable);
    assert_eq!(again.ends(), Err((ErrorKind::InvalidResponse, Some(1))));
    // The failed login did not affect the pair.
    assert_eq!(scene.at_once(), Ok(1));
    scene.clock.advance(secs(1));
    let refreshed = scene.caller(1, secs(60));
    scene.next("refresh with a").grants("b");
    assert_eq!(refreshed.ends(), Ok(2));
}

#[test]
fn a_login_does_not_join_a_pending_refresh() {
    let scene = Scene::logged_in();
    let refreshed = scene.caller(1, secs(60));
    let refresh = scene.next("refresh with a");
    let login = scene.login(secs(60));
    scene.until_waiting(3);
    refresh.grants("b");
    assert_eq!(refreshed.ends(), Ok(2));
    scene.next("login").grants("c");
    assert_eq!(login.ends(), Ok(3));
}

#[test]
fn a_login_does_not_share_the_failure_of_a_refresh() {
    let scene = Scene::logged_in();
    let refreshed = scene.caller(1, secs(60));
    let refresh = scene.next("refresh with a");
    let login = scene.login(secs(60));
    scene.until_waiting(3);
    refresh.fails(Failure::Forbidden);
    assert_eq!(refreshed.ends(), Err((ErrorKind::Forbidden, Some(1))));
    scene.until_pausing(secs(1001));
    scene.clock.advance(secs(1));
    scene.next("login").grants("b");
    assert_eq!(login.ends(), Ok(2));
}

#[test]
fn more_life_than_a_token_has_is_refused_and_full_life_costs_a_refresh() {
    let scene = Scene::logged_in();
    scene.clock.advance(secs(10));
    let wants = |life| Waiter::new(0, scene.clock.now() + secs(60), 0).at_least(life);
    let refused = scene.waiting(wants(LIFE + secs(1)));
    assert_eq!(refused.ends(), Err((ErrorKind::InvalidRequest, None)));
    assert_eq!(scene.flights(), 1);
    let full = scene.waiting(wants(LIFE));
    let refresh = scene.next("refresh with a");
    scene.clock.advance(secs(3));
    refresh.grants("b");
    // The token is three seconds old. Another refresh would not get a younger one.
    assert_eq!(full.ends(), Ok(2));
    assert_eq!(scene.waiting(wants(LIFE)).ends(), Ok(2));
    assert_eq!(scene.flights(), 2);
}

#[test]
fn more_life_than_a_token_has_is_refused_after_the_first_login() {
    let scene = Scene::new();
    let waiter = Waiter::new(0, scene.clock.now() + secs(60), 0).at_least(LIFE + secs(1));
    let refused = scene.waiting(waiter);
    scene.next("login").grants("a");
    assert_eq!(refused.ends(), Err((ErrorKind::InvalidRequest, None)));
    assert_eq!(scene.flights(), 1);
}

#[test]
fn a_fresh_token_is_read_without_waiting_for_a_lock() {
    let scene = Scene::logged_in();
    let peek = |life| {
        let cache = Arc::clone(&scene.cache);
        Pending::new(move || cache.peek(life, |access| *access)).ends()
    };
    assert_eq!((peek(Duration::ZERO), peek(LIFE), peek(LIFE + secs(1))), (Some("a"), Some("a"), None));
    {
        let _held = scene.cache.shared().state.lock();
        assert_eq!(peek(Duration::ZERO), None);
    }
    scene.clock.advance(secs(1));
    assert_eq!((peek(Duration::ZERO), peek(LIFE)), (Some("a"), None));
    scene.clock.advance(secs(3149));
    assert_eq!(peek(Duration::ZERO), None);
    assert_eq!((scene.flights(), scene.cache.waits()), (1, 1));
}

#[test]
fn a_pause_is_announced_and_ends_on_time() {
    let scene = Scene::new();
    let (cache, until) = (Arc::clone(&scene.cache), scene.clock.now() + secs(30));
    let pause = Pending::new(move || cache.pause_until(until, 0).is_ok());
    scene.until_pausing(until);
    scene.clock.advance(secs(30));
    assert!(pause.ends());
    assert_eq!(scene.flights(), 0);
}
