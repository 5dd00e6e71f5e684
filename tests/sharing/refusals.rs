//! Credentials that the server refuses: one process learns it for all.

use popup_rewards::{Credentials, ErrorKind};

use super::team::{MINUTE, Team};

#[test]
fn a_thousand_runs_with_a_revoked_key_log_in_once_a_pause() {
    let team = Team::new();
    let key = team.sandbox.username();
    let wrong = || Credentials::new(key.expose(), "not-the-password");
    for _ in 0..1000 {
        let error = team.member_with(wrong()).session.countries().unwrap_err();
        assert_eq!((error.kind(), error.route()), (ErrorKind::InvalidCredentials, Some("POST /auth/login")));
        assert!(error.retry_after().is_some_and(|wait| !wait.is_zero() && wait <= MINUTE / 2));
    }
    assert_eq!(team.logins(), 1);
    // The pause doubles.
    for (wait, logins) in [(31, 2), (31, 2), (31, 3), (61, 3), (61, 4)] {
        team.sandbox.advance(MINUTE / 60 * wait);
        assert!(team.member_with(wrong()).session.countries().is_err());
        assert_eq!(team.logins(), logins);
    }
}

#[test]
fn a_new_password_is_tried_at_once() {
    let team = Team::new();
    let key = team.sandbox.username();
    let wrong = Credentials::new(key.expose(), "not-the-password");
    assert!(team.member_with(wrong.clone()).session.countries().is_err());
    team.member().call();
    assert_eq!(team.logins(), 2);
    // The token set of the good password serves the process with the bad one: nobody asked it for a login.
    team.member_with(wrong).call();
    assert_eq!(team.logins(), 2);
}

#[test]
fn login_tries_again_in_spite_of_the_pause() {
    let team = Team::new();
    let wrong = Credentials::new(team.sandbox.username().expose(), "not-the-password");
    assert!(team.member_with(wrong.clone()).session.countries().is_err());
    assert!(team.member_with(wrong).session.login().is_err());
    assert_eq!(team.logins(), 2);
}

#[test]
fn a_refused_refresh_token_is_gone_from_the_store() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(2 * MINUTE);
    team.sandbox.revoke_all_tokens();
    let wrong = Credentials::new(team.sandbox.username().expose(), "not-the-password");
    // It has the wrong password, so it cannot replace what it finds out.
    assert!(team.member_with(wrong.clone()).session.countries().is_err());
    assert!(team.member_with(wrong).session.countries().is_err());
    assert_eq!(team.auth_calls(), (2, 1));
    first.call();
    assert_eq!(team.auth_calls(), (3, 1));
}

#[test]
fn a_closure_is_asked_for_the_slot_and_a_rotated_key_keeps_it() {
    let team = Team::new();
    let (key, secret) = (team.sandbox.username(), team.sandbox.password());
    let closure = move || {
        let (key, secret) = (key.expose().to_owned(), secret.expose().to_owned());
        Credentials::from_fn(move || Ok(Credentials::new(&*key, &*secret)))
    };
    team.member_with(closure()).call();
    team.member().call();
    team.member_with(closure()).call();
    assert_eq!(team.auth_calls(), (1, 0));
}
