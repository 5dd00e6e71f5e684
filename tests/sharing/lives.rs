//! How long what an entry holds still lasts, however often it is rewritten.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use popup_rewards::{Clock, Credentials, RetryPolicy, Session};

use super::memory::Fault;
use super::team::{HOUR, MINUTE, Team};
use crate::common::clock::TestClock;
use crate::common::until;

#[test]
fn a_recorded_refusal_does_not_extend_the_life_of_the_token() {
    let team = Team::new();
    team.member().call();
    team.settle();
    team.sandbox.advance(54 * MINUTE);
    let wrong = Credentials::new(team.sandbox.username().expose(), "not-the-password");
    assert!(team.member_with(wrong).session.login().is_err());
    team.settle();
    let third = team.member();
    third.session.access_token().unwrap();
    assert!(third.session.status().remaining <= 6 * MINUTE);
    team.sandbox.advance(7 * MINUTE);
    third.call();
    assert_eq!(team.sandbox.calls_with_dead_token(), 0);
}

#[test]
fn taking_the_refresh_token_does_not_extend_the_life_of_the_access_token() {
    let team = Team::at_once();
    let first = team.member();
    first.call();
    team.settle();
    team.sandbox.advance(54 * MINUTE);
    let (goes_on, swaps) = (Arc::new(AtomicBool::new(false)), AtomicUsize::new(0));
    let go = Arc::clone(&goes_on);
    team.store.at_each_call(move |call| {
        // The second swap saves the new pair.
        if call == "swap" && swaps.fetch_add(1, Ordering::SeqCst) == 1 {
            until("the third session has its token", || go.load(Ordering::SeqCst)).unwrap();
        }
        Fault::None
    });
    first.call();
    until("the token is refreshed", || team.refreshes() == 1).unwrap();
    let third = team.member();
    third.session.access_token().unwrap();
    let remaining = third.session.status().remaining;
    goes_on.store(true, Ordering::SeqCst);
    assert!(remaining <= 6 * MINUTE, "{remaining:?}");
}

/// The clock of the team, with another time of day.
struct Ahead(TestClock, Duration);

impl Clock for Ahead {
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn wall(&self) -> SystemTime {
        self.0.wall() + self.1
    }

    fn on_pause(&self, until: Duration) {
        self.0.on_pause(until);
    }
}

fn session(team: &Team, secret: &str, ahead: Duration) -> Session {
    let credentials = Credentials::new(team.sandbox.username().expose(), secret);
    Session::builder(&team.sandbox.url(), credentials)
        .clock(Ahead(team.clock.clone(), ahead))
        .retry(RetryPolicy::new().retries(0))
        .token_store(team.store.clone())
        .build()
        .unwrap()
}

#[test]
fn a_clock_that_was_set_back_ends_the_pause_after_a_refused_login() {
    let mut team = Team::new();
    // Like a file, which does not know how old its entries are.
    team.store.knows_ages = false;
    let secret = "a-new-password-1";
    session(&team, secret, 24 * HOUR).countries().unwrap_err();
    team.settle();
    team.sandbox.change_password(secret);
    session(&team, secret, Duration::ZERO).countries().unwrap();
}

#[test]
fn a_logout_accepts_a_token_that_ends_after_the_last_date() {
    let team = Team::new();
    team.sandbox.set_token_life(3000 * 365 * 24 * HOUR, HOUR);
    team.member().call();
    team.settle();
    let far = session(&team, team.sandbox.password().expose(), 6000 * 365 * 24 * HOUR);
    far.logout().unwrap();
    assert_eq!(team.sandbox.live_access_tokens(), 0);
}
