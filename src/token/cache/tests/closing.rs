//! Logout and forget, and pairs that arrive after them.

use super::super::*;
use super::scene::{FLIGHT_LIMIT, LOST, Pending, Scene, secs};
use crate::token::types::*;

const LOGGED_OUT: super::scene::Acquired = Err((ErrorKind::LoggedOut, None));

fn pause(scene: &Scene, until: Duration, closes: u64) -> Pending<Option<ErrorKind>> {
    let cache = Arc::clone(&scene.cache);
    Pending::new(move || cache.pause_until(until, closes).err().map(|error| error.kind()))
}

#[test]
fn a_logout_ends_all_waits_and_pauses_and_revokes_a_late_pair() {
    let scene = Scene::new();
    let waiter = scene.caller(0, secs(7200));
    let login = scene.next("login");
    let pause = pause(&scene, secs(9000), 0);
    scene.until_waiting(1);
    scene.until_pausing(secs(9000));
    assert!(scene.logout().ends().is_ok());
    assert_eq!(waiter.ends(), LOGGED_OUT);
    assert_eq!(pause.ends(), Some(ErrorKind::LoggedOut));
    login.grants("late");
    let late = scene.next_revocation();
    assert_eq!((late.access, late.refresh), ("late", Some("late")));
    assert_eq!(scene.at_once(), LOGGED_OUT);
    assert_eq!(scene.flights(), 1);
    let again = scene.login(secs(60));
    scene.until_waiting(2);
    scene.clock.advance(secs(7));
    late.ends(Ok(()));
    let login = scene.next("login");
    assert_eq!(login.at, secs(1007));
    login.grants("b");
    assert_eq!(again.ends(), Ok(1));
}

#[test]
fn the_pause_of_a_flight_ends_at_once_with_the_session() {
    for how in [Close::Logout, Close::Forget] {
        let scene = Scene::new();
        let waiter = scene.caller(0, secs(120));
        scene.next("login").fails(Failure::Limited { retry_after: secs(80) });
        scene.until_pausing(secs(1080));
        scene.cache.close(how, Duration::MAX).unwrap();
        assert_eq!(waiter.ends(), LOGGED_OUT);
        scene.flight_ends();
    }
}

#[test]
fn a_late_pair_is_dropped_after_a_forget() {
    let scene = Scene::new();
    let waiter = scene.caller(0, secs(60));
    let login = scene.next("login");
    scene.forget();
    assert_eq!(waiter.ends(), LOGGED_OUT);
    login.grants("late");
    scene.flight_ends();
    assert!(!scene.is_revoking());
    assert_eq!(scene.at_once(), LOGGED_OUT);
    assert_eq!(scene.cache.peek(Duration::ZERO, |_| ()), None);
}

#[test]
fn a_late_pair_is_revoked_after_a_logout_and_a_forget() {
    let scene = Scene::new();
    let waiter = scene.caller(0, secs(60));
    let login = scene.next("login");
    assert!(scene.logout().ends().is_ok());
    scene.forget();
    assert_eq!(waiter.ends(), LOGGED_OUT);
    login.grants("late");
    scene.next_revocation().ends(Ok(()));
    scene.flight_ends();
}

#[test]
fn a_late_pair_is_dropped_after_a_logout_and_a_login() {
    let scene = Scene::new();
    let waiter = scene.caller(0, secs(60));
    let late = scene.next("login");
    assert!(scene.logout().ends().is_ok());
    assert_eq!(waiter.ends(), LOGGED_OUT);
    let again = scene.login(secs(60));
    scene.next("login").grants("b");
    assert_eq!(again.ends(), Ok(1));
    scene.flight_ends();
    late.grants("late");
    scene.flight_ends();
    assert!(!scene.is_revoking());
    assert_eq!(scene.cache.peek(Duration::ZERO, |access| *access), Some("b"));
}

#[test]
fn a_login_waits_for_a_pending_logout_until_its_deadline() {
    let scene = Scene::logged_in();
    let logout = scene.logout();
    let revocation = scene.next_revocation();
    assert_eq!((revocation.access, revocation.refresh), ("a", Some("a")));
    let (hasty, patient) = (scene.login(secs(5)), scene.login(secs(300)));
    scene.until_waiting(3);
    scene.clock.advance(secs(5));
    assert_eq!(hasty.ends(), Err((ErrorKind::Timeout, None)));
    // Longer than the limit of a flight.
    scene.clock.advance(FLIGHT_LIMIT * 2);
    // A failed revocation has ended too.
    revocation.ends(Err(Error::new(ErrorKind::Network, "set by the test")));
    assert!(logout.ends().is_err());
    let login = scene.next("login");
    assert_eq!(login.at, secs(1185));
    login.grants("b");
    assert_eq!(patient.ends(), Ok(2));
    assert_eq!(scene.flights(), 2);
}

#[test]
fn a_login_continues_after_a_revocation_that_panics() {
    let scene = Scene::logged_in();
    let logout = scene.logout();
    drop(scene.next_revocation());
    assert_eq!(logout.ends().unwrap_err().kind(), ErrorKind::Configuration);
    let login = scene.login(secs(60));
    scene.next("login").grants("b");
    assert_eq!(login.ends(), Ok(2));
}

#[test]
fn a_caller_that_slept_through_a_logout_and_a_login_gets_no_token() {
    let scene = Scene::after_a_failed_login();
    let release = scene.hold();
    let sleeper = scene.caller(0, secs(7200));
    scene.until_pausing(secs(1001));
    assert!(scene.logout().ends().is_ok());
    let login = scene.login(secs(60));
    scene.next("login").grants("a");
    assert_eq!(login.ends(), Ok(1));
    drop(release);
    assert_eq!(sleeper.ends(), LOGGED_OUT);
    assert_eq!(scene.at_once(), Ok(1));
}

#[test]
fn a_pause_that_slept_through_a_forget_and_a_login_fails() {
    let scene = Scene::logged_in();
    let release = scene.hold();
    let sleeper = pause(&scene, secs(1030), scene.cache.closes());
    scene.until_pausing(secs(1030));
    scene.forget();
    let login = scene.login(secs(60));
    scene.next("login").grants("b");
    assert_eq!(login.ends(), Ok(2));
    let next = pause(&scene, secs(1030), scene.cache.closes());
    scene.until_pausing(secs(1030));
    scene.clock.advance(secs(30));
    drop(release);
    assert_eq!((sleeper.ends(), next.ends()), (Some(ErrorKind::LoggedOut), None));
}

#[test]
fn a_logout_clears_earlier_failures_except_the_retry_delay() {
    let scene = Scene::logged_in();
    let waiter = scene.caller(1, secs(60));
    // The delay is capped at an hour.
    scene.next("refresh with a").fails(Failure::Unknown { from_api: true, retry_after: secs(86_400) });
    assert_eq!(waiter.ends(), Err((ErrorKind::Network, Some(3600))));
    let logout = scene.logout();
    scene.next_revocation().ends(Ok(()));
    assert!(logout.ends().is_ok());
    // The delay that the server requested still counts.
    assert_eq!(scene.login(secs(60)).ends(), Err((ErrorKind::RateLimited, Some(3600))));
    scene.clock.advance(secs(3600));
    let login = scene.login(secs(60));
    scene.next("login").fails(LOST);
    scene.until_pausing(secs(4601));
    scene.clock.advance(secs(1));
    scene.next("login").grants("b");
    assert_eq!(login.ends(), Ok(2));
}

#[test]
fn a_late_response_does_not_shorten_a_newer_retry_delay() {
    let scene = Scene::new();
    let late = scene.login(secs(60));
    let call = scene.next("login");
    scene.forget();
    assert_eq!(late.ends(), LOGGED_OUT);
    let limited = || scene.login(secs(10)).ends();
    let login = scene.login(secs(10));
    scene.next("login").fails(Failure::Limited { retry_after: secs(60) });
    assert_eq!(login.ends(), Err((ErrorKind::RateLimited, Some(60))));
    call.fails(Failure::Limited { retry_after: secs(5) });
    scene.flight_ends();
    assert_eq!(limited(), Err((ErrorKind::RateLimited, Some(60))));
}

#[test]
fn an_interrupted_login_counts_until_a_minute_after_its_response() {
    let scene = Scene::new();
    let late = scene.login(secs(60));
    let call = scene.next("login");
    scene.forget();
    assert_eq!(late.ends(), LOGGED_OUT);
    let nine_log_in = || {
        for _ in 0..9 {
            let login = scene.login(secs(60));
            scene.next("login").grants("a");
            assert!(login.ends().is_ok());
            scene.flight_ends();
        }
    };
    let room_in = |time| assert_eq!(scene.login(secs(20)).ends(), Err((ErrorKind::RateLimited, Some(time))));
    scene.clock.advance(secs(100));
    nine_log_in();
    room_in(60);
    scene.clock.advance(secs(30));
    call.fails(Failure::Unusable);
    scene.flight_ends();
    scene.clock.advance(secs(30));
    nine_log_in();
    room_in(30);
}

#[test]
fn no_login_is_sent_until_the_connections_are_closed() {
    let scene = Scene::logged_in();
    let release = scene.hold_closing();
    let cache = Arc::clone(&scene.cache);
    let forget = Pending::new(move || cache.close(Close::Forget, Duration::ZERO));
    Scene::until(|| scene.at_once() == LOGGED_OUT);
    let login = scene.login(secs(60));
    scene.until_waiting(2);
    assert_eq!(scene.flights(), 1, "a flight started too early");
    drop(release);
    forget.ends().unwrap();
    scene.next("login").grants("b");
    assert_eq!(login.ends(), Ok(2));
}

#[test]
fn a_login_is_stale_if_the_session_ended_in_its_credentials_closure() {
    for reopened in [false, true] {
        let scene = Scene::new();
        let waiter = scene.caller(0, secs(60));
        let closure = scene.next("login");
        scene.forget();
        assert_eq!(waiter.ends(), LOGGED_OUT);
        let login = reopened.then(|| scene.login(secs(60)));
        closure.fails(LOST);
        Scene::until(|| !scene.source.was_current.load(Ordering::SeqCst));
        if let Some(login) = login {
            scene.next("login").grants("b");
            assert_eq!(login.ends(), Ok(1));
        }
    }
}
