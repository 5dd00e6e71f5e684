//! What becomes of a pair that is saved while something else happens: a drop, a logout, or the save of another session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use popup_rewards::EventKind;
use popup_rewards::sandbox::Fault as ServerFault;

use super::memory::Fault;
use super::team::{HOUR, MINUTE, Team};
use crate::common::until;

#[test]
fn the_drop_of_the_last_clone_saves_a_pair_that_is_on_its_way() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(54 * MINUTE);
    team.sandbox.fault("POST /auth/refresh", ServerFault::Delay(Duration::from_millis(300)));
    first.call();
    while team.refreshes() == 0 {
        thread::yield_now();
    }
    drop(first);
    team.member().call();
    team.sandbox.advance(HOUR / 2);
    team.member().call();
    assert_eq!(team.auth_calls(), (1, 1));
}

#[test]
fn the_drop_of_the_last_clone_waits_for_a_refresh_token_that_is_out_of_the_store() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(54 * MINUTE);
    let (takes, taking) = channel();
    let (dropped, gone) = channel::<()>();
    let (takes, gone) = (Mutex::new(takes), Mutex::new(gone));
    team.store.at_each_call(move |call| {
        if call == "swap" && takes.lock().send(()).is_ok() {
            // The drop should wait for this call, so this call cannot wait for the drop.
            gone.lock().recv_timeout(Duration::from_millis(300)).unwrap_or_default();
        }
        Fault::None
    });
    first.call();
    taking.recv().unwrap();
    drop(taking);
    drop(first);
    drop(dropped);
    team.member().call();
    team.sandbox.advance(HOUR / 2);
    team.member().call();
    assert_eq!(team.auth_calls(), (1, 1));
}

#[test]
fn an_unspent_refresh_token_goes_back_into_the_store() {
    for fault in ["403", "429", "refused"] {
        let team = Team::new();
        team.member().call();
        team.settle();
        team.sandbox.advance(2 * HOUR);
        match fault.parse() {
            Ok(status) => team.sandbox.fault("POST /auth/refresh", ServerFault::Status(status)),
            Err(_) => team.sandbox.refuse_connections(true),
        }
        // The 429 only delays the run, and the others end it.
        drop(team.member().session.countries());
        team.settle();
        team.sandbox.clear_faults();
        team.sandbox.refuse_connections(false);
        team.sandbox.advance(HOUR);
        team.member().call();
        assert_eq!(team.logins(), 1, "{fault:?}");
    }
}

#[test]
fn the_drop_of_a_session_that_has_saved_its_pair_waits_for_nothing() {
    // A drop that waits for its limit never ends on a clock that stands still.
    let team = Team::frozen();
    let first = team.member();
    first.call();
    team.settle();
    let dropping = thread::spawn(move || drop(first));
    until("the drop has ended", || dropping.is_finished()).unwrap();
}

#[test]
fn a_pair_is_not_saved_after_a_logout() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(2 * HOUR);
    let (session, swaps) = (first.session.clone(), AtomicUsize::new(0));
    team.store.at_each_call(move |call| {
        // The second swap saves the new pair.
        if call == "swap" && swaps.fetch_add(1, Ordering::SeqCst) == 1 {
            session.logout().unwrap();
        }
        Fault::None
    });
    drop(first.session.refresh());
    until("the session is logged out", || first.saw(EventKind::LoggedOut)).unwrap();
    team.settle();
    let second = team.member();
    second.call();
    assert_eq!(team.auth_calls(), (2, 1));
    second.until(EventKind::Minted);
    assert!(!second.saw(EventKind::Adopted));
}

#[test]
fn a_session_whose_pair_was_superseded_keeps_its_refresh_token() {
    let team = Team::new();
    let (first, second) = (team.member(), team.member());
    let (store, lost) = (team.store.clone(), AtomicBool::new(false));
    team.store.at_each_call(move |call| {
        if call == "swap" && !lost.swap(true, Ordering::SeqCst) {
            // The storage loses the lease of the first session, and the second one is faster.
            store.storage.lock().leases.clear();
            second.call();
            store.settle();
        }
        Fault::None
    });
    first.call();
    until("both have ended their flights", || team.store.calls("release") == 2).unwrap();
    assert_eq!(team.auth_calls(), (2, 0));
    team.store.storage.lock().entries.clear();
    team.sandbox.advance(2 * HOUR);
    first.call();
    assert_eq!(team.auth_calls(), (2, 1));
}

#[test]
fn a_drop_waits_until_a_token_that_is_being_taken_is_presented() {
    let team = Team::at_once();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(54 * MINUTE);
    let (is_taking, goes_on) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (taking, go) = (Arc::clone(&is_taking), Arc::clone(&goes_on));
    team.store.at_each_call(move |call| {
        if call == "swap" && !taking.swap(true, Ordering::SeqCst) {
            until("the test goes on", || go.load(Ordering::SeqCst)).unwrap();
        }
        Fault::None
    });
    first.call();
    until("the token is being taken", || is_taking.load(Ordering::SeqCst)).unwrap();
    let dropping = thread::spawn(move || drop(first));
    goes_on.store(true, Ordering::SeqCst);
    dropping.join().unwrap();
    assert!(team.store.storage.lock().leases.is_empty(), "the lease is held after the drop");
    team.store.works_again();
    team.sandbox.advance(HOUR);
    team.member().call();
    assert_eq!(team.logins(), 1);
}

#[test]
fn a_drop_during_a_pause_puts_the_taken_token_back() {
    let team = Team::at_once();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(54 * MINUTE);
    team.sandbox.fault("POST /auth/refresh", ServerFault::Status(429).always());
    first.call();
    until("the flight pauses", || first.session.status().next_attempt > Duration::ZERO).unwrap();
    drop(first);
    assert!(team.store.storage.lock().leases.is_empty(), "the lease is held after the drop");
    team.sandbox.clear_faults();
    team.sandbox.advance(HOUR);
    team.member().call();
    assert_eq!(team.logins(), 1);
}
