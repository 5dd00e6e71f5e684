//! Calls that get a 401.

use super::super::*;
use super::scene::{Pending, Scene, last_retry, secs};
use crate::token::types::*;

#[test]
fn five_hundred_refused_calls_and_a_late_one_cost_one_refresh() {
    let scene = Scene::logged_in();
    scene.cache.accepted(1, "/orders");
    scene.clock.advance(secs(5));
    let deadline = scene.clock.now() + secs(60);
    let callers: Vec<_> = (0..500)
        .map(|_| {
            let cache = Arc::clone(&scene.cache);
            Pending::new(move || match cache.refused(1, "/orders", false) {
                After401::Retry { newer_than, .. } => {
                    cache.acquire(Waiter::new(newer_than, deadline, 0)).map(|grant| grant.generation).ok()
                }
                _ => None,
            })
        })
        .collect();
    scene.next("refresh with a").grants("b");
    assert!(callers.into_iter().all(|caller| caller.ends() == Some(2)));
    assert_eq!(scene.cache.refused(1, "/orders", false), After401::Retry { newer_than: 1, last: false });
    assert_eq!(scene.flights(), 2);
}

#[test]
fn a_young_token_is_retried_until_it_is_five_seconds_old() {
    let scene = Scene::logged_in();
    scene.cache.accepted(1, "/products");
    let minted = scene.clock.now();
    for (later, again) in [(0, 1500), (1500, 3000), (2500, 5000)] {
        scene.clock.advance(Duration::from_millis(later));
        let at = minted + Duration::from_millis(again);
        for last in [false, true] {
            assert_eq!(scene.cache.refused(1, "/orders", last), After401::RetrySame { at });
        }
    }
    scene.clock.advance(secs(1));
    assert_eq!(scene.cache.refused(1, "/orders", false), last_retry(1));
}

#[test]
fn a_call_is_retried_with_an_existing_newer_token() {
    let scene = Scene::logged_in();
    let waiter = scene.caller(1, secs(60));
    scene.next("refresh with a").grants("b");
    assert_eq!(waiter.ends(), Ok(2));
    for last in [false, true] {
        assert_eq!(scene.cache.refused(1, "/orders", last), After401::Retry { newer_than: 1, last });
    }
    // The retry returns `LoggedOut`, which says more than the 401.
    scene.forget();
    for last in [false, true] {
        let retry = After401::Retry { newer_than: 1, last: true };
        assert_eq!(scene.cache.refused(1, "/orders", last), retry);
    }
}

#[test]
fn a_route_that_refuses_a_valid_token_starts_one_flight_per_minute() {
    let scene = Scene::logged_in();
    let surface = After401::Surface { rejected: false };
    let refresh = |generation, token| {
        let waiter = scene.caller(generation, secs(60));
        scene.next(token).grants("a");
        assert_eq!(waiter.ends(), Ok(generation + 1));
        scene.cache.accepted(generation + 1, "/products");
        scene.clock.advance(secs(5));
    };
    scene.cache.accepted(1, "/products");
    scene.clock.advance(secs(5));
    assert_eq!(scene.cache.refused(1, "/esims", false), last_retry(1));
    refresh(1, "refresh with a");
    assert_eq!(scene.cache.refused(2, "/esims", true), surface);
    assert_eq!(scene.cache.refused(2, "/esims", false), surface);
    // If another route refuses it too, the token may have been revoked.
    assert_eq!(scene.cache.refused(2, "/products", false), last_retry(2));
    refresh(2, "refresh with a");
    // The minute continues for the first route. The second is not limited, because its flight helped.
    assert_eq!(scene.cache.refused(3, "/esims", false), surface);
    assert_eq!(scene.cache.refused(3, "/products", false), last_retry(3));
    scene.clock.advance(secs(55));
    assert_eq!(scene.cache.refused(3, "/esims", false), last_retry(3));
    assert_eq!(scene.at_once(), Ok(3));
}

#[test]
fn an_accepted_call_ends_the_minute_of_its_route() {
    let scene = Scene::logged_in();
    scene.cache.accepted(1, "/products");
    scene.clock.advance(secs(5));
    let surface = After401::Surface { rejected: false };
    assert_eq!(scene.cache.refused(1, "/esims", true), surface);
    scene.cache.accepted(1, "/products");
    assert_eq!(scene.cache.refused(1, "/esims", false), surface);
    scene.cache.accepted(1, "/esims");
    assert_eq!(scene.cache.refused(1, "/esims", false), last_retry(1));
}

#[test]
fn a_token_that_was_never_accepted_is_dropped_after_a_last_401() {
    let scene = Scene::logged_in();
    scene.clock.advance(secs(5));
    assert_eq!(scene.cache.refused(1, "/orders", true), After401::Surface { rejected: true });
    assert_eq!(scene.cache.peek(Duration::ZERO, |_| ()), None);
    let waiter = scene.caller(0, secs(60));
    scene.next("login").grants("b");
    assert_eq!(waiter.ends(), Ok(2));
}

#[test]
fn only_the_first_accepted_call_of_a_generation_takes_the_lock() {
    let scene = Scene::logged_in();
    let before = scene.readings();
    scene.cache.accepted(1, "/orders");
    assert_eq!(scene.readings(), before + 1);
    let cache = Arc::clone(&scene.cache);
    let _held = scene.cache.shared().state.lock();
    Pending::new(move || (0..1000).for_each(|_| cache.accepted(1, "/orders"))).ends();
    assert_eq!(scene.readings(), before + 1);
}
