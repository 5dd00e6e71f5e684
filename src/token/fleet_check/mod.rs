//! A model check of two processes that share their tokens through a store: all interleavings of their calls, flights and
//! store steps, with a few faults at any step.
//!
//! It drives the real state machine of each process. The thread of a flight, the store and the server are modelled. The
//! first process may crash, and it may log out. Both may be stopped and woken later. The store may fail with and without
//! effect, lose everything, or lose its last writes. The wall clocks of the two hosts differ by an hour.

mod defects;
mod faults;
mod flights;
mod landing;
mod model;
mod process;
mod properties;
mod store;
mod system;

use std::collections::HashMap;
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use defects::Defect;
use model::{FleetModel, Transition};

impl FleetModel {
    /// Returns the properties that do not hold, each with a path to a state that violates it.
    fn check(self, until: HasDiscoveries) -> HashMap<&'static str, Vec<Transition>> {
        let began = Instant::now();
        let checker = self.checker().finish_when(until).spawn_bfs().join();
        let (states, depth) = (checker.unique_state_count(), checker.max_depth() - 1);
        println!("{self:?}: {states} states, depth {depth}, {:?}", began.elapsed());
        checker.discoveries().into_iter().map(|(name, path)| (name, path.into_actions())).collect()
    }

    fn holds(faults: u8) {
        let found = FleetModel { faults, defect: Defect::None }.check(HasDiscoveries::Any);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn two_processes_obtain_each_pair_once() {
    FleetModel::holds(0);
}

/// Two faults keep the properties as well, but have 67 million states: seven minutes in an optimized build.
#[test]
fn one_fault_spends_no_token_twice_and_fails_no_call() {
    FleetModel::holds(1);
}
