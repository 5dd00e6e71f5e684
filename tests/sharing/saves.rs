//! What becomes of a pair that is saved while something else happens: a drop, a logout, or the save of another session.

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
fn the_drop_of_the_last_clone_waits_for_a_refresh_that_is_tried_again() {
    let team = Team::at_once();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(54 * MINUTE);
    team.sandbox.fault("POST /auth/refresh", ServerFault::Status(429));
    first.call();
    until("the first attempt has failed", || team.refreshes() == 1).unwrap();
    drop(first);
    team.sandbox.advance(HOUR / 2);
    team.member().call();
    assert_eq!(team.auth_calls(), (1, 2));
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
    let (store, session, swaps) = (team.store.clone(), first.session.clone(), AtomicUsize::new(0));
    let logged_out = AtomicBool::new(false);
    team.store.at_each_call(move |call| {
        // The second swap saves the new pair. It fails and is tried again, with a logout in between.
        if call == "swap" && swaps.fetch_add(1, Ordering::SeqCst) == 1 {
            store.storage.lock().entries.clear();
        }
        if call == "load" && swaps.load(Ordering::SeqCst) == 2 && !logged_out.swap(true, Ordering::SeqCst) {
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
