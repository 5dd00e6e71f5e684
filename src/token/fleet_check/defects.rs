//! Defects of a store and of a process. The model check must find each of them.

use stateright::HasDiscoveries;

use super::model::FleetModel;
use super::properties::{
    FEW_LOGINS, LEASE_ENDS, LOGOUT_CLEARS, NO_CALL_FAILS, NO_OLDER_VERSION, PAIR_IS_SHARED, PRESENTED_ONCE,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    None,
    /// The store replaces an entry without comparing it.
    NoCompare,
    /// The store gives out a lease that another process holds.
    LeaseLies,
    /// The store forgets what it has written.
    ForgetsWrites,
    /// A refresh token is presented while the store still has it.
    NothingTaken,
    /// A refresh token of another origin is presented.
    OriginIgnored,
    /// An older version is adopted.
    OlderAdopted,
    /// A refresh token is kept although it may have been saved.
    LostSaveKept,
    /// The lease is not released.
    LeaseKept,
    /// A store that fails ends the flight.
    OutageEndsFlight,
    /// A logout leaves the entry in the store.
    LogoutKeepsEntry,
}

impl Defect {
    /// Asserts that the check finds this defect with so many faults, as a violation of a property.
    fn is_found(self, faults: u8, property: &'static str) {
        let until = HasDiscoveries::AnyOf([property].into());
        let found = FleetModel { faults, defect: self }.check(until);
        let path = found.get(property).unwrap_or_else(|| panic!("{self:?} was not found"));
        println!("{self:?}: {property:?} does not hold after {path:?}");
    }
}

#[test]
fn a_store_without_compare_and_swap_is_found() {
    Defect::NoCompare.is_found(1, PRESENTED_ONCE);
}

#[test]
fn a_store_that_lies_or_forgets_is_found() {
    Defect::LeaseLies.is_found(0, FEW_LOGINS);
    Defect::ForgetsWrites.is_found(0, PAIR_IS_SHARED);
}

#[test]
fn a_refresh_token_that_may_be_spent_is_found() {
    Defect::NothingTaken.is_found(1, PRESENTED_ONCE);
    Defect::OriginIgnored.is_found(1, PRESENTED_ONCE);
    Defect::LostSaveKept.is_found(1, PRESENTED_ONCE);
}

#[test]
fn an_older_version_is_found() {
    Defect::OlderAdopted.is_found(1, NO_OLDER_VERSION);
}

#[test]
fn a_lease_that_is_kept_is_found() {
    Defect::LeaseKept.is_found(0, LEASE_ENDS);
}

#[test]
fn an_outage_that_fails_a_call_is_found() {
    Defect::OutageEndsFlight.is_found(1, NO_CALL_FAILS);
}

#[test]
fn a_logout_that_leaves_tokens_is_found() {
    Defect::LogoutKeepsEntry.is_found(1, LOGOUT_CLEARS);
}
