//! What calls tell of a token: the server accepted it, or answered 401.

use std::time::Duration;

use super::machine::{Machine, YOUNG};
use super::types::{After401, RouteName};

/// The pause before a token that is too young for every node is tried again.
const SETTLING: Duration = Duration::from_millis(1500);
/// How long a route is remembered that refuses a token which others accept.
const STUBBORN: Duration = Duration::from_secs(60);

impl Machine {
    /// A call was answered 401 with a token of this generation; `last` as in [`After401::Retry`].
    pub(crate) fn refused(
        &mut self,
        generation: u64,
        route: RouteName,
        last: bool,
        now: Duration,
    ) -> After401 {
        let Some(held) = self.held.as_mut().filter(|_| self.generation == generation) else {
            // A token that is there already costs nothing, so the call keeps its right to a flight.
            let is_there = self.held.as_ref().is_some_and(|held| !held.given_up);
            // After a logout, what comes next is `LoggedOut`.
            if last && !is_there && self.closed.is_none() {
                return After401::Surface { given_up: false };
            }
            return After401::Retry { newer_than: generation, last: last || !is_there };
        };
        if now < held.arrived.saturating_add(YOUNG) {
            let grown = held.arrived.saturating_add(YOUNG);
            return After401::RetrySame { at: now.saturating_add(SETTLING).min(grown) };
        }
        let is_stubborn = self.stubborn.iter().any(|(it, until)| *it == route && *until > now);
        let starts_none = held.accepted && is_stubborn && self.flight.is_none();
        if !last && !starts_none {
            return After401::Retry { newer_than: generation, last: true };
        }
        if !held.accepted {
            held.given_up = true;
        } else if last {
            self.stubborn.retain(|(it, until)| *it != route && *until > now);
            self.stubborn.push((route, now.saturating_add(STUBBORN)));
        }
        After401::Surface { given_up: !held.accepted }
    }

    /// A call was accepted with a token of this generation.
    pub(crate) fn accepted(&mut self, generation: u64, route: RouteName, now: Duration) {
        if let Some(held) = self.held.as_mut().filter(|_| self.generation == generation) {
            held.accepted = true;
            self.stubborn.retain(|(it, until)| *it != route && *until > now);
        }
    }

    /// The generation of which [`accepted`](Machine::accepted) has nothing more to learn; 0 if there is none.
    pub(crate) fn settled(&self) -> u64 {
        let is_settled = self.stubborn.is_empty() && self.held.as_ref().is_some_and(|held| held.accepted);
        if is_settled { self.generation } else { 0 }
    }
}
