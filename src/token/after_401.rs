//! What API calls report about the token they carried: the server accepted it, or returned 401.

use std::time::Duration;

use super::machine::Machine;
use super::types::{After401, Held, RouteName};

/// The pause before a call retries with a token that is still young.
const YOUNG_RETRY: Duration = Duration::from_millis(1500);
/// How long 401s of a route that refuses an accepted token start no flight.
const ROUTE_COOLDOWN: Duration = Duration::from_secs(60);

impl Machine {
    /// Decides what a call does about a 401 for this generation. `last` is as in [`After401::Retry`].
    pub(crate) fn refused(
        &mut self,
        generation: u64,
        route: RouteName,
        last: bool,
        now: Duration,
    ) -> After401 {
        let Some(token) = self.token.as_mut().filter(|_| self.generation == generation) else {
            // A newer token exists, so this retry does not use up the call's one flight.
            let has_newer = self.token.as_ref().is_some_and(|token| !token.rejected);
            // After a logout, the retry returns `LoggedOut`.
            if last && !has_newer && self.closed.is_none() {
                return After401::Surface { rejected: false };
            }
            return After401::Retry { newer_than: generation, last: last || !has_newer };
        };
        if now < token.young_until {
            return After401::RetrySame { at: now.saturating_add(YOUNG_RETRY).min(token.young_until) };
        }
        let in_cooldown = self.cooldowns.iter().any(|(cooling, until)| *cooling == route && *until > now);
        let starts_none = token.accepted && in_cooldown && self.flight.is_none();
        if !last && !starts_none {
            return After401::Retry { newer_than: generation, last: true };
        }
        let rejected = !token.accepted;
        if rejected {
            token.rejected = true;
            self.held = Held::None;
            if token.version > 0 && token.young_until.is_zero() {
                // It was not new: another process had stored it, before it was revoked.
                return After401::Retry { newer_than: generation, last: true };
            }
        } else if last {
            self.end_cooldown(route, now);
            self.cooldowns.push((route, now.saturating_add(ROUTE_COOLDOWN)));
        }
        After401::Surface { rejected }
    }

    /// Records that the server accepted a call with this generation.
    pub(crate) fn accepted(&mut self, generation: u64, route: RouteName, now: Duration) {
        if let Some(token) = self.token.as_mut().filter(|_| self.generation == generation) {
            token.accepted = true;
            self.end_cooldown(route, now);
        }
    }

    /// The generation whose acceptance is already recorded, so that [`accepted`](Machine::accepted) changes nothing; 0 if
    /// there is none.
    pub(crate) fn confirmed(&self) -> u64 {
        let is_accepted = self.token.as_ref().is_some_and(|token| token.accepted);
        if is_accepted && self.cooldowns.is_empty() { self.generation } else { 0 }
    }

    fn end_cooldown(&mut self, route: RouteName, now: Duration) {
        self.cooldowns.retain(|(cooling, until)| *cooling != route && *until > now);
    }
}
