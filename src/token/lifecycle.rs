//! The rules of one session's tokens, as a state machine that knows no lock, no clock and no network.
//!
//! Callers [`ask`](Lifecycle::ask) for a token and are told to use one, to wait, or to lead a *flight*: the one
//! attempt, at any time, to obtain a new pair (`flight.rs`). Every method takes the time as an argument and
//! returns at once, so a test can walk through any order of events.
//!
//! The machine is generic over the access token `A`, the refresh token `R` and the error `E`. `R` is moved, never
//! cloned: a refresh token handed out for presentation exists nowhere else, and one whose fate is unknown is
//! simply not handed back, so it cannot be presented a second time.

use std::time::Duration;

use super::backoff::Backoff;
use super::budget::Budget;
use super::expiry::{Expiry, Zone};
use super::flight::{Flight, Purpose};
use super::terms::{Answer, Close, Closed, Grant, Need, Pair, Reason, Rules, Snapshot};
use crate::clock::Now;

/// The pair in use. The refresh token is gone while a flight has it, and for good once its fate is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Held<A, R> {
    pub(super) access: A,
    pub(super) refresh: Option<R>,
    pub(super) expiry: Expiry,
    pub(super) rejected: bool,
}

/// The state machine; see the head of this file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lifecycle<A, R, E> {
    pub(super) rules: Rules,
    pub(super) held: Option<Held<A, R>>,
    /// Of the held pair, or of the last one; it only grows.
    pub(super) generation: u64,
    pub(super) flight: Option<Flight<R>>,
    flights: u64,
    closed: Option<Close>,
    pub(super) logins: Budget,
    pub(super) refreshes: Budget,
    pub(super) early: Backoff,
    /// Answers everybody until a moment: the error of a flight that has just failed.
    pub(super) cooldown: Option<(E, Duration)>,
    /// The answer of a login the server refused; it holds until the credentials change.
    pub(super) refusal: Option<E>,
    rejections: Backoff,
    rejected_before: bool,
}

/// The most logins and refreshes in a minute: the production quotas of the API.
const LOGINS_A_MINUTE: usize = 10;
const REFRESHES_A_MINUTE: usize = 20;

impl<A: Clone, R, E: Reason> Lifecycle<A, R, E> {
    pub(crate) fn new(rules: Rules) -> Self {
        Lifecycle {
            rules,
            held: None,
            generation: 0,
            flight: None,
            flights: 0,
            closed: None,
            logins: Budget::new(LOGINS_A_MINUTE),
            refreshes: Budget::new(REFRESHES_A_MINUTE),
            early: Backoff::default(),
            cooldown: None,
            refusal: None,
            rejections: Backoff::default(),
            rejected_before: false,
        }
    }

    /// The held token, if it meets a need and is far from its end: the answer to nearly every question.
    pub(crate) fn fresh(&self, now: Now, need: Need) -> Option<&A> {
        let held = self.held.as_ref().filter(|held| self.suits(held, need))?;
        let fresh = held.expiry.zone(now) == Zone::Fresh && held.expiry.remaining(now) >= need.at_least;
        fresh.then_some(&held.access)
    }

    /// A caller needs a token.
    pub(crate) fn ask(&mut self, now: Now, need: Need) -> Answer<A, E> {
        if self.closed.is_some() {
            return Answer::Refuse(E::logged_out());
        }
        if let Some(held) = self.held.as_ref().filter(|held| self.suits(held, need)) {
            let remaining = held.expiry.remaining(now);
            let zone = held.expiry.zone(now);
            if matches!(zone, Zone::Fresh | Zone::Expiring) && remaining >= need.at_least {
                let grant = Grant { access: held.access.clone(), generation: self.generation };
                if zone == Zone::Expiring && self.may_renew_early(now) {
                    return Answer::UseAndLead(grant, self.take_off(Purpose::Early));
                }
                return Answer::Use(grant);
            }
            if need.at_least > held.expiry.life() {
                return Answer::Refuse(E::too_long(held.expiry.life()));
            }
        }
        if let Some(flight) = &self.flight {
            return Answer::Wait(flight.id);
        }
        match self.obstacle(now) {
            Some(reason) => self.stopgap(now, need).map_or(Answer::Refuse(reason), Answer::Use),
            None => Answer::Lead(self.take_off(Purpose::Needed)),
        }
    }

    /// A caller wants a login, whatever is held and whatever was refused before. It opens a closed session, unless
    /// the session was closed while the caller was already waiting for its login.
    pub(crate) fn ask_login(&mut self, has_waited: bool) -> Answer<A, E> {
        if has_waited && self.closed.is_some() {
            return Answer::Refuse(E::logged_out());
        }
        self.closed = None;
        if let Some(flight) = &self.flight {
            return Answer::Wait(flight.id);
        }
        self.cooldown = None;
        self.refusal = None;
        Answer::Lead(self.take_off(Purpose::Asked))
    }

    /// The held token, if it is still good for anything: what callers get when no newer one can be had.
    pub(crate) fn stopgap(&self, now: Now, need: Need) -> Option<Grant<A>> {
        let held = self.held.as_ref().filter(|held| self.suits(held, need))?;
        let remaining = held.expiry.remaining(now);
        let usable = !remaining.is_zero() && remaining >= need.at_least;
        usable.then(|| Grant { access: held.access.clone(), generation: self.generation })
    }

    /// The error for a caller whose need even a new token does not meet.
    pub(crate) fn unmet(&self) -> E {
        E::too_long(self.held.as_ref().map_or(Duration::ZERO, |held| held.expiry.life()))
    }

    fn suits(&self, held: &Held<A, R>, need: Need) -> bool {
        !held.rejected && self.generation > need.newer_than
    }

    fn may_renew_early(&self, now: Now) -> bool {
        self.flight.is_none() && self.early.wait(now.monotonic).is_zero() && self.obstacle(now).is_none()
    }

    /// Why no flight may start now.
    fn obstacle(&self, now: Now) -> Option<E> {
        if let Some((reason, until)) = &self.cooldown
            && *until > now.monotonic
        {
            return Some(reason.clone());
        }
        let wait = if self.held.as_ref().is_some_and(|held| held.refresh.is_some()) {
            self.refreshes.wait(now.monotonic)
        } else {
            if let Some(reason) = self.refusal.as_ref().filter(|_| !self.rules.credentials_can_change) {
                return Some(reason.clone());
            }
            let wait = self.rejections.wait(now.monotonic);
            if !wait.is_zero() {
                return Some(E::rejected(wait));
            }
            self.logins.wait(now.monotonic)
        };
        (!wait.is_zero()).then(|| E::budget_used_up(wait))
    }

    fn take_off(&mut self, purpose: Purpose) -> u64 {
        self.flights += 1;
        // A login that was asked for leaves the refresh token where it is until the new pair is here.
        let refresh = if purpose == Purpose::Asked {
            None
        } else {
            self.held.as_mut().and_then(|held| held.refresh.take())
        };
        self.flight = Some(Flight::new(self.flights, purpose, refresh));
        self.flights
    }

    /// Puts a new pair in the place of the old one, both tokens at once.
    pub(super) fn publish(&mut self, pair: Pair<A, R>) {
        self.generation += 1;
        let Pair { access, refresh, expiry } = pair;
        self.held = Some(Held { access, refresh: Some(refresh), expiry, rejected: false });
        self.early = Backoff::default();
        self.cooldown = None;
        self.refusal = None;
    }

    /// The server refused a token that was fresh: the next caller logs in, at once the first time, then under a
    /// backoff. A token the server has accepted elsewhere is kept: the refusal is about the route, not the token.
    ///
    /// Says whether the token was given up.
    pub(crate) fn reject(&mut self, now: Now, generation: u64, accepted: u64, random: f64) -> bool {
        if generation != self.generation || accepted >= generation {
            return false;
        }
        let Some(held) = self.held.as_mut().filter(|held| !held.rejected) else { return false };
        held.rejected = true;
        held.refresh = None;
        if self.rejected_before {
            self.rejections.fail(now.monotonic, random);
        }
        self.rejected_before = true;
        true
    }

    /// The server accepted a token.
    pub(crate) fn accept(&mut self, generation: u64) {
        if generation == self.generation {
            self.rejections = Backoff::default();
            self.rejected_before = false;
        }
    }

    /// Closes the session: nothing is held, and a flight still out can publish nothing.
    pub(crate) fn close(&mut self, how: Close) -> Closed<A, R> {
        // What a logout has promised of a late pair, a forget that follows does not take back.
        self.closed = self.closed.filter(|earlier| *earlier == Close::Logout).or(Some(how));
        self.flight = None;
        let held = self.held.take();
        self.cooldown = None;
        match held {
            Some(held) => Closed { access: Some(held.access), refresh: held.refresh },
            None => Closed { access: None, refresh: None },
        }
    }

    /// How the session was closed, if it is.
    pub(crate) fn closed(&self) -> Option<Close> {
        self.closed
    }

    /// This process is a copy of the one that obtained the tokens. The access token may be shared; the refresh
    /// token is the parent's, and the parent's flight has no leader here.
    pub(crate) fn forked(&mut self, adapt: impl FnOnce(&A) -> A) {
        self.flight = None;
        if let Some(held) = &mut self.held {
            held.refresh = None;
            held.access = adapt(&held.access);
        }
    }

    /// The access token held now, whatever its state.
    pub(crate) fn held_access(&self) -> Option<&A> {
        self.held.as_ref().map(|held| &held.access)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn snapshot(&self, now: Now) -> Snapshot {
        let expiry = self.held.as_ref().map(|held| held.expiry);
        let blocked =
            self.cooldown.as_ref().map_or(Duration::ZERO, |(_, until)| until.saturating_sub(now.monotonic));
        Snapshot {
            zone: expiry.map(|expiry| expiry.zone(now)),
            generation: self.generation,
            remaining: expiry.map_or(Duration::ZERO, |expiry| expiry.remaining(now)),
            next_attempt: blocked
                .max(self.early.wait(now.monotonic))
                .max(self.rejections.wait(now.monotonic)),
            closed: self.closed.is_some(),
            rejected: self.held.as_ref().is_some_and(|held| held.rejected),
            flying: self.flight.is_some(),
        }
    }
}
