//! Mistakes of a shell, and rules that were thought of and did harm. The model check finds each of them.

use super::LAGS;
use super::rules::{
    HANGING_BLOCKS_NOBODY, LATE_COSTS_NOTHING, LIVE_IS_USED, NOBODY_OVERSLEEPS, NONE_AFTER_LOGOUT,
    NONE_IS_OVER, NOT_WHILE_REVOKING, ONE_FLIGHT, PRESENTED_ONCE, VALID_IS_KEPT, WELL_SERVES_ALL,
    WITHIN_THE_MINUTE,
};
use super::scenario::{Around, Scenario};
use crate::token::types::After401;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    None,
    /// A refresh token whose response was lost is presented again.
    PresentedAgain,
    /// A change does not wake whoever waits.
    Unheard,
    /// A pair that comes after a logout is kept.
    LateKept,
    /// An auth call is sent while a revocation is out.
    RevocationUnseen,
    /// A 429 does not count as a login.
    Uncounted,
    /// A token is taken for over long before it is.
    ShortLived,
    /// The time of day is not looked at.
    TimeOfDayUnseen,
    /// A failed auth call takes the token with it.
    FailureDrops,
    /// A flight gets two threads.
    TwoThreads,
    /// Nobody looks whether a flight has outlived its limit.
    OverdueUnseen,
    /// A caller that slept through a logout goes on after the next login.
    LogoutSleptThrough,
    /// A flight ends at the deadline of the caller that started it, and the others share that.
    DeadlineShared,
    /// A token that is refused because it is young is replaced, and that is the one retry.
    YoungReplaced,
    /// The same, but each new one is replaced as well: the livelock.
    YoungReplacedForEver,
    /// A young token is tried again only once.
    YoungOnce,
    /// A token that a call was accepted with is not young.
    AcceptedIsOld,
    /// The retry with a newer token that was there already is the only one.
    NewerIsLast,
}

impl Defect {
    /// What a call does about a 401 with this defect.
    pub(super) fn after_401(self, after: After401, generation: u64, last: bool, accepted: bool) -> After401 {
        let After401::RetrySame { .. } = after else { return after };
        let surface = After401::Surface { given_up: false };
        let replace = After401::Retry { newer_than: generation, last: true };
        match self {
            Defect::YoungReplacedForEver => After401::Retry { newer_than: generation, last: false },
            Defect::YoungReplaced if !last => replace,
            Defect::AcceptedIsOld if accepted && !last => replace,
            Defect::YoungReplaced | Defect::YoungOnce if last => surface,
            Defect::AcceptedIsOld if accepted => surface,
            _ => after,
        }
    }

    /// Asserts that it is found where the world around is like this, and by this property.
    fn is_found(self, around: Around, steps: usize, by: &str) {
        let found = Scenario { around, defect: self, steps }.check();
        let (name, path) = found.unwrap_or_else(|| panic!("{self:?} was not found"));
        println!("{self:?}: {name:?} does not hold after {path:?}");
        assert_eq!(name, by, "{self:?}");
    }
}

const ANYTHING: Around = Around::Anything { logins: 10 };
/// The longest of the paths that lead to the defects.
const STEPS: usize = 7;

#[test]
fn a_refresh_token_presented_twice_is_found() {
    Defect::PresentedAgain.is_found(ANYTHING, STEPS, PRESENTED_ONCE);
}

#[test]
fn sleepers_that_are_not_woken_are_found() {
    Defect::Unheard.is_found(ANYTHING, STEPS, NOBODY_OVERSLEEPS);
}

#[test]
fn a_session_that_goes_on_after_a_logout_is_found() {
    Defect::LateKept.is_found(ANYTHING, STEPS, NONE_AFTER_LOGOUT);
    Defect::LogoutSleptThrough.is_found(ANYTHING, STEPS, NONE_AFTER_LOGOUT);
    Defect::RevocationUnseen.is_found(ANYTHING, STEPS, NOT_WHILE_REVOKING);
}

#[test]
fn a_login_too_many_is_found() {
    Defect::Uncounted.is_found(Around::Anything { logins: 1 }, STEPS, WITHIN_THE_MINUTE);
}

#[test]
fn a_token_that_is_not_used_or_used_too_long_is_found() {
    Defect::ShortLived.is_found(ANYTHING, STEPS, LIVE_IS_USED);
    Defect::TimeOfDayUnseen.is_found(ANYTHING, STEPS, NONE_IS_OVER);
    Defect::FailureDrops.is_found(ANYTHING, STEPS, VALID_IS_KEPT);
}

#[test]
fn a_flight_that_is_not_alone_or_has_no_end_is_found() {
    Defect::TwoThreads.is_found(ANYTHING, STEPS, ONE_FLIGHT);
    Defect::OverdueUnseen.is_found(Around::Hangs, STEPS, HANGING_BLOCKS_NOBODY);
}

#[test]
fn a_deadline_that_others_share_is_found() {
    Defect::DeadlineShared.is_found(Around::Slow, 30, WELL_SERVES_ALL);
}

#[test]
fn a_young_token_that_is_replaced_is_found() {
    Defect::YoungReplaced.is_found(Around::Lag(LAGS[0]), 30, LATE_COSTS_NOTHING);
    Defect::YoungReplacedForEver.is_found(Around::Lag(LAGS[3]), 30, LATE_COSTS_NOTHING);
    Defect::AcceptedIsOld.is_found(Around::Nodes(LAGS[0]), 30, LATE_COSTS_NOTHING);
    Defect::YoungOnce.is_found(Around::Lag(LAGS[2]), 30, WELL_SERVES_ALL);
}

#[test]
fn a_revocation_that_fails_a_call_is_found() {
    Defect::NewerIsLast.is_found(Around::Revoked, 30, WELL_SERVES_ALL);
}
