//! A store that is down, hangs, loses responses or panics.

use std::sync::mpsc::channel;
use std::time::Duration;

use parking_lot::Mutex;
use popup_rewards::{EventKind, SessionState};

use super::memory::Fault;
use super::team::{HOUR, MINUTE, Team};
use crate::common::until;

#[test]
fn a_session_logs_in_for_itself_while_the_store_is_down() {
    let team = Team::new();
    team.store.at_each_call(|_| Fault::Fails);
    let first = team.member();
    first.call();
    first.until(EventKind::StoreFailed);
    // Its refresh token is its own.
    team.sandbox.advance(2 * HOUR);
    first.call();
    assert_eq!(team.auth_calls(), (1, 1));
    // The next pair is shared again.
    team.store.works_again();
    team.sandbox.advance(2 * HOUR);
    first.call();
    team.settle();
    team.member().call();
    assert_eq!(team.auth_calls(), (1, 2));
}

#[test]
fn an_error_names_the_cause() {
    let team = Team::new();
    team.store.fail("load", Fault::Fails);
    let first = team.member();
    first.call();
    first.until(EventKind::StoreFailed);
    let events = first.events.lock();
    let failed = events.iter().find(|event| event.kind == EventKind::StoreFailed).unwrap();
    assert_eq!(failed.message.as_deref(), Some("the memory is down: on purpose"));
}

#[test]
fn a_live_token_does_not_wait_for_a_store_that_hangs() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    team.store.at_each_call(move |_| {
        released.lock().recv().ok();
        Fault::None
    });
    team.sandbox.advance(54 * MINUTE);
    for _ in 0..100 {
        first.call();
    }
    assert_eq!(first.session.status().state, SessionState::Expiring);
    assert!(first.session.status().renewing);
    drop(release);
    until("the token was renewed", || first.session.status().generation == 2).unwrap();
    assert_eq!(team.auth_calls(), (1, 1));
}

#[test]
fn while_the_store_is_down_a_session_logs_in_within_the_expiring_zone() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    team.store.at_each_call(|_| Fault::Fails);
    team.sandbox.advance(53 * MINUTE);
    let mut seconds = 0;
    while first.session.status().generation == 1 {
        assert_eq!(first.session.status().state, SessionState::Expiring, "after {seconds} seconds");
        first.call();
        until("the flight has ended", || !first.session.status().renewing).unwrap();
        team.sandbox.advance(Duration::from_secs(1));
        seconds += 1;
    }
    // The rest of the life of the token is 420 seconds, and the clock draws the middle of its last 450.
    assert!((190..230).contains(&seconds), "it logged in after {seconds} seconds");
    assert_eq!(team.auth_calls(), (2, 0));
    // Between two tries the store is left in peace.
    assert!(team.store.calls("load") < 60, "{}", team.store.calls("load"));
}

#[test]
fn a_refresh_on_demand_is_a_login_while_the_store_is_down() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    team.store.at_each_call(|_| Fault::Fails);
    first.session.refresh().unwrap();
    assert_eq!(team.auth_calls(), (2, 0));
}

#[test]
fn a_pair_whose_saving_failed_may_be_in_the_store_so_its_refresh_token_is_not_used() {
    for (fault, auth_calls) in [(Fault::Fails, (2, 0)), (Fault::Lost, (1, 1))] {
        let team = Team::new();
        team.store.fail("swap", fault);
        let first = team.member();
        first.call();
        first.until(EventKind::StoreFailed);
        team.store.works_again();
        team.sandbox.advance(2 * HOUR);
        first.call();
        assert_eq!(team.auth_calls(), auth_calls, "{fault:?}");
    }
}

#[test]
fn a_refresh_token_whose_taking_failed_is_not_presented() {
    for fault in [Fault::Fails, Fault::Lost] {
        let team = Team::new();
        let first = team.member();
        first.call();
        team.settle();
        team.store.fail("swap", fault);
        team.sandbox.advance(2 * HOUR);
        first.call();
        first.until(EventKind::StoreFailed);
        assert_eq!(team.auth_calls(), (2, 0), "{fault:?}");
        team.store.works_again();
        // With the store back, the token that was not presented is still there, unless it was taken.
        team.member().call();
        let taken = fault == Fault::Lost;
        assert_eq!(team.auth_calls(), if taken { (3, 0) } else { (2, 1) }, "{fault:?}");
    }
}

#[test]
fn an_acquire_whose_response_was_lost_costs_nothing_but_the_lease() {
    let team = Team::new();
    team.store.fail("acquire", Fault::Lost);
    team.member().call();
    team.store.works_again();
    team.member().call();
    assert_eq!(team.auth_calls(), (2, 0));
    assert!(team.clock.paused() >= Duration::from_secs(14));
    team.member().call();
    assert_eq!(team.auth_calls(), (2, 0));
}

#[test]
fn a_panic_in_a_store_is_an_outage() {
    for call in ["load", "acquire", "swap", "release"] {
        let team = Team::new();
        team.store.fail(call, Fault::Panics);
        let first = team.member();
        first.call();
        first.until(EventKind::StoreFailed);
        team.store.works_again();
        team.sandbox.advance(2 * HOUR);
        first.call();
    }
}
