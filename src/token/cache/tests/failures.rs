//! Failed flights, and the calls after them.

use super::super::*;
use super::scene::{FLIGHT_LIMIT, LOST, Scene, failed, pair, secs};
use crate::token::source::*;
use crate::token::types::*;

#[test]
fn all_waiters_share_a_failed_flight_and_later_callers_wait_for_the_next() {
    let scene = Scene::new();
    let waiters = [7200, 60, 60].map(|time| scene.caller(0, secs(time)));
    scene.until_waiting(3);
    for pause in [1, 2] {
        scene.next("login").fails(LOST);
        scene.until_pausing(scene.clock.now() + secs(pause));
        scene.clock.advance(secs(pause));
    }
    scene.next("login").fails(LOST);
    for waiter in waiters {
        assert_eq!(waiter.ends(), Err((ErrorKind::Network, Some(1))));
    }
    assert_eq!(scene.at_once(), Err((ErrorKind::Network, Some(1))));
    let patient = scene.caller(0, secs(60));
    scene.until_pausing(scene.clock.now() + secs(1));
    scene.clock.advance(secs(1));
    let login = scene.next("login");
    assert_eq!(login.at, secs(1004));
    login.grants("a");
    assert_eq!(patient.ends(), Ok(1));
    assert_eq!(scene.flights(), 2);
}

#[test]
fn a_refused_or_lost_refresh_is_followed_by_a_login() {
    for failure in [Failure::Refused, LOST] {
        let scene = Scene::logged_in();
        let waiter = scene.caller(1, secs(60));
        scene.next("refresh with a").fails(failure);
        scene.next("login").grants("b");
        assert_eq!(waiter.ends(), Ok(2));
        assert_eq!(scene.flights(), 2);
    }
}

#[test]
fn only_an_unusable_response_uses_up_the_refresh_token() {
    for (failure, kind, next) in [
        (Failure::Forbidden, ErrorKind::Forbidden, "refresh with a"),
        (Failure::Unsendable, ErrorKind::Configuration, "refresh with a"),
        (Failure::Unusable, ErrorKind::InvalidResponse, "login"),
    ] {
        let scene = Scene::logged_in();
        let waiter = scene.caller(1, secs(60));
        scene.next("refresh with a").fails(failure);
        assert_eq!(waiter.ends(), Err((kind, Some(1))));
        assert_eq!(scene.at_once(), Ok(1));
        scene.clock.advance(secs(1));
        let again = scene.caller(1, secs(60));
        scene.next(next).grants("b");
        assert_eq!(again.ends(), Ok(2));
    }
}

#[test]
fn the_login_after_a_lost_refresh_has_its_own_attempts() {
    let scene = Scene::logged_in();
    let waiter = scene.caller(1, secs(60));
    let fails = |name, failure, pause| {
        scene.next(name).fails(failure);
        scene.until_pausing(scene.clock.now() + secs(pause));
        scene.clock.advance(secs(pause));
    };
    fails("refresh with a", Failure::NotSent, 1);
    fails("refresh with a", Failure::NotSent, 2);
    scene.next("refresh with a").fails(LOST);
    fails("login", LOST, 1);
    fails("login", LOST, 2);
    scene.next("login").fails(LOST);
    assert_eq!(waiter.ends(), Err((ErrorKind::Network, Some(1))));
    assert_eq!((scene.flights(), scene.at_once()), (2, Ok(1)));
}

#[test]
fn a_flight_ends_at_once_if_its_next_attempt_would_start_at_its_limit() {
    let limit = FLIGHT_LIMIT.as_secs();
    for (delay, ends) in [(limit - 1, false), (limit, true)] {
        let scene = Scene::new();
        let waiter = scene.caller(0, secs(7200));
        scene.next("login").fails(Failure::Limited { retry_after: secs(delay) });
        if ends {
            assert_eq!(waiter.ends(), Err((ErrorKind::RateLimited, Some(delay))));
            scene.flight_ends();
        } else {
            scene.until_pausing(scene.clock.now() + secs(delay));
            scene.clock.advance(secs(delay));
            scene.next("login").grants("a");
            assert_eq!(waiter.ends(), Ok(1));
        }
    }
}

#[test]
fn a_flight_logs_in_if_the_last_refresh_gave_no_refresh_token() {
    let scene = Scene::logged_in();
    let waiter = scene.caller(1, secs(60));
    let refresh = scene.next("refresh with a");
    let alone = TokenPair { refresh: None, ..pair("b", refresh.at) };
    refresh.responds(Ok(alone));
    assert_eq!(waiter.ends(), Ok(2));
    assert_eq!(scene.cache.peek(Duration::ZERO, |access| *access), Some("b"));
    let again = scene.caller(2, secs(60));
    scene.next("login").grants("c");
    assert_eq!(again.ends(), Ok(3));
}

#[test]
fn a_login_ends_the_pause_after_a_refusal_but_not_a_retry_delay() {
    let scene = Scene::new();
    let first = scene.caller(0, secs(60));
    scene.next("login").fails(Failure::Refused);
    let refused = Err((ErrorKind::InvalidCredentials, Some(30)));
    assert_eq!(first.ends(), refused);
    // It fails at once although its deadline is later.
    assert_eq!(scene.caller(0, secs(60)).ends(), refused);
    let login = scene.login(secs(21));
    scene.next("login").fails(Failure::Limited { retry_after: secs(20) });
    scene.until_pausing(scene.clock.now() + secs(20));
    assert_eq!(scene.login(secs(20)).ends(), Err((ErrorKind::RateLimited, Some(20))));
    scene.clock.advance(secs(20));
    let again = scene.next("login");
    assert_eq!(again.at, secs(1020));
    again.grants("a");
    assert_eq!(login.ends(), Ok(1));
    assert_eq!(scene.flights(), 2);
}

#[test]
fn a_refused_login_fails_all_calls_until_its_pause_ends() {
    let scene = Scene::new();
    for (pause, began) in [(30, 1000), (60, 1030), (120, 1090)] {
        let first = scene.caller(0, secs(60));
        let login = scene.next("login");
        assert_eq!(login.at, secs(began));
        login.fails(Failure::Refused);
        assert_eq!(first.ends(), Err((ErrorKind::InvalidCredentials, Some(pause))));
        scene.clock.advance(secs(pause - 1));
        assert_eq!(scene.caller(0, secs(60)).ends(), Err((ErrorKind::InvalidCredentials, Some(1))));
        scene.clock.advance(secs(1));
    }
    let healed = scene.caller(0, secs(60));
    scene.next("login").grants("a");
    assert_eq!(healed.ends(), Ok(1));
    assert_eq!(scene.flights(), 4);
}

#[test]
fn changeable_credentials_are_read_every_thirty_seconds() {
    let scene = Scene::with_credentials_that(true);
    for pause in [30, 30] {
        let caller = scene.caller(0, secs(60));
        scene.next("login").fails(Failure::Refused);
        assert_eq!(caller.ends(), Err((ErrorKind::InvalidCredentials, Some(pause))));
        scene.clock.advance(secs(pause));
    }
    // The pause is one minute now, and half of it has passed.
    let unchanged = scene.caller(0, secs(60));
    scene.next("login if changed").fails(Failure::Unchanged);
    assert_eq!(unchanged.ends(), Err((ErrorKind::InvalidCredentials, Some(30))));
    assert_eq!(scene.caller(0, secs(60)).ends(), Err((ErrorKind::InvalidCredentials, Some(30))));
    scene.clock.advance(secs(30));
    let again = scene.caller(0, secs(60));
    scene.next("login").grants("a");
    assert_eq!(again.ends(), Ok(1));
    assert_eq!(scene.flights(), 4);
}

#[test]
fn a_refused_login_does_not_delay_the_refresh_of_a_live_pair() {
    let scene = Scene::logged_in();
    let login = scene.login(secs(60));
    scene.next("login").fails(Failure::Refused);
    assert_eq!(login.ends(), Err((ErrorKind::InvalidCredentials, Some(30))));
    assert_eq!(scene.at_once(), Ok(1));
    let refreshed = scene.caller(1, secs(60));
    scene.until_pausing(scene.clock.now() + secs(1));
    scene.clock.advance(secs(1));
    scene.next("refresh with a").grants("b");
    assert_eq!(refreshed.ends(), Ok(2));
}

#[test]
fn no_login_follows_a_refused_refresh_during_the_pause_after_a_refusal() {
    let scene = Scene::logged_in();
    let login = scene.login(secs(60));
    scene.next("login").fails(Failure::Refused);
    assert_eq!(login.ends(), Err((ErrorKind::InvalidCredentials, Some(30))));
    scene.clock.advance(secs(1));
    let waiter = scene.caller(1, secs(10));
    scene.next("refresh with a").fails(Failure::Refused);
    assert_eq!(waiter.ends(), Err((ErrorKind::InvalidCredentials, Some(29))));
    (0..2).for_each(|_| scene.flight_ends());
    assert_eq!((scene.flights(), scene.at_once()), (3, Ok(1)));
}

#[test]
fn only_logins_with_a_response_count_for_the_rate_limit() {
    for (failure, count) in [
        (Failure::Unsendable, false),
        (Failure::Aborted, false),
        (Failure::Forbidden, true),
        (Failure::Unusable, true),
    ] {
        let scene = Scene::new();
        for _ in 0..10 {
            let login = scene.login(secs(60));
            scene.next("login").fails(failure);
            assert!(login.ends().is_err());
        }
        let login = scene.login(secs(60));
        if count {
            assert_eq!(login.ends(), Err((ErrorKind::RateLimited, Some(60))), "{failure:?}");
        } else {
            scene.next("login").grants("a");
            assert_eq!(login.ends(), Ok(1), "{failure:?}");
        }
    }
}

#[test]
fn the_eleventh_login_in_a_minute_waits_or_fails_at_once() {
    let scene = Scene::new();
    for generation in 1..=10 {
        let login = scene.login(secs(60));
        scene.next("login").grants("a");
        assert_eq!(login.ends(), Ok(generation));
    }
    assert_eq!(scene.login(secs(59)).ends(), Err((ErrorKind::RateLimited, Some(60))));
    assert_eq!(scene.at_once(), Ok(10));
    let patient = scene.login(secs(61));
    scene.until_pausing(secs(1060));
    scene.clock.advance(secs(60));
    let login = scene.next("login");
    assert_eq!(login.at, secs(1060));
    login.grants("b");
    assert_eq!(patient.ends(), Ok(11));
}

#[test]
fn a_login_that_hangs_fails_at_the_limit_of_its_flight() {
    let scene = Scene::new();
    let waiter = scene.caller(0, secs(120));
    let hanging = scene.next("login");
    scene.until_waiting(1);
    scene.clock.advance(FLIGHT_LIMIT);
    assert_eq!(waiter.ends(), Err((ErrorKind::Timeout, Some(1))));
    assert_eq!(scene.at_once(), Err((ErrorKind::Timeout, Some(1))));
    let patient = scene.caller(0, secs(60));
    scene.until_pausing(scene.clock.now() + secs(1));
    scene.clock.advance(secs(1));
    scene.next("login").grants("b");
    assert_eq!(patient.ends(), Ok(1));
    hanging.grants("late");
    (0..2).for_each(|_| scene.flight_ends());
    assert_eq!(scene.cache.peek(Duration::ZERO, |access| *access), Some("b"));
    assert_eq!((scene.flights(), scene.is_revoking()), (2, false));
}

#[test]
fn a_hung_flight_is_replaced_even_if_nobody_waited_at_its_limit() {
    let scene = Scene::new();
    let hasty = scene.caller(0, secs(5));
    let hanging = scene.next("login");
    scene.clock.advance(secs(5));
    assert_eq!(hasty.ends(), Err((ErrorKind::Timeout, None)));
    scene.clock.advance(secs(86_400));
    let late = scene.caller(0, secs(60));
    scene.until_pausing(scene.clock.now() + secs(1));
    scene.clock.advance(secs(1));
    scene.next("login").grants("a");
    assert_eq!(late.ends(), Ok(1));
    hanging.responds(failed(Failure::Aborted));
}
