//! The rules of one session's tokens: no lock, no clock, no network, no token.
//!
//! The machine knows *that* there is a token; the cache holds it. Callers poll [`acquire`](Machine::acquire), the
//! thread of a flight polls `step` (`flight.rs`). A poll may start a flight and never ends one, because nobody would
//! be woken: every end goes through the cache's `change`.

use std::time::Duration;

use super::expiry::{Expiry, Zone};
use super::flight::Flight;
use super::types::{Close, Poll, Refusal, Route, Rules, Snapshot, Waiter};
use super::window::{MINUTE, Window};
use crate::clock::Now;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) expiry: Expiry,
    /// How young it is counts from here, and not from when it was asked for.
    pub(super) arrived: Duration,
    /// Whether its refresh token is there.
    pub(super) refresh: bool,
    /// Whether a call was accepted with it.
    pub(super) accepted: bool,
    pub(super) given_up: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Machine {
    pub(super) closed: Option<Close>,
    /// How often the session was closed.
    closes: u64,
    /// Closings that are under way: what they close may still send, or their revocation is out.
    pub(super) closing: u32,
    /// Of the held pair, or of the last one; it only grows.
    pub(super) generation: u64,
    /// The generation that the last login minted.
    pub(super) logged_in: u64,
    pub(super) held: Option<Held>,
    pub(super) flight: Option<Flight>,
    pub(super) flights: u64,
    /// The last flight that failed.
    pub(super) failed: Option<u64>,
    pub(super) failures: u32,
    pub(super) refusals: u32,
    /// The backoff after a failed flight.
    pub(super) rest_until: Duration,
    /// The pause after a refused login, which holds back logins alone.
    pub(super) refused_until: Duration,
    /// When a credentials closure may be asked again although its credentials were refused.
    pub(super) ask_again: Duration,
    rules: Rules,
    /// What the server asked for; nothing but time lifts it.
    pub(super) retry_after: Duration,
    pub(super) logins: Window,
    pub(super) refreshes: Window,
    /// Routes that refused a token which others accept, right after a flight: until then theirs start no other.
    pub(super) stubborn: Vec<(Route, Duration)>,
}

/// The production quotas of the API.
const LOGINS_A_MINUTE: usize = 10;
const REFRESHES_A_MINUTE: usize = 20;
/// Nodes behind a balancer may accept a token a little after it was minted.
pub(super) const YOUNG: Duration = Duration::from_secs(5);

impl Machine {
    pub(crate) fn new(rules: Rules) -> Self {
        Machine {
            closed: None,
            closes: 0,
            closing: 0,
            generation: 0,
            logged_in: 0,
            held: None,
            flight: None,
            flights: 0,
            failed: None,
            failures: 0,
            refusals: 0,
            rest_until: Duration::ZERO,
            refused_until: Duration::ZERO,
            ask_again: Duration::ZERO,
            rules,
            retry_after: Duration::ZERO,
            logins: Window::new(LOGINS_A_MINUTE, MINUTE),
            refreshes: Window::new(REFRESHES_A_MINUTE, MINUTE),
            stubborn: Vec::new(),
        }
    }

    /// The same, with other limits of the rolling minute.
    #[cfg(test)]
    pub(super) fn limited_to(self, logins: usize, refreshes: usize) -> Self {
        Machine { logins: Window::new(logins, MINUTE), refreshes: Window::new(refreshes, MINUTE), ..self }
    }

    /// Answers a caller that needs a token with the generation to use. All the waiting on a caller's side is here.
    pub(crate) fn acquire(&mut self, waiter: &mut Waiter, now: Now) -> Poll<Result<u64, Refusal>> {
        if !self.is_open(waiter.closes) {
            return Poll::Ready(Err(Refusal::LoggedOut));
        }
        if let Some(life) = self.too_short(waiter) {
            return Poll::Ready(Err(Refusal::TooLong { life }));
        }
        if self.has_usable(waiter, now) {
            if self.zone(now) == Some(Zone::Expiring) {
                self.take_off(false, now.monotonic);
            }
            return Poll::Ready(Ok(self.generation));
        }
        let (login, now) = (waiter.login, now.monotonic);
        let next = self.next_call(login, now);
        let shared = waiter.joined.is_some_and(|joined| self.failed >= Some(joined));
        let refused = now < self.refusal_ends() && (login || !self.can_refresh());
        let hopeless = next > now && (next >= waiter.deadline || refused);
        if shared || hopeless {
            let retry_after = next.saturating_sub(now);
            let own_limit = hopeless && !shared && next > self.asked_pauses(login);
            return Poll::Ready(Err(if own_limit {
                Refusal::Limited { retry_after }
            } else {
                Refusal::Failed { retry_after }
            }));
        }
        if now >= waiter.deadline {
            return Poll::Ready(Err(Refusal::TimedOut));
        }
        waiter.joined = self.take_off(login, now).or(waiter.joined);
        match &self.flight {
            Some(flight) => Poll::Wait { until: waiter.deadline.min(flight.limit()), pause: false },
            None if self.closing > 0 => Poll::Wait { until: waiter.deadline, pause: false },
            None => Poll::Wait { until: next.min(waiter.deadline), pause: true },
        }
    }

    /// `login()`: opens a closed session and lifts what may have healed since, but not what the server asked for.
    /// Its waiter is content with a login that is out.
    pub(crate) fn login(&mut self, deadline: Duration) -> Waiter {
        self.closed = None;
        (self.rest_until, self.refused_until) = (Duration::ZERO, Duration::ZERO);
        Waiter { login: true, ..Waiter::new(self.logged_in, deadline, self.closes) }
    }

    /// Nothing is held from here on, and a flight that is out can publish nothing. Says whether what was held is to
    /// be revoked. No flight starts before [`close_ended`](Machine::close_ended).
    pub(crate) fn close(&mut self, how: Close) -> bool {
        let revoke = how == Close::Logout && self.held.is_some();
        self.closing += 1;
        self.closes += 1;
        // A `forget` after a `logout` must not cancel revoking a late pair.
        self.closed = self.closed.filter(|earlier| *earlier == Close::Logout).or(Some(how));
        (self.flight, self.held) = (None, None);
        revoke
    }

    pub(crate) fn close_ended(&mut self) {
        self.closing = self.closing.saturating_sub(1);
    }

    /// What a forked child knows: the access token, and neither a flight nor the refresh token.
    pub(crate) fn forked(&self) -> Self {
        let held = self.held.clone().map(|held| Held { refresh: false, ..held });
        let fresh = Machine::new(self.rules);
        Machine { held, closed: self.closed, closes: self.closes, generation: self.generation, ..fresh }
    }

    /// Of a process that could not have the state of its parent.
    pub(crate) fn cold(rules: Rules, closed: bool) -> Self {
        Machine { closed: closed.then_some(Close::Logout), ..Machine::new(rules) }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Whether the session is open, and was not closed since there had been so many logouts.
    pub(crate) fn is_open(&self, closes: u64) -> bool {
        self.closed.is_none() && self.closes == closes
    }

    pub(crate) fn closes(&self) -> u64 {
        self.closes
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn zone(&self, now: Now) -> Option<Zone> {
        self.held.as_ref().map(|held| held.expiry.zone(now))
    }

    /// Whether there is nothing to do but to use what is held.
    pub(crate) fn is_fresh(&self, at_least: Duration, now: Now) -> bool {
        self.held.as_ref().is_some_and(|held| {
            let fresh = held.expiry.zone(now) == Zone::Fresh && !held.given_up;
            fresh && (at_least.is_zero() || held.expiry.remaining(now) >= at_least)
        })
    }

    pub(crate) fn snapshot(&self, now: Now) -> Snapshot {
        let expiry = self.held.as_ref().map(|held| held.expiry);
        Snapshot {
            zone: self.zone(now),
            generation: self.generation,
            remaining: expiry.map_or(Duration::ZERO, |expiry| expiry.remaining(now)),
            next_attempt: self.next_call(false, now.monotonic).saturating_sub(now.monotonic),
            closed: self.closed.is_some(),
            given_up: self.held.as_ref().is_some_and(|held| held.given_up),
            flying: self.flight.is_some(),
        }
    }

    /// Whether a call can be made now with what is held.
    fn has_usable(&self, waiter: &Waiter, now: Now) -> bool {
        let newest = if waiter.login { self.logged_in } else { self.generation };
        newest > waiter.newer_than
            && self.held.as_ref().is_some_and(|held| {
                let lives = !held.given_up && held.expiry.zone(now) != Zone::Over;
                // A token that has just arrived lives as long as any other would.
                let is_new = now.monotonic < held.arrived.saturating_add(YOUNG);
                lives && (is_new || held.expiry.remaining(now) >= waiter.at_least)
            })
    }

    /// The life of the server's tokens, if it is less than a caller wants.
    fn too_short(&self, waiter: &Waiter) -> Option<Duration> {
        let life = self.held.as_ref()?.expiry.life();
        (waiter.at_least > life).then_some(life)
    }

    pub(super) fn can_refresh(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.refresh && !held.given_up)
    }

    /// When the next auth call can leave: all pauses there are, in one place.
    pub(super) fn next_call(&self, login: bool, now: Duration) -> Duration {
        match &self.flight {
            Some(flight) if flight.is_out() => now,
            Some(flight) if !flight.wants_login() => {
                self.asked_pauses(login).max(self.refreshes.room_at(now))
            }
            None if !login && self.can_refresh() => self.asked_pauses(login).max(self.refreshes.room_at(now)),
            _ => self.asked_pauses(login).max(self.logins.room_at(now)),
        }
    }

    /// The pauses that failures and the server ask for, the rolling minute aside.
    fn asked_pauses(&self, login: bool) -> Duration {
        let (login, own) = match &self.flight {
            Some(flight) => (flight.wants_login(), flight.resume()),
            None => (login || !self.can_refresh(), self.rest_until),
        };
        let refusal = if login { self.refusal_ends() } else { Duration::ZERO };
        own.max(self.retry_after).max(refusal)
    }

    /// When a login may be thought of again after a refused one.
    pub(super) fn refusal_ends(&self) -> Duration {
        if self.rules.credentials_can_change {
            return self.refused_until.min(self.ask_again);
        }
        self.refused_until
    }

    /// Starts a flight, unless one is out or a pause is on; says which one to share. A revocation is for all tokens
    /// of this client: it must not hit one that is minted meanwhile.
    fn take_off(&mut self, login: bool, now: Duration) -> Option<u64> {
        if self.flight.is_none() && self.closing == 0 && self.next_call(login, now) <= now {
            self.flights += 1;
            self.flight =
                Some(Flight::new(self.flights, login || !self.can_refresh(), now, self.rules.flight_limit));
        }
        self.flight.as_ref().filter(|flight| flight.wants_login() || !login).map(Flight::id)
    }
}
