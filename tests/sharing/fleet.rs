//! A fleet with a healthy store: one login, and one refresh for each life of a token.

use std::thread;

use popup_rewards::sandbox::Fault;
use popup_rewards::{EventKind, SessionState};

use super::team::{HOUR, MINUTE, Team};
use crate::common::until;

#[test]
fn a_second_session_uses_the_token_of_the_first() {
    let team = Team::new();
    team.member().call();
    let second = team.member();
    second.call();
    assert_eq!(team.auth_calls(), (1, 0));
    second.until(EventKind::Adopted);
    assert_eq!(second.session.stats().logins, 0);
}

#[test]
fn a_script_that_is_run_two_hundred_times_logs_in_once() {
    let team = Team::new();
    for _ in 0..200 {
        team.member().call();
        team.sandbox.advance(MINUTE / 60);
    }
    assert_eq!(team.auth_calls(), (1, 0));
}

#[test]
fn an_expired_token_is_refreshed_by_the_next_run() {
    let team = Team::new();
    team.member().call();
    team.sandbox.advance(2 * HOUR);
    team.member().call();
    assert_eq!(team.auth_calls(), (1, 1));
    team.member().call();
    assert_eq!(team.auth_calls(), (1, 1));
}

#[test]
fn sessions_that_expire_at_the_same_time_refresh_once() {
    let team = Team::at_once();
    let members: Vec<_> = (0..8).map(|_| team.member()).collect();
    for member in &members {
        member.call();
    }
    for hour in 1..=3 {
        team.settle();
        team.sandbox.advance(HOUR);
        thread::scope(|scope| {
            for member in &members {
                scope.spawn(|| member.call());
            }
        });
        assert_eq!(team.auth_calls(), (1, hour));
    }
}

#[test]
fn an_early_refresh_of_one_session_serves_the_others() {
    let team = Team::new();
    let (first, second) = (team.member(), team.member());
    first.call();
    team.settle();
    second.call();
    team.sandbox.advance(54 * MINUTE);
    first.call();
    until("the first has refreshed", || first.session.status().generation == 2).unwrap();
    team.settle();
    second.call();
    until("the second has adopted", || second.session.status().generation == 2).unwrap();
    second.call();
    assert_eq!(team.auth_calls(), (1, 1));
    assert_eq!(second.session.status().state, SessionState::Fresh);
}

#[test]
fn a_revoked_token_costs_the_fleet_one_login() {
    let team = Team::new();
    let members: Vec<_> = (0..4).map(|_| team.member()).collect();
    for member in &members {
        member.call();
        team.settle();
    }
    team.sandbox.advance(MINUTE);
    team.sandbox.revoke_all_tokens();
    for member in &members {
        member.call();
        team.settle();
    }
    assert_eq!(team.logins(), 2);
    assert_eq!(team.refreshes(), 1);
}

#[test]
fn a_token_that_the_server_never_accepts_is_replaced_by_a_login() {
    let team = Team::new();
    let first = team.member();
    team.sandbox.fault("GET /api/v1/countries", Fault::Status(401).always());
    assert_eq!(first.session.countries().unwrap_err().status(), Some(401));
    assert_eq!(team.auth_calls(), (1, 1));
    team.settle();
    team.sandbox.clear_faults();
    first.call();
    assert_eq!(team.auth_calls(), (2, 1));
}

#[test]
fn a_login_on_demand_mints_a_new_set_for_all() {
    let team = Team::new();
    let (first, second) = (team.member(), team.member());
    first.call();
    team.settle();
    second.session.login().unwrap();
    assert_eq!(team.logins(), 2);
    second.until(EventKind::Minted);
    assert!(!second.saw(EventKind::Adopted));
    first.session.refresh().unwrap();
    assert_eq!(team.auth_calls(), (2, 0));
    assert!(first.saw(EventKind::Minted));
    first.until(EventKind::Adopted);
}

#[test]
fn a_store_that_was_emptied_is_filled_again() {
    let team = Team::new();
    let (first, second) = (team.member(), team.member());
    first.call();
    team.settle();
    second.call();
    team.store.storage.lock().entries.clear();
    team.sandbox.advance(2 * HOUR);
    first.call();
    team.settle();
    second.call();
    team.member().call();
    assert_eq!(team.auth_calls(), (2, 0));
}

#[test]
fn a_session_that_adopts_a_revoked_token_logs_in() {
    let team = Team::new();
    let (first, second) = (team.member(), team.member());
    first.call();
    team.settle();
    second.call();
    team.sandbox.advance(10 * MINUTE);
    first.session.login().unwrap();
    team.settle();
    team.sandbox.revoke_all_tokens();
    second.call();
    assert_eq!(team.logins(), 3);
}
