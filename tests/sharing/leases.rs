//! What a session does while another one holds the lease, and if it loses its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use popup_rewards::{Credentials, ErrorKind, EventKind};

use super::memory::Fault;
use super::team::{HOUR, MINUTE, Team};
use crate::common::clock::TestClock;
use crate::common::until;

#[test]
fn a_session_without_a_token_waits_for_the_lease_of_another() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(2 * HOUR);
    team.store.take_lease(Duration::from_secs(15));
    first.call();
    assert_eq!(team.auth_calls(), (1, 1));
    assert!(team.store.calls("acquire") > 15, "{}", team.store.calls("acquire"));
    assert!(team.clock.paused() >= Duration::from_secs(14));
    assert!(team.clock.pauses().iter().all(|pause| (200..=1000).contains(&pause.as_millis())));
}

#[test]
fn a_session_with_a_live_token_leaves_the_renewal_to_the_holder_of_the_lease() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(54 * MINUTE);
    team.store.take_lease(HOUR);
    for tries in 1..=3 {
        first.call();
        until("the lease was refused", || team.store.calls("acquire") == 1 + tries).unwrap();
        until("the flight has ended", || !first.session.status().renewing).unwrap();
        first.call();
        assert_eq!(team.store.calls("acquire"), 1 + tries);
        team.sandbox.advance(Duration::from_secs(1));
    }
    assert_eq!(team.auth_calls(), (1, 0));
}

#[test]
fn a_lease_that_never_ends_is_a_timeout() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(2 * HOUR);
    team.store.take_lease(24 * HOUR);
    let error = first.session.countries().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(team.auth_calls(), (1, 0));
}

#[test]
fn a_refresh_is_sent_only_while_the_lease_outlasts_it() {
    let six_seconds = Duration::from_secs(6);
    // The process is stopped, the machine is suspended, or its time of day is set back meanwhile.
    let sleeps: [fn(&TestClock, Duration); 3] = [
        |clock, by| clock.pass(by),
        |clock, by| clock.step_forward(by),
        |clock, by| {
            clock.pass(by);
            clock.step_back(by);
        },
    ];
    for sleep in sleeps {
        let team = Team::new();
        let first = team.member();
        first.call();
        team.settle();
        team.sandbox.advance(2 * HOUR);
        // The process sleeps for longer than its lease after it took the refresh token.
        let (clock, slept) = (team.clock.clone(), AtomicBool::new(false));
        team.store.at_each_call(move |call| {
            if call == "swap" && !slept.swap(true, Ordering::SeqCst) {
                sleep(&clock, six_seconds);
            }
            Fault::None
        });
        let before = team.store.calls("acquire");
        first.call();
        assert_eq!(team.store.calls("acquire"), before + 2);
        assert_eq!(team.auth_calls(), (1, 1));
    }
}

#[test]
fn a_login_is_sent_only_while_the_lease_outlasts_it() {
    let team = Team::new();
    let (key, secret) = (team.sandbox.username(), team.sandbox.password());
    let (clock, is_slow) = (team.clock.clone(), Arc::new(AtomicBool::new(false)));
    let slow = Arc::clone(&is_slow);
    let first = team.member_with(Credentials::from_fn(move || {
        if slow.load(Ordering::SeqCst) {
            clock.pass(Duration::from_secs(6));
        }
        Ok(Credentials::new(key.expose(), secret.expose()))
    }));
    first.call();
    team.settle();
    team.store.storage.lock().entries.clear();
    team.sandbox.advance(2 * HOUR);
    is_slow.store(true, Ordering::SeqCst);
    let before = team.store.calls("acquire");
    first.call();
    assert_eq!(team.store.calls("acquire"), before + 2);
    assert_eq!(team.auth_calls(), (2, 0));
}

#[test]
fn a_session_that_overslept_its_lease_adopts_what_the_next_holder_stored() {
    let team = Team::new();
    let (first, second) = (team.member(), team.member());
    first.call();
    team.settle();
    team.sandbox.advance(2 * HOUR);
    let (clock, store, overslept) = (team.clock.clone(), team.store.clone(), AtomicBool::new(false));
    team.store.at_each_call(move |call| {
        if call == "swap" && !overslept.swap(true, Ordering::SeqCst) {
            // Not yet taken: the lease ends, and another session renews the token.
            clock.pass(Duration::from_secs(16));
            second.call();
            store.settle();
        }
        Fault::None
    });
    first.call();
    assert_eq!(team.auth_calls(), (1, 1));
    first.until(EventKind::Adopted);
}

#[test]
fn a_refresh_token_that_another_process_has_taken_is_not_presented() {
    let team = Team::new();
    let (first, second) = (team.member(), team.member());
    first.call();
    team.settle();
    team.sandbox.advance(2 * HOUR);
    let (store, lost) = (team.store.clone(), AtomicBool::new(false));
    team.store.at_each_call(move |call| {
        if call == "swap" && !lost.swap(true, Ordering::SeqCst) {
            // The storage loses the lease of the first session, so both of them hold one.
            store.storage.lock().leases.clear();
            second.call();
            store.settle();
        }
        Fault::None
    });
    first.call();
    assert_eq!(team.auth_calls(), (1, 1));
    first.until(EventKind::Adopted);
}
