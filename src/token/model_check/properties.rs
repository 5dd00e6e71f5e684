//! The properties that must hold in every state.

use std::time::Duration;

use stateright::Property;

use super::flights::AuthOutcome;
use super::model::{Environment, TokenModel, Transition};
use super::system::{Caller, LIFE, System};
use crate::token::types::Poll;

pub(super) const ONE_FLIGHT: &str = "there is at most one flight";
pub(super) const PRESENTED_ONCE: &str = "no refresh token is presented twice";
pub(super) const NO_TOKEN_AFTER_LOGOUT: &str = "no caller gets a token after a logout";
pub(super) const WAKES_BY_DEADLINE: &str = "every waiter wakes by its deadline";
pub(super) const GENERATION_GROWS: &str = "the generation only grows, and only with a new pair";
pub(super) const VALID_TOKEN_IS_KEPT: &str = "no failure drops a valid token";
pub(super) const LIVE_TOKEN_IS_USED: &str = "no call fails while a live token could serve it";
pub(super) const NO_EXPIRED_TOKEN: &str = "no caller gets a token that has expired or was just refused";
pub(super) const NO_LOST_WAKEUP: &str = "no thread sleeps while its poll is ready";
pub(super) const WITHIN_RATE_LIMIT: &str = "no rolling minute has more logins than the limit";
pub(super) const NO_CALL_WHILE_REVOKING: &str = "no auth call is sent while a revocation is pending";
pub(super) const HUNG_FLIGHT_BLOCKS_NO_CALLER: &str = "a flight past its deadline blocks no later caller";
pub(super) const LATE_PAIR_IS_REVOKED: &str = "a late pair is revoked after a logout, and dropped otherwise";
pub(super) const HEALTHY_SERVER_SERVES_ALL: &str = "with a healthy server, no call fails before its deadline";
pub(super) const LAG_COSTS_NO_LOGIN: &str = "a token that is accepted late costs no second login";
pub(super) const REVOCATION_COSTS_ONE_LOGIN: &str = "a revocation by another client costs one login";

pub(super) fn all() -> Vec<Property<TokenModel>> {
    let always = Property::<TokenModel>::always;
    vec![
        always(ONE_FLIGHT, |_, system| system.keeps(ONE_FLIGHT) && system.has_one_flight()),
        always(PRESENTED_ONCE, |_, system| system.keeps(PRESENTED_ONCE)),
        always(NO_TOKEN_AFTER_LOGOUT, |_, system| {
            system.keeps(NO_TOKEN_AFTER_LOGOUT) && system.is_empty_if_closed()
        }),
        always(WAKES_BY_DEADLINE, |_, system| system.keeps(WAKES_BY_DEADLINE)),
        always(GENERATION_GROWS, |_, system| system.keeps(GENERATION_GROWS)),
        always(VALID_TOKEN_IS_KEPT, |_, system| system.keeps(VALID_TOKEN_IS_KEPT)),
        always(LIVE_TOKEN_IS_USED, |_, system| system.keeps(LIVE_TOKEN_IS_USED)),
        always(NO_EXPIRED_TOKEN, |_, system| system.keeps(NO_EXPIRED_TOKEN)),
        always(NO_LOST_WAKEUP, |_, system| system.has_no_lost_wakeup()),
        always(WITHIN_RATE_LIMIT, |_, system| system.keeps(WITHIN_RATE_LIMIT)),
        always(NO_CALL_WHILE_REVOKING, |_, system| system.keeps(NO_CALL_WHILE_REVOKING)),
        always(HUNG_FLIGHT_BLOCKS_NO_CALLER, |_, system| system.keeps(HUNG_FLIGHT_BLOCKS_NO_CALLER)),
        always(LATE_PAIR_IS_REVOKED, |_, system| system.keeps(LATE_PAIR_IS_REVOKED)),
        always(HEALTHY_SERVER_SERVES_ALL, |_, system| system.keeps(HEALTHY_SERVER_SERVES_ALL)),
        always(LAG_COSTS_NO_LOGIN, |model, system| !model.accepts_late() || system.machine.generation <= 1),
        always(REVOCATION_COSTS_ONE_LOGIN, |model, system| {
            let most = 1 + usize::from(system.revoked > 0);
            model.environment != Environment::Revocation || system.logins.len() <= most
        }),
    ]
}

impl System {
    pub(super) fn violate(&mut self, property: &'static str) {
        self.violated.get_or_insert(property);
    }

    pub(super) fn keeps(&self, property: &str) -> bool {
        self.violated != Some(property)
    }

    fn has_one_flight(&self) -> bool {
        let current = self.machine.flight.as_ref().map(|flight| flight.id);
        self.threads.iter().filter(|thread| Some(thread.id) == current).count() <= 1
    }

    fn is_empty_if_closed(&self) -> bool {
        self.closed_since_login == 0 || (self.machine.token.is_none() && self.refresh.is_none())
    }

    fn has_no_lost_wakeup(&self) -> bool {
        let now = self.now.monotonic;
        let callers = self.callers.iter().all(|caller| match caller {
            Caller::Waiting { waiter, asleep, .. } if asleep.is_some_and(|until| until > now) => {
                let (mut machine, mut waiter) = (self.machine.clone(), waiter.clone());
                matches!(machine.acquire(&mut waiter, self.now), Poll::Wait { .. })
            }
            Caller::Pausing { limits, asleep: true, .. } => self.machine.is_open(limits.closes),
            _ => true,
        });
        let is_ready = |id| matches!(self.machine.clone().next_step(id, self.now), Poll::Ready(_));
        callers && !self.threads.iter().any(|it| it.asleep.is_some_and(|at| at > now) && is_ready(it.id))
    }

    /// Checks a transition against the state before it.
    pub(super) fn compare(&mut self, before: &System, transition: Transition) {
        let (old, new) = (before.machine.generation, self.machine.generation);
        let got_pair = matches!(
            transition,
            Transition::EndAuthCall(_, AuthOutcome::Pair | AuthOutcome::PairWithoutRefresh)
        );
        if new != old && !(got_pair && new == old + 1) {
            self.violate(GENERATION_GROWS);
        }
        let Some(token) = before.machine.token.as_ref().filter(|_| new == old) else { return };
        let closes = matches!(transition, Transition::Logout | Transition::Forget);
        let is_dropped = match &self.machine.token {
            None => !closes,
            // A token is valid only once the server has accepted a call with it.
            Some(it) => it.expiry != token.expiry || (it.rejected && !token.rejected && self.accepted == new),
        };
        if is_dropped {
            self.violate(VALID_TOKEN_IS_KEPT);
        }
    }

    /// Whether the token is in use, and both clocks leave it more than two seconds of its life.
    pub(super) fn has_live_token(&self) -> bool {
        let is_used = self.machine.token.as_ref().is_some_and(|token| !token.rejected);
        is_used && self.age().is_some_and(|age| age + Duration::from_secs(2) < LIFE)
    }
}
