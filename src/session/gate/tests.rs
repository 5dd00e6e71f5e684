//! The gate with a pilot that flies no further than the test lets it, so that any moment can be held.

mod pilot;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use self::pilot::{Call, Crew, Deed, Why};
use super::*;
use crate::token::Attempt;

const LONG: Duration = Duration::from_secs(7200);

fn token(crew: &Crew) -> Result<u64, Why> {
    crew.gate.acquire(Need::default(), || LONG, crew).map(|grant| grant.access)
}

/// Runs `leader` and, once it has led its flight into the first call, ten callers of `waiter`.
fn ten_behind<T: Send>(crew: &Crew, leader: impl FnOnce() + Send, waiter: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        scope.spawn(leader);
        crew.until(|deeds| deeds.calls() == 1);
        let waiters: Vec<_> = (0..10).map(|_| scope.spawn(&waiter)).collect();
        waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect()
    })
}

#[test]
fn ten_callers_wait_for_one_flight_and_share_its_token() {
    let crew = Crew::new(|crew, call| {
        crew.until(|deeds| deeds.waits() == 10);
        crew.grant(call)
    });
    let tokens = ten_behind(&crew, || assert_eq!(token(&crew), Ok(1)), || token(&crew));
    assert_eq!((tokens, crew.calls()), (vec![Ok(1); 10], 1));
}

#[test]
fn ten_callers_share_the_failure_of_one_flight() {
    let crew = Crew::new(|crew, _| {
        crew.until(|deeds| deeds.waits() == 10);
        Attempt::NotSent(None, Why::Down)
    });
    let answers = ten_behind(&crew, || assert_eq!(token(&crew), Err(Why::Down)), || token(&crew));
    assert_eq!((answers, crew.calls()), (vec![Err(Why::Down); 10], 4));
}

#[test]
fn ten_logins_share_the_failure_of_one_flight() {
    let crew = Crew::new(|crew, _| {
        crew.until(|deeds| deeds.waits() == 10);
        Attempt::Refused(Why::Down)
    });
    let login = || crew.gate.login(LONG, &crew);
    let answers = ten_behind(&crew, || assert_eq!(login(), Err(Why::Down)), login);
    assert_eq!((answers, crew.calls()), (vec![Err(Why::Down); 10], 1));
}

#[test]
fn a_login_does_not_put_up_with_the_failure_of_a_flight_nobody_asked_for() {
    let crew = Crew::new(|crew, call| match crew.calls() {
        1 => {
            crew.until(|deeds| deeds.waits() == 1);
            Attempt::Refused(Why::Down)
        }
        _ => crew.grant(call),
    });
    // The leader may find the token of the login before it looks at its own failure.
    let leader = || assert!(matches!(token(&crew), Ok(1) | Err(Why::Down)));
    thread::scope(|scope| {
        scope.spawn(leader);
        crew.until(|deeds| deeds.calls() == 1);
        assert_eq!(crew.gate.login(LONG, &crew), Ok(()));
    });
    assert_eq!(crew.calls(), 2);
}

#[test]
fn ten_callers_wake_when_their_leader_panics_and_one_of_them_takes_over() {
    let crew = Crew::new(|crew, call| match crew.calls() {
        1 => {
            crew.until(|deeds| deeds.waits() == 10);
            panic!("the leader is gone")
        }
        _ => crew.grant(call),
    });
    let leader = || assert!(catch_unwind(AssertUnwindSafe(|| token(&crew))).is_err());
    let tokens = ten_behind(&crew, leader, || token(&crew));
    assert_eq!((tokens, crew.calls()), (vec![Ok(1); 10], 2));
}

#[test]
fn a_leader_that_panics_before_its_first_step_leaves_no_flight_behind() {
    let crew = Crew::new(Crew::grant);
    let no_deadline = || panic!("the clock is broken");
    let asked = catch_unwind(AssertUnwindSafe(|| crew.gate.acquire(Need::default(), no_deadline, &crew)));
    assert!(asked.is_err());
    assert!(!crew.gate.snapshot(crew.now()).flying);
    assert_eq!(token(&crew), Ok(1));
}

#[test]
fn an_elected_caller_that_panics_leaves_no_flight_behind() {
    let crew = Crew::new(Crew::grant);
    token(&crew).unwrap();
    crew.advance(Duration::from_secs(56 * 60));
    crew.panic_when_elected(true);
    assert!(catch_unwind(AssertUnwindSafe(|| token(&crew))).is_err());
    assert!(!crew.gate.snapshot(crew.now()).flying);
    crew.panic_when_elected(false);
    assert_eq!(token(&crew), Ok(2));
    assert_eq!(crew.deeds(), [Deed::Called(Call::Login), Deed::Called(Call::Refresh)]);
}

#[test]
fn a_waiter_leaves_at_its_own_deadline_and_the_flight_goes_on() {
    let crew = Crew::new(|crew, call| {
        crew.until(|deeds| deeds.contains(&Deed::TimedOut));
        crew.grant(call)
    });
    thread::scope(|scope| {
        let leader = scope.spawn(|| token(&crew));
        crew.until(|deeds| deeds.calls() == 1);
        let late = crew.gate.acquire(Need::default(), || Duration::ZERO, &crew);
        assert_eq!(late.map(|grant| grant.access), Err(Why::TimedOut));
        assert_eq!(leader.join().unwrap(), Ok(1));
    });
}

#[test]
fn a_logout_lands_a_flight_for_everybody_and_has_its_pair_revoked() {
    for (how, revoked) in [(Close::Logout, 1), (Close::Forget, 0)] {
        let crew = Crew::new(move |crew, call| {
            crew.until(|deeds| deeds.waits() == 10);
            crew.gate.close(how);
            // The waiters leave while the call is still out: none of them depends on its end.
            crew.until(|deeds| deeds.contains(&Deed::Left(10)));
            crew.grant(call)
        });
        let leader = || assert_eq!(token(&crew), Err(Why::LoggedOut));
        let answers = ten_behind(&crew, leader, || {
            let answer = token(&crew);
            crew.leave();
            answer
        });
        assert_eq!((answers, crew.calls()), (vec![Err(Why::LoggedOut); 10], 1));
        assert_eq!(crew.deeds().iter().filter(|deed| **deed == Deed::Revoked(1)).count(), revoked);
        assert!(crew.gate.held_access().is_none());
    }
}

#[test]
fn a_leader_is_never_made_to_wait_for_itself() {
    let crew = Crew::new(|crew, call| {
        assert_eq!(token(crew), Err(Why::Reentered));
        assert_eq!(crew.gate.login(LONG, crew), Err(Why::Reentered));
        crew.grant(call)
    });
    assert_eq!(token(&crew), Ok(1));
    assert_eq!(crew.calls(), 1);
}

#[test]
fn a_refused_token_joins_the_early_flight_and_flies_by_itself_only_if_that_fails() {
    for (ends_well, calls) in [(true, 2), (false, 3)] {
        let crew = Crew::new(move |crew, call| match crew.calls() {
            2 => {
                crew.until(|deeds| deeds.waits() == 1);
                if ends_well { crew.grant(call) } else { Attempt::NotSent(crew.unspent(), Why::Down) }
            }
            _ => crew.grant(call),
        });
        token(&crew).unwrap();
        crew.advance(Duration::from_secs(56 * 60));
        thread::scope(|scope| {
            let elected = scope.spawn(|| token(&crew));
            crew.until(|deeds| deeds.calls() == 2);
            assert_eq!(token(&crew), Ok(1), "the others neither wait nor notice");
            let newer = Need { newer_than: 1, ..Need::default() };
            let grant = crew.gate.acquire(newer, || LONG, &crew).unwrap();
            assert_eq!(grant.generation, 2);
            elected.join().unwrap().unwrap();
        });
        assert_eq!(crew.calls(), calls);
    }
}

#[test]
fn a_pause_the_server_asked_for_outlasts_the_attempts() {
    let wait = Duration::from_secs(30);
    let nearly = Duration::from_secs(29);
    let crew = Crew::new(move |_, _| Attempt::Limited(None, Some(wait), Why::Down));
    assert_eq!((token(&crew), crew.calls()), (Err(Why::Down), 4));
    crew.advance(nearly);
    assert_eq!((token(&crew), crew.calls()), (Err(Why::Down), 4), "the server is left alone as it asked");
    crew.advance(Duration::from_secs(1));
    assert_eq!((token(&crew), crew.calls()), (Err(Why::Down), 8));
}

#[test]
fn a_login_that_was_waiting_does_not_undo_a_logout() {
    let crew = Crew::new(|crew, call| {
        crew.until(|deeds| deeds.waits() == 1);
        crew.gate.close(Close::Logout);
        crew.grant(call)
    });
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(token(&crew), Err(Why::LoggedOut)));
        crew.until(|deeds| deeds.calls() == 1);
        assert_eq!(crew.gate.login(LONG, &crew), Err(Why::LoggedOut));
    });
    assert_eq!((token(&crew), crew.calls()), (Err(Why::LoggedOut), 1));
}

#[test]
fn a_caller_has_one_deadline_however_often_it_looks() {
    let crew = Crew::new(|crew, call| match crew.calls() {
        2 => {
            crew.until(|deeds| deeds.waits() == 1);
            Attempt::NotSent(crew.unspent(), Why::Down)
        }
        _ => crew.grant(call),
    });
    token(&crew).unwrap();
    crew.advance(Duration::from_secs(56 * 60));
    let looks = AtomicU64::new(0);
    let deadline = || LONG * u32::try_from(looks.fetch_add(1, Ordering::Relaxed)).unwrap() + LONG;
    thread::scope(|scope| {
        scope.spawn(|| token(&crew));
        crew.until(|deeds| deeds.calls() == 2);
        let newer = Need { newer_than: 1, ..Need::default() };
        assert_eq!(crew.gate.acquire(newer, deadline, &crew).unwrap().generation, 2);
    });
    assert_eq!(crew.bounds(), [LONG; 3], "the wait, and then a flight of its own, in the time of one call");
}

#[test]
fn an_early_flight_ends_by_the_deadline_of_the_caller_that_leads_it() {
    let crew = Crew::new(Crew::grant);
    token(&crew).unwrap();
    crew.advance(Duration::from_secs(56 * 60));
    let soon = crew.now().monotonic + Duration::from_secs(2);
    crew.gate.acquire(Need::default(), || soon, &crew).unwrap();
    assert_eq!(crew.bounds(), [LONG, soon]);
}

#[test]
fn a_session_that_forgets_after_its_logout_has_a_late_pair_revoked_all_the_same() {
    let crew = Crew::new(|crew, call| {
        crew.gate.close(Close::Logout);
        crew.gate.close(Close::Forget);
        crew.grant(call)
    });
    assert_eq!(token(&crew), Err(Why::LoggedOut));
    assert_eq!(crew.deeds(), [Deed::Called(Call::Login), Deed::Revoked(1)]);
    assert_eq!(crew.bounds(), [LONG; 2], "a late pair is revoked in the time of the call that brought it");
}

#[test]
fn an_absurd_pause_does_not_bar_the_way_for_good() {
    let years = Duration::from_secs(50 * 365 * 24 * 3600);
    let crew = Crew::new(move |crew, call| match crew.calls() {
        1 => Attempt::Limited(None, Some(years), Why::Down),
        _ => crew.grant(call),
    });
    assert_eq!(token(&crew), Err(Why::Down));
    crew.advance(Duration::from_secs(3599));
    assert_eq!((token(&crew), crew.calls()), (Err(Why::Down), 1));
    crew.advance(Duration::from_secs(1));
    assert_eq!(token(&crew), Ok(1));
}

#[test]
fn a_pause_of_no_time_is_none() {
    let crew = Crew::new(|_, _| Attempt::Limited(None, Some(Duration::ZERO), Why::Down));
    assert_eq!((token(&crew), crew.calls()), (Err(Why::Down), 4));
    assert_eq!(crew.now().monotonic.as_millis(), 100 + 200 + 400, "half of each of the usual pauses");
}
