//! Logout, forget and drop of a session that shares its tokens.

use std::time::Duration;

use popup_rewards::sandbox::Fault as ServerFault;
use popup_rewards::{ErrorKind, Session};

use super::memory::Fault;
use super::team::{HOUR, MINUTE, Team};
use crate::common::until;

#[test]
fn a_logout_ends_the_session_of_every_process_and_clears_the_store() {
    let team = Team::new();
    let (first, second) = (team.member(), team.member());
    first.call();
    team.settle();
    second.call();
    first.session.logout().unwrap();
    assert_eq!(team.sandbox.calls("POST /auth/logout"), 1);
    // The others were not closed: they log in again.
    second.call();
    team.settle();
    team.member().call();
    assert_eq!(team.logins(), 2);
    assert_eq!(first.session.countries().unwrap_err().kind(), ErrorKind::LoggedOut);
}

#[test]
fn a_program_that_only_logs_out_revokes_the_stored_tokens() {
    for age in [0, 2] {
        let team = Team::new();
        let token = team.member().session.access_token().unwrap();
        team.settle();
        team.sandbox.advance(HOUR * age);
        team.member().session.logout().unwrap();
        // An expired access token cannot log out, so the refresh token is spent on one that can.
        assert_eq!(team.refreshes(), u64::from(age > 0));
        assert_eq!(team.sandbox.calls("POST /auth/logout"), 1 + u64::from(age > 0));
        assert_eq!(team.logins(), 1);
        drop(token);
        team.member().call();
        assert_eq!(team.logins(), 2);
    }
}

#[test]
fn a_logout_revokes_the_tokens_although_the_store_is_down() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    team.store.at_each_call(|_| Fault::Fails);
    assert_eq!(first.session.logout().unwrap_err().kind(), ErrorKind::Store);
    assert_eq!(team.sandbox.calls("POST /auth/logout"), 1);
}

#[test]
fn forget_leaves_the_stored_tokens_to_the_others() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    let entry = team.store.entry();
    first.session.forget();
    assert_eq!(team.store.entry(), entry);
    team.member().call();
    assert_eq!(team.auth_calls(), (1, 0));
}

#[test]
fn forget_stored_clears_the_store_and_revokes_nothing() {
    let team = Team::new();
    let (first, second) = (team.member(), team.member());
    first.call();
    team.settle();
    second.call();
    first.session.forget_stored().unwrap();
    assert_eq!(team.sandbox.calls("POST /auth/logout"), 0);
    second.call();
    assert_eq!(team.auth_calls(), (1, 0));
    team.member().call();
    assert_eq!(team.auth_calls(), (2, 0));
    assert_eq!(first.session.countries().unwrap_err().kind(), ErrorKind::LoggedOut);
}

#[test]
fn a_logout_on_drop_would_end_everybodys_session() {
    let team = Team::new();
    let refused = Session::builder(&team.sandbox.url(), team.sandbox.credentials())
        .token_store(team.store.clone())
        .logout_on_drop(true)
        .build()
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Configuration);
    assert!(refused.to_string().contains("logout_on_drop"));
}

#[test]
fn a_logout_revokes_the_stored_pair_if_the_own_one_is_dead() {
    for has_own_pair in [false, true] {
        let team = Team::new();
        let (first, second) = (team.member(), team.member());
        if has_own_pair {
            team.store.at_each_call(|_| Fault::Fails);
            first.call();
            team.store.works_again();
            team.sandbox.revoke_all_tokens();
        } else {
            first.call();
            team.settle();
        }
        team.sandbox.advance(2 * HOUR);
        second.call();
        team.settle();
        assert!(team.sandbox.live_access_tokens() > 0);
        first.session.logout().unwrap();
        assert_eq!(team.sandbox.live_access_tokens(), 0, "has its own pair: {has_own_pair}");
    }
}

#[test]
fn a_logout_of_a_session_with_an_expired_token_works_while_another_one_refreshes() {
    let team = Team::at_once();
    let (first, second) = (team.member(), team.member());
    first.call();
    team.settle();
    team.sandbox.advance(2 * HOUR);
    second.call();
    team.settle();
    team.sandbox.advance(54 * MINUTE);
    team.sandbox.fault("POST /auth/refresh", ServerFault::Delay(Duration::from_millis(500)));
    second.call();
    until("the refresh is on its way", || team.refreshes() == 2).unwrap();
    first.session.logout().unwrap();
}

#[test]
fn tokens_that_are_forgotten_during_the_refresh_of_another_session_stay_forgotten() {
    let team = Team::at_once();
    let (first, second) = (team.member(), team.member());
    first.call();
    team.settle();
    second.call();
    team.sandbox.advance(54 * MINUTE);
    team.sandbox.fault("POST /auth/refresh", ServerFault::Delay(Duration::from_millis(300)));
    first.call();
    until("the refresh is on its way", || team.refreshes() == 1).unwrap();
    second.session.forget_stored().unwrap();
    team.settle();
    let third = team.member();
    third.call();
    assert_eq!(team.logins(), 2);
}
