//! Pauses and limits in numbers, which neither the model check nor the threads look at.

use super::*;
use crate::token::expiry::Evidence;
use crate::token::types::{AuthCall, Disposition, Failure, NewPair};

const RULES: TokenSettings =
    TokenSettings { flight_limit: Duration::from_secs(90), credentials_can_change: false };
const LOST: Failure = Failure::Unknown { from_api: false, retry_after: Duration::ZERO };
const BROKEN: Failure = Failure::Unknown { from_api: true, retry_after: Duration::ZERO };
/// The longest pause is drawn, and the shortest.
const DRAWS: [(f64, u32); 2] = [(1.0, 1), (0.0, 2)];

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn limited(seconds: u64) -> Failure {
    Failure::Limited { retry_after: secs(seconds) }
}

/// A machine, and the time it is.
struct Driven {
    machine: Machine,
    now: Duration,
}

impl Driven {
    fn new(rules: TokenSettings) -> Self {
        Driven { machine: Machine::new(rules), now: secs(1000) }
    }

    fn acquire(&mut self, newer_than: u64, time: Duration) -> Poll<Result<u64, AcquireError>> {
        let mut waiter = Waiter::new(newer_than, self.now + time, 0);
        self.machine.acquire(&mut waiter, Reading { monotonic: self.now, wall: self.now })
    }

    /// Lets the flight of a caller send what comes next.
    fn sends(&mut self, newer_than: u64) -> (u64, AuthCall) {
        self.acquire(newer_than, secs(86_400));
        let id =
            self.machine.flight_to_spawn().or(self.machine.flight.as_ref().map(|flight| flight.id)).unwrap();
        match self.machine.next_auth_call(id, self.now) {
            Poll::Ready(Some(call)) => (id, call),
            other => panic!("{other:?}"),
        }
    }

    fn ends(
        &mut self,
        (id, call): (u64, AuthCall),
        ended: Result<NewPair, Failure>,
        random: f64,
    ) -> Disposition {
        self.machine.report(id, call, self.now, ended, random)
    }

    /// One flight that fails at once, and the pause after it.
    fn fails(&mut self, failure: Failure, random: f64) -> Duration {
        let sent = self.sends(0);
        self.ends(sent, Err(failure), random);
        assert_eq!(self.machine.flight, None);
        self.pause()
    }

    fn pause(&self) -> Duration {
        self.machine.earliest_call(false, self.now).saturating_sub(self.now)
    }

    fn logs_in(&mut self) {
        let sent = self.sends(self.machine.generation);
        assert_eq!(self.ends(sent, Ok(self.pair()), 1.0), Disposition::Publish);
    }

    fn pair(&self) -> NewPair {
        let sent = Reading { monotonic: self.now, wall: self.now };
        let evidence = Evidence { sent, server_date: None, expires_at: None, exp: Some(3600), iat: Some(0) };
        NewPair { expiry: Expiry::new(&evidence, secs(300), 0.5), has_refresh: true }
    }
}

#[test]
fn the_pause_after_a_failed_flight_doubles_to_fifteen_seconds_and_starts_afresh_after_a_success() {
    for (random, part) in DRAWS {
        let mut driven = Driven::new(RULES);
        for pause in [1, 2, 4, 8, 15, 15] {
            assert_eq!(driven.fails(Failure::Unusable, random), secs(pause) / part);
            driven.now += secs(60);
        }
        driven.logs_in();
        driven.machine.token = None;
        assert_eq!(driven.fails(Failure::Unusable, random), secs(1) / part);
    }
}

#[test]
fn the_pause_after_a_refused_login_doubles_from_thirty_seconds_to_ten_minutes() {
    let mut driven = Driven::new(RULES);
    for pause in [30, 60, 120, 240, 480, 600, 600] {
        assert_eq!(driven.fails(Failure::Refused, 0.0), secs(pause));
        driven.now += secs(pause);
    }
    driven.logs_in();
    driven.machine.token = None;
    assert_eq!(driven.fails(Failure::Refused, 0.0), secs(30));
}

#[test]
fn a_login_lifts_the_pause_and_not_its_doubling() {
    let mut driven = Driven::new(RULES);
    for pause in [30, 60, 120] {
        driven.machine.login(Duration::MAX);
        assert_eq!(driven.fails(Failure::Refused, 0.0), secs(pause));
    }
}

#[test]
fn a_closure_is_asked_again_after_thirty_seconds_and_logs_in_only_with_other_credentials() {
    let mut driven = Driven::new(TokenSettings { credentials_can_change: true, ..RULES });
    assert_eq!(driven.fails(Failure::Refused, 0.0), secs(30));
    driven.now += secs(30);
    assert_eq!(driven.fails(Failure::Refused, 0.0), secs(30));
    driven.now += secs(30);
    let sent = driven.sends(0);
    assert_eq!(sent.1, AuthCall::LoginIfChanged);
    driven.ends(sent, Err(Failure::Unchanged), 0.0);
    assert_eq!(driven.pause(), secs(30));
    driven.now += secs(30);
    assert_eq!(driven.sends(0).1, AuthCall::Login);
}

#[test]
fn a_flight_pauses_between_its_attempts_and_has_three() {
    for (random, part) in DRAWS {
        let mut driven = Driven::new(RULES);
        for pause in [1, 2] {
            let sent = driven.sends(0);
            assert_eq!(driven.ends(sent, Err(LOST), random), Disposition::Discard);
            assert_eq!(driven.pause(), secs(pause) / part);
            driven.now += secs(pause);
        }
        driven.fails(LOST, random);
    }
}

#[test]
fn the_login_after_a_lost_refresh_has_attempts_of_its_own() {
    let mut driven = Driven::new(RULES);
    driven.logs_in();
    for _ in 0..2 {
        let sent = driven.sends(1);
        assert_eq!(sent.1, AuthCall::Refresh);
        assert_eq!(driven.ends(sent, Err(Failure::NotSent), 1.0), Disposition::PutBack);
        driven.now += secs(5);
    }
    let sent = driven.sends(1);
    assert_eq!(driven.ends(sent, Err(LOST), 1.0), Disposition::Discard);
    for _ in 0..2 {
        let sent = driven.sends(1);
        assert_eq!(sent.1, AuthCall::Login);
        driven.ends(sent, Err(LOST), 1.0);
        driven.now += secs(5);
    }
    let sent = driven.sends(1);
    driven.ends(sent, Err(LOST), 1.0);
    assert_eq!(driven.machine.flight, None);
}

#[test]
fn a_refresh_that_a_proxy_refuses_ends_the_flight_and_leaves_the_token() {
    let mut driven = Driven::new(RULES);
    driven.logs_in();
    for _ in 0..2 {
        let sent = driven.sends(1);
        assert_eq!(sent.1, AuthCall::Refresh);
        assert_eq!(driven.ends(sent, Err(Failure::Unsendable), 1.0), Disposition::PutBack);
        assert_eq!(driven.machine.flight, None);
        driven.now += secs(5);
    }
}

#[test]
fn what_the_server_asks_for_holds_for_an_hour_at_the_most() {
    for (asked, held) in [(600, 600), (86_400, 3600), (u64::MAX, 3600)] {
        for failure in [limited(asked), Failure::Unknown { from_api: true, retry_after: secs(asked) }] {
            assert_eq!(Driven::new(RULES).fails(failure, 1.0), secs(held));
        }
    }
}

#[test]
fn a_shorter_request_of_the_server_does_not_undo_a_longer_one() {
    let mut driven = Driven::new(RULES);
    let sent = driven.sends(0);
    driven.ends(sent, Err(limited(60)), 1.0);
    // A call that was cut off by a logout may still bring what the server asks for.
    let late = (sent.0 + 1, AuthCall::Login);
    driven.ends(late, Err(limited(5)), 1.0);
    assert_eq!(driven.pause(), secs(60));
}

#[test]
fn a_flight_that_pauses_fails_the_waiters_that_cannot_wait_so_long_and_only_them() {
    let mut driven = Driven::new(RULES);
    let sent = driven.sends(0);
    driven.ends(sent, Err(limited(20)), 1.0);
    let failed = Poll::Ready(Err(AcquireError::Failed { retry_after: secs(20) }));
    for time in [0, 1, 20] {
        assert_eq!(driven.acquire(0, secs(time)), failed);
    }
    // Until its own deadline, or until the flight has to be over.
    for (time, until) in [(21, 1021), (60, 1060), (600, 1090)] {
        assert_eq!(driven.acquire(0, secs(time)), Poll::Wait { until: secs(until), pause: false });
    }
}

#[test]
fn a_flight_whose_next_attempt_lies_beyond_its_limit_ends_at_once() {
    let mut driven = Driven::new(RULES);
    let sent = driven.sends(0);
    driven.ends(sent, Err(limited(89)), 1.0);
    assert!(driven.machine.flight.is_some());
    let mut driven = Driven::new(RULES);
    assert_eq!(driven.fails(limited(90), 1.0), secs(90));
    assert!(driven.machine.has_failed(1));
}

#[test]
fn the_rolling_minute_of_the_session_is_told_from_what_the_server_asks_for() {
    let mut driven = Driven::new(RULES);
    driven.machine = driven.machine.limited_to(1, 20);
    assert_eq!(driven.fails(Failure::Unusable, 1.0), secs(60));
    let limited = Poll::Ready(Err(AcquireError::Limited { retry_after: secs(60) }));
    assert_eq!(driven.acquire(0, secs(60)), limited);
    assert_eq!(driven.acquire(0, secs(61)), Poll::Wait { until: secs(1060), pause: true });
    driven.machine.retry_after = driven.now + secs(60);
    assert_eq!(driven.acquire(0, secs(60)), Poll::Ready(Err(AcquireError::Failed { retry_after: secs(60) })));
}

#[test]
fn what_the_api_did_not_answer_is_forgotten_by_the_rolling_minute() {
    for (failure, room_after) in [
        (Failure::NotSent, 1),
        (LOST, 1),
        (Failure::Aborted, 1),
        (Failure::Unsendable, 1),
        (BROKEN, 60),
        (Failure::Forbidden, 60),
        (Failure::Unusable, 60),
        (limited(1), 60),
    ] {
        let mut driven = Driven::new(RULES);
        driven.machine = driven.machine.limited_to(1, 20);
        let sent = driven.sends(0);
        driven.ends(sent, Err(failure), 1.0);
        assert_eq!(driven.pause(), secs(room_after), "{failure:?}");
    }
}

#[test]
fn a_call_that_was_cut_off_counts_until_its_response_arrives_and_then_for_a_minute() {
    let mut driven = Driven::new(RULES);
    driven.machine = driven.machine.limited_to(1, 20);
    let late = driven.sends(0);
    driven.machine.close(Close::Forget);
    driven.machine.close_ended();
    let mut login = driven.machine.login(secs(5000));
    driven.now += secs(100);
    assert_eq!(driven.pause(), secs(60));
    assert_eq!(driven.ends(late, Ok(driven.pair()), 1.0), Disposition::Late { revoke: false });
    driven.now += secs(59);
    let now = Reading { monotonic: driven.now, wall: driven.now };
    let waits = Poll::Wait { until: secs(1160), pause: true };
    assert_eq!(driven.machine.acquire(&mut login, now), waits);
}

#[test]
fn the_twenty_first_refresh_in_a_minute_waits_for_its_end() {
    let mut driven = Driven::new(RULES);
    driven.logs_in();
    (0..20).for_each(|_| driven.logs_in());
    assert_eq!((driven.machine.generation, driven.pause()), (21, secs(60)));
    // Logins have a minute of their own.
    assert_eq!(driven.machine.earliest_call(true, driven.now), driven.now);
}

#[test]
fn a_refused_refresh_does_not_log_in_while_logins_are_refused() {
    let mut driven = Driven::new(RULES);
    driven.logs_in();
    driven.machine.login_paused_until = driven.now + secs(30);
    let sent = driven.sends(1);
    assert_eq!(sent.1, AuthCall::Refresh);
    assert_eq!(driven.ends(sent, Err(Failure::Refused), 1.0), Disposition::Discard);
    assert_eq!(driven.machine.flight, None);
    assert_eq!(driven.pause(), secs(30));
    assert_eq!(driven.acquire(0, Duration::ZERO), Poll::Ready(Ok(1)));
}

#[test]
fn a_child_knows_the_token_and_neither_the_flight_nor_the_refresh_token() {
    let mut driven = Driven::new(RULES);
    driven.logs_in();
    driven.acquire(1, secs(60));
    assert!(driven.machine.can_refresh() && driven.machine.flight.is_some());
    let child = driven.machine.forked();
    assert_eq!((child.generation, child.can_refresh(), child.flight), (1, false, None));
    driven.machine.close(Close::Forget);
    assert!(driven.machine.forked().is_closed() && !driven.machine.forked().is_open(1));
    assert!(Machine::cold(RULES, true).is_closed() && Machine::cold(RULES, false).is_open(0));
}
