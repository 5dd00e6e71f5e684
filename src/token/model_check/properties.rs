//! What must hold in every world.

use std::time::Duration;

use stateright::Property;

use super::flights::Answer;
use super::scenario::{Action, Around, Scenario};
use super::system::{Caller, LIFE, System};
use crate::token::flight::Flight;
use crate::token::types::Poll;

pub(super) const ONE_FLIGHT: &str = "at most one flight";
pub(super) const PRESENTED_ONCE: &str = "no refresh token is presented twice";
pub(super) const NONE_AFTER_LOGOUT: &str = "no token after a logout";
pub(super) const WAKES: &str = "every waiter wakes by its deadline";
pub(super) const GROWS: &str = "the generation only grows, and only with a pair";
pub(super) const VALID_IS_KEPT: &str = "a valid token is never dropped for a failure";
pub(super) const LIVE_IS_USED: &str = "a call that could be made with a live token is never failed";
pub(super) const NONE_IS_OVER: &str = "no token is handed out that is over or was just refused";
pub(super) const NOBODY_OVERSLEEPS: &str = "nobody sleeps whose poll would be ready";
pub(super) const WITHIN_THE_MINUTE: &str = "never more logins than fit in a rolling minute";
pub(super) const NOT_WHILE_REVOKING: &str = "no auth call while a revocation is out";
pub(super) const HANGING_BLOCKS_NOBODY: &str = "a flight that outlives its limit blocks no later caller";
pub(super) const LATE_IS_REVOKED: &str = "a late pair is revoked after a logout and else dropped";
pub(super) const WELL_SERVES_ALL: &str = "a server that is well fails nobody before its deadline";
pub(super) const LATE_COSTS_NOTHING: &str = "a token accepted late is enough for all";
pub(super) const REVOKED_COSTS_ONE: &str = "a revocation by somebody else costs one login";

pub(super) fn all() -> Vec<Property<Scenario>> {
    let always = Property::<Scenario>::always;
    vec![
        always(ONE_FLIGHT, |_, system| system.keeps(ONE_FLIGHT) && system.has_one_flight()),
        always(PRESENTED_ONCE, |_, system| system.keeps(PRESENTED_ONCE)),
        always(NONE_AFTER_LOGOUT, |_, system| system.keeps(NONE_AFTER_LOGOUT) && system.is_empty_if_closed()),
        always(WAKES, |_, system| system.keeps(WAKES)),
        always(GROWS, |_, system| system.keeps(GROWS)),
        always(VALID_IS_KEPT, |_, system| system.keeps(VALID_IS_KEPT)),
        always(LIVE_IS_USED, |_, system| system.keeps(LIVE_IS_USED)),
        always(NONE_IS_OVER, |_, system| system.keeps(NONE_IS_OVER)),
        always(NOBODY_OVERSLEEPS, |_, system| system.nobody_oversleeps()),
        always(WITHIN_THE_MINUTE, |_, system| system.keeps(WITHIN_THE_MINUTE)),
        always(NOT_WHILE_REVOKING, |_, system| system.keeps(NOT_WHILE_REVOKING)),
        always(HANGING_BLOCKS_NOBODY, |_, system| system.keeps(HANGING_BLOCKS_NOBODY)),
        always(LATE_IS_REVOKED, |_, system| system.keeps(LATE_IS_REVOKED)),
        always(WELL_SERVES_ALL, |_, system| system.keeps(WELL_SERVES_ALL)),
        always(LATE_COSTS_NOTHING, |scenario, system| {
            !scenario.accepts_late() || system.machine.generation() <= 1
        }),
        always(REVOKED_COSTS_ONE, |scenario, system| {
            let most = 1 + usize::from(system.revoked > 0);
            scenario.around != Around::Revoked || system.logins.len() <= most
        }),
    ]
}

impl System {
    pub(super) fn breaks(&mut self, rule: &'static str) {
        self.broken.get_or_insert(rule);
    }

    pub(super) fn keeps(&self, rule: &str) -> bool {
        self.broken != Some(rule)
    }

    fn has_one_flight(&self) -> bool {
        let current = self.machine.flight.as_ref().map(Flight::id);
        self.threads.iter().filter(|thread| Some(thread.id) == current).count() <= 1
    }

    fn is_empty_if_closed(&self) -> bool {
        self.shut == 0 || (self.machine.held.is_none() && self.refresh.is_none())
    }

    fn nobody_oversleeps(&self) -> bool {
        let now = self.now.monotonic;
        let callers = self.callers.iter().all(|caller| match caller {
            Caller::Waiting { waiter, asleep: Some(until), .. } if *until > now => {
                let (mut machine, mut waiter) = (self.machine.clone(), waiter.clone());
                matches!(machine.acquire(&mut waiter, self.now), Poll::Wait { .. })
            }
            Caller::Resting { scope, asleep: true, .. } => self.machine.is_open(scope.closes),
            _ => true,
        });
        let oversleeps = |id| matches!(self.machine.clone().step(id, now), Poll::Ready(_));
        callers && !self.threads.iter().any(|it| it.asleep.is_some_and(|at| at > now) && oversleeps(it.id))
    }

    /// Compares two worlds with one step between them.
    pub(super) fn compare(&mut self, before: &System, action: Action) {
        let (old, new) = (before.machine.generation(), self.machine.generation());
        let brought = matches!(action, Action::AuthEnds(_, Answer::Pair | Answer::WithoutRefresh));
        if new != old && !(brought && new == old + 1) {
            self.breaks(GROWS);
        }
        let Some(held) = before.machine.held.as_ref().filter(|_| new == old) else { return };
        let closes = matches!(action, Action::Logout | Action::Forget);
        let is_dropped = match &self.machine.held {
            None => !closes,
            // A token that nobody was ever accepted with is no valid one.
            Some(it) => it.expiry != held.expiry || (it.given_up && !held.given_up && self.accepted == new),
        };
        if is_dropped {
            self.breaks(VALID_IS_KEPT);
        }
    }

    /// Whether the token lives, by the server's reckoning on both clocks and apart from the last two seconds.
    pub(super) fn has_live_token(&self) -> bool {
        let is_used = self.machine.held.as_ref().is_some_and(|held| !held.given_up);
        is_used && self.age().is_some_and(|age| age + Duration::from_secs(2) < LIFE)
    }
}
