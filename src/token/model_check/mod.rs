//! A model check of the state machine: all interleavings of three callers, their flights, the server, a logout and the
//! clocks.
//!
//! It drives the same polls as the cache. Only the shell is modelled: a thread whose poll returned `Wait { until }`
//! polls again after any change, or at that instant. The thread tests of the cache cover the condition variable, `apply`
//! and `catch_unwind`.

mod callers;
mod defects;
mod flights;
mod model;
mod properties;
mod system;

use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model};

use defects::Defect;
use model::{Environment, TokenModel, Transition};

/// The age at which the server first accepts a token: before the first retry, at it, later, and just before the last.
const LAGS: [Duration; 4] = [
    Duration::from_millis(300),
    Duration::from_millis(1500),
    Duration::from_secs(3),
    Duration::from_millis(4900),
];

/// The depth of the search, from the start and from a login, if the server does anything. An optimized build goes
/// further.
const DEPTH: usize = if cfg!(debug_assertions) { 7 } else { 8 };
/// The depth if another client revokes the tokens. An optimized build reaches all states, which are within 53 steps.
const REVOKED_DEPTH: usize = if cfg!(debug_assertions) { 24 } else { UNBOUNDED };
/// Deeper than any path with a healthy server.
const UNBOUNDED: usize = 500;

impl TokenModel {
    /// Returns the property that does not hold, and a path to a state that violates it.
    fn check(self) -> Option<(&'static str, Vec<Transition>)> {
        let began = Instant::now();
        let checker = self.checker().finish_when(HasDiscoveries::Any).spawn_bfs().join();
        // The checker counts the first state as depth 1.
        let (states, depth) = (checker.unique_state_count(), checker.max_depth() - 1);
        println!("{self:?}: {states} states, depth {depth}, {:?}", began.elapsed());
        let found = checker.discoveries().into_iter().map(|(name, path)| (name, path.into_actions()));
        found.min_by_key(|(name, path)| (path.len(), *name))
    }

    fn new(environment: Environment, depth: usize) -> Self {
        TokenModel { environment, defect: Defect::None, depth }
    }
}

#[test]
fn every_interleaving_keeps_the_properties() {
    assert_eq!(TokenModel::new(Environment::Anything { logins: 10 }, DEPTH).check(), None);
}

#[test]
fn every_interleaving_keeps_the_properties_with_one_login_a_minute() {
    assert_eq!(TokenModel::new(Environment::Anything { logins: 1 }, DEPTH).check(), None);
}

#[test]
fn a_token_that_is_accepted_late_costs_one_login_and_fails_no_call() {
    for environment in LAGS.into_iter().flat_map(|lag| [Environment::Lag(lag), Environment::NodeLag(lag)]) {
        assert_eq!(TokenModel::new(environment, UNBOUNDED).check(), None);
    }
}

#[test]
fn every_caller_is_served_after_another_client_revokes_the_tokens() {
    assert_eq!(TokenModel::new(Environment::Revocation, REVOKED_DEPTH).check(), None);
}

#[test]
fn a_slow_server_fails_only_the_callers_that_cannot_wait_for_it() {
    assert_eq!(TokenModel::new(Environment::Slow, UNBOUNDED).check(), None);
}

#[test]
fn a_login_that_never_ends_fails_no_call_after_its_deadline() {
    assert_eq!(TokenModel::new(Environment::HungLogin, UNBOUNDED).check(), None);
}
