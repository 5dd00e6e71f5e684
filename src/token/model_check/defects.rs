//! Defects of a shell, and rules that were tried and found harmful. The model check must find each of them.

use super::LAGS;
use super::model::{Environment, TokenModel};
use super::properties::{
    HEALTHY_SERVER_SERVES_ALL, HUNG_FLIGHT_BLOCKS_NO_CALLER, LAG_COSTS_NO_LOGIN, LIVE_TOKEN_IS_USED,
    NO_CALL_WHILE_REVOKING, NO_EXPIRED_TOKEN, NO_LOST_WAKEUP, NO_TOKEN_AFTER_LOGOUT, ONE_FLIGHT,
    PRESENTED_ONCE, VALID_TOKEN_IS_KEPT, WITHIN_RATE_LIMIT,
};
use crate::token::types::After401;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    None,
    /// A refresh token whose response was lost is presented again.
    PresentedAgain,
    /// A change wakes no thread.
    LostWakeup,
    /// A pair that arrives after a logout is kept.
    LatePairKept,
    /// An auth call is sent while a revocation is pending.
    RevocationIgnored,
    /// A 429 does not count as a login.
    Uncounted,
    /// A token counts as expired long before it is.
    ShortLived,
    /// The wall clock is ignored.
    WallIgnored,
    /// A failed auth call drops the token.
    FailureDropsToken,
    /// A flight gets two threads.
    TwoThreads,
    /// No thread ends a flight that is past its deadline.
    OverdueIgnored,
    /// A caller that slept during a logout continues after the next login.
    LogoutMissed,
    /// A flight ends at the deadline of the caller that started it, for all callers.
    DeadlineShared,
    /// A refused young token is replaced, and that is the only retry.
    YoungReplaced,
    /// A refused young token is always replaced: a livelock.
    YoungAlwaysReplaced,
    /// A call retries only once with a young token.
    YoungOnce,
    /// A token that the server accepted once does not count as young.
    AcceptedIsOld,
    /// A retry with an existing newer token is the last.
    NewerIsLast,
}

impl Defect {
    /// Returns what a call with this defect does about a 401.
    pub(super) fn after_401(self, after: After401, generation: u64, last: bool, accepted: bool) -> After401 {
        let After401::RetrySame { .. } = after else { return after };
        let surface = After401::Surface { rejected: false };
        let replace = After401::Retry { newer_than: generation, last: true };
        match self {
            Defect::YoungAlwaysReplaced => After401::Retry { newer_than: generation, last: false },
            Defect::YoungReplaced if !last => replace,
            Defect::AcceptedIsOld if accepted && !last => replace,
            Defect::YoungReplaced | Defect::YoungOnce if last => surface,
            Defect::AcceptedIsOld if accepted => surface,
            _ => after,
        }
    }

    /// Asserts that the check finds this defect in an environment, as a violation of a property.
    fn is_found(self, environment: Environment, depth: usize, property: &str) {
        let found = TokenModel { environment, defect: self, depth }.check();
        let (name, path) = found.unwrap_or_else(|| panic!("{self:?} was not found"));
        println!("{self:?}: {name:?} does not hold after {path:?}");
        assert_eq!(name, property, "{self:?}");
    }
}

const ANYTHING: Environment = Environment::Anything { logins: 10 };
/// The length of the longest path to a defect.
const DEPTH: usize = 7;

#[test]
fn a_refresh_token_presented_twice_is_found() {
    Defect::PresentedAgain.is_found(ANYTHING, DEPTH, PRESENTED_ONCE);
}

#[test]
fn a_lost_wakeup_is_found() {
    Defect::LostWakeup.is_found(ANYTHING, DEPTH, NO_LOST_WAKEUP);
}

#[test]
fn a_session_that_continues_after_a_logout_is_found() {
    Defect::LatePairKept.is_found(ANYTHING, DEPTH, NO_TOKEN_AFTER_LOGOUT);
    Defect::LogoutMissed.is_found(ANYTHING, DEPTH, NO_TOKEN_AFTER_LOGOUT);
    Defect::RevocationIgnored.is_found(ANYTHING, DEPTH, NO_CALL_WHILE_REVOKING);
}

#[test]
fn a_login_beyond_the_rate_limit_is_found() {
    Defect::Uncounted.is_found(Environment::Anything { logins: 1 }, DEPTH, WITHIN_RATE_LIMIT);
}

#[test]
fn a_token_that_is_not_used_or_used_too_long_is_found() {
    Defect::ShortLived.is_found(ANYTHING, DEPTH, LIVE_TOKEN_IS_USED);
    Defect::WallIgnored.is_found(ANYTHING, DEPTH, NO_EXPIRED_TOKEN);
    Defect::FailureDropsToken.is_found(ANYTHING, DEPTH, VALID_TOKEN_IS_KEPT);
}

#[test]
fn a_second_flight_and_an_endless_one_are_found() {
    Defect::TwoThreads.is_found(ANYTHING, DEPTH, ONE_FLIGHT);
    Defect::OverdueIgnored.is_found(Environment::HungLogin, DEPTH, HUNG_FLIGHT_BLOCKS_NO_CALLER);
}

#[test]
fn a_shared_deadline_is_found() {
    Defect::DeadlineShared.is_found(Environment::Slow, 30, HEALTHY_SERVER_SERVES_ALL);
}

#[test]
fn a_young_token_that_is_replaced_is_found() {
    Defect::YoungReplaced.is_found(Environment::Lag(LAGS[0]), 30, LAG_COSTS_NO_LOGIN);
    Defect::YoungAlwaysReplaced.is_found(Environment::Lag(LAGS[3]), 30, LAG_COSTS_NO_LOGIN);
    Defect::AcceptedIsOld.is_found(Environment::NodeLag(LAGS[0]), 30, LAG_COSTS_NO_LOGIN);
    Defect::YoungOnce.is_found(Environment::Lag(LAGS[2]), 30, HEALTHY_SERVER_SERVES_ALL);
}

#[test]
fn a_revocation_that_fails_a_call_is_found() {
    Defect::NewerIsLast.is_found(Environment::Revocation, 30, HEALTHY_SERVER_SERVES_ALL);
}
