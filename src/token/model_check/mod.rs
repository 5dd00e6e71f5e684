//! All interleavings of three callers, the flights they start, the server, a logout and the clocks.
//!
//! It drives the very polls that the cache drives. Only the shell is modelled: a thread that was told `Wait { until }`
//! runs again after any change, or when that instant has come. The condition variable, `take_in` and `catch_unwind`
//! are left to the thread tests of the cache.

mod callers;
mod defects;
mod flights;
mod rules;
mod scenario;
mod system;

use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model};

use defects::Defect;
use scenario::{Action, Around, Scenario};

/// How late after its mint a token is accepted: before the first retry, at it, later, and just before the last.
const LAGS: [Duration; 4] = [
    Duration::from_millis(300),
    Duration::from_millis(1500),
    Duration::from_secs(3),
    Duration::from_millis(4900),
];

/// So many steps, from the beginning and from a login, where the server does anything. An optimized build goes further.
const STEPS: usize = if cfg!(debug_assertions) { 7 } else { 8 };
/// The same where somebody else revokes the tokens. All worlds are within 53 steps, and an optimized build sees them.
const REVOKED_STEPS: usize = if cfg!(debug_assertions) { 24 } else { ALL };
/// More than any path has where the server is well.
const ALL: usize = 500;

impl Scenario {
    /// The property that does not hold, and a path to a world where it does not.
    fn check(self) -> Option<(&'static str, Vec<Action>)> {
        let began = Instant::now();
        let checker = self.checker().finish_when(HasDiscoveries::Any).spawn_bfs().join();
        // The first world counts as depth 1.
        let (worlds, steps) = (checker.unique_state_count(), checker.max_depth() - 1);
        println!("{self:?}: {worlds} worlds, {steps} steps, {:?}", began.elapsed());
        let found = checker.discoveries().into_iter().map(|(name, path)| (name, path.into_actions()));
        found.min_by_key(|(name, path)| (path.len(), *name))
    }

    fn new(around: Around, steps: usize) -> Self {
        Scenario { around, defect: Defect::None, steps }
    }
}

#[test]
fn every_interleaving_keeps_the_rules() {
    assert_eq!(Scenario::new(Around::Anything { logins: 10 }, STEPS).check(), None);
}

#[test]
fn every_interleaving_keeps_the_rules_where_one_login_a_minute_is_allowed() {
    assert_eq!(Scenario::new(Around::Anything { logins: 1 }, STEPS).check(), None);
}

#[test]
fn a_token_that_is_accepted_late_costs_one_login_and_fails_nobody() {
    for around in LAGS.into_iter().flat_map(|lag| [Around::Lag(lag), Around::Nodes(lag)]) {
        assert_eq!(Scenario::new(around, ALL).check(), None);
    }
}

#[test]
fn after_a_revocation_by_somebody_else_every_caller_works_again() {
    assert_eq!(Scenario::new(Around::Revoked, REVOKED_STEPS).check(), None);
}

#[test]
fn a_slow_server_fails_only_the_callers_that_cannot_wait_for_it() {
    assert_eq!(Scenario::new(Around::Slow, ALL).check(), None);
}

#[test]
fn a_login_that_never_ends_fails_nobody_who_comes_after_its_limit() {
    assert_eq!(Scenario::new(Around::Hangs, ALL).check(), None);
}
