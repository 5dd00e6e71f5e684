//! Flights that fail, and what comes after them.

use super::super::*;
use super::scene::{FLIGHT_LIMIT, LOST, Scene, failed, pair, secs};
use crate::token::source::*;
use crate::token::types::*;

#[test]
fn all_share_a_failed_flight_and_who_has_the_time_waits_for_the_next() {
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
fn a_refresh_that_is_refused_or_lost_goes_on_with_a_login() {
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
fn a_refresh_that_cannot_succeed_ends_the_flight_and_only_an_unusable_response_spends_the_token() {
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
fn the_login_after_a_lost_refresh_has_attempts_of_its_own() {
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
fn a_flight_whose_next_attempt_would_begin_at_its_limit_ends_at_once() {
    let limit = FLIGHT_LIMIT.as_secs();
    for (asked, ends) in [(limit - 1, false), (limit, true)] {
        let scene = Scene::new();
        let waiter = scene.caller(0, secs(7200));
        scene.next("login").fails(Failure::Limited { retry_after: secs(asked) });
        if ends {
            assert_eq!(waiter.ends(), Err((ErrorKind::RateLimited, Some(asked))));
            scene.flight_ends();
        } else {
            scene.until_pausing(scene.clock.now() + secs(asked));
            scene.clock.advance(secs(asked));
            scene.next("login").grants("a");
            assert_eq!(waiter.ends(), Ok(1));
        }
    }
}

#[test]
fn a_refresh_without_a_new_refresh_token_publishes_and_the_next_flight_logs_in() {
    let scene = Scene::logged_in();
    let waiter = scene.caller(1, secs(60));
    let refresh = scene.next("refresh with a");
    let alone = TokenPair { refresh: None, ..pair("b", refresh.at) };
    refresh.answers(Ok(alone));
    assert_eq!(waiter.ends(), Ok(2));
    assert_eq!(scene.cache.peek(Duration::ZERO, |access| *access), Some("b"));
    let again = scene.caller(2, secs(60));
    scene.next("login").grants("c");
    assert_eq!(again.ends(), Ok(3));
}

#[test]
fn a_login_lifts_the_pause_after_a_refused_one_but_not_what_the_server_asked_for() {
    let scene = Scene::new();
    let first = scene.caller(0, secs(60));
    scene.next("login").fails(Failure::Refused);
    let refused = Err((ErrorKind::InvalidCredentials, Some(30)));
    assert_eq!(first.ends(), refused);
    // At once, although there would be time.
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
fn a_refused_login_fails_everybody_at_once_and_then_one_flight_tries_again() {
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
fn credentials_that_can_change_are_asked_for_every_thirty_seconds() {
    let scene = Scene::with_credentials_that(true);
    for pause in [30, 30] {
        let caller = scene.caller(0, secs(60));
        scene.next("login").fails(Failure::Refused);
        assert_eq!(caller.ends(), Err((ErrorKind::InvalidCredentials, Some(pause))));
        scene.clock.advance(secs(pause));
    }
    // The pause is one minute now, and half of it has gone by.
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
fn a_refused_login_does_not_hold_back_the_refresh_of_a_live_pair() {
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
fn a_refused_refresh_is_not_followed_by_a_login_while_logins_are_refused() {
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
fn only_logins_that_the_api_answered_count_in_the_rolling_minute() {
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
fn the_eleventh_login_in_a_minute_waits_for_its_end_or_fails_at_once() {
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
fn a_login_that_never_returns_ends_at_the_limit_of_its_flight_and_the_next_flight_flies() {
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
fn nobody_has_to_be_there_at_the_limit_of_a_flight_that_hangs() {
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
    hanging.answers(failed(Failure::Aborted));
}
