//! The properties that must hold in every state.

use stateright::Property;

use super::flights::Doing;
use super::model::FleetModel;
use super::process::Process;
use super::system::Fleet;
use crate::token::types::Held;

pub(super) const PRESENTED_ONCE: &str = "no process presents a spent refresh token";
pub(super) const ONE_PLACE: &str = "a refresh token that can be presented is in one place";
pub(super) const NO_OLDER_VERSION: &str = "no process returns to an older version";
pub(super) const NO_CALL_FAILS: &str = "no call fails before its deadline";
pub(super) const LIVE_TOKEN_WAITS_FOR_NOTHING: &str = "no call with a live token waits";
pub(super) const FEW_LOGINS: &str = "there is one login, and one more for each fault";
pub(super) const LEASE_ENDS: &str = "a lease ends with its flight";
pub(super) const PAIR_IS_SHARED: &str = "without a fault, every pair reaches the store";
pub(super) const LOGOUT_CLEARS: &str = "no token of a process stays in the store after its logout";

pub(super) fn all() -> Vec<Property<FleetModel>> {
    let always = Property::<FleetModel>::always;
    vec![
        always(PRESENTED_ONCE, |_, fleet| fleet.keeps(PRESENTED_ONCE)),
        always(ONE_PLACE, |_, fleet| fleet.has_each_token_once()),
        always(NO_OLDER_VERSION, |_, fleet| fleet.keeps(NO_OLDER_VERSION)),
        always(NO_CALL_FAILS, |_, fleet| fleet.keeps(NO_CALL_FAILS)),
        always(LIVE_TOKEN_WAITS_FOR_NOTHING, |_, fleet| fleet.keeps(LIVE_TOKEN_WAITS_FOR_NOTHING)),
        // A logout revokes the pairs of both processes, also one that has just arrived. And if the store has lost an
        // entry, each process refuses versions below the one that it remembers.
        always(FEW_LOGINS, |_, fleet| {
            let hits_both = fleet.server.revoked > 0 || fleet.store.has_lost;
            fleet.server.logins <= 1 + fleet.faults + u8::from(hits_both)
        }),
        always(LEASE_ENDS, |_, fleet| fleet.faults > 0 || !fleet.is_idle() || fleet.store.lease.is_none()),
        always(PAIR_IS_SHARED, |_, fleet| fleet.faults > 0 || !fleet.is_idle() || fleet.has_shared_pair()),
        always(LOGOUT_CLEARS, |_, fleet| fleet.is_clear_after_logout()),
    ]
}

impl Fleet {
    fn keeps(&self, property: &str) -> bool {
        self.violated != Some(property)
    }

    fn is_idle(&self) -> bool {
        self.processes.iter().all(Process::is_idle)
    }

    /// The refresh tokens in the caches, on their way to the store, and in the store.
    fn has_each_token_once(&self) -> bool {
        let contents = &self.store.contents;
        let stored = contents.entry.refresh.filter(|_| contents.entry.origin == contents.origin);
        let threads = self.processes.iter().flat_map(|process| &process.threads);
        let saving = threads.filter_map(|thread| match thread.doing {
            Doing::Save(saving) => Some(saving.refresh),
            _ => None,
        });
        let cached = self.processes.iter().filter_map(|process| process.refresh);
        let mut tokens: Vec<_> = cached.chain(saving).chain(stored).collect();
        let count = tokens.len();
        tokens.sort_unstable();
        tokens.dedup();
        tokens.len() == count
    }

    fn has_shared_pair(&self) -> bool {
        self.server.issued == 0
            || (self.store.contents.entry.refresh == Some(self.server.issued)
                && self.processes.iter().all(|process| process.machine.held != Held::Mine))
    }

    fn is_clear_after_logout(&self) -> bool {
        let first = &self.processes[0];
        let is_over = first.machine.is_closed() && first.is_idle();
        let token = self.store.contents.entry.access.filter(|_| is_over && self.faults == 1);
        token.is_none_or(|(number, _)| self.server.of_first & (1 << number) == 0)
    }
}
