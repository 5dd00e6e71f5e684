//! The state machine of one session's tokens. It has no lock, clock, network or token text.
//!
//! The machine knows *that* there is a token; the cache holds it. A caller polls [`acquire`](Machine::acquire). The
//! thread of a flight polls `next_auth_call` (`flight.rs`). A call reports its 401 to `refused` (`after_401.rs`). A
//! poll may start a flight but never ends one: ending a flight has to wake its waiters, so every end goes through the
//! cache's `change`.

use std::time::Duration;

use super::acquire_error::AcquireError;
use super::expiry::{Expiry, Zone};
use super::flight::{Flight, Phase};
use super::types::{Close, Held, Poll, RouteName, Snapshot, TokenSettings, Waiter};
use super::window::{MINUTE, Window};
use crate::clock::Reading;

/// What the machine knows of the current token pair.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TokenState {
    pub(super) expiry: Expiry,
    /// When the token stops being young: nodes behind a load balancer may not know it until then. Unlike the life, it
    /// counts from the arrival of the response. A token from the store is never young.
    pub(super) young_until: Duration,
    /// The remaining life at which a flight logs in although the store is down.
    pub(super) alone_at: Duration,
    /// Its version in the store. For a pair that is not saved, the highest version seen before.
    pub(super) version: u64,
    /// Whether the server accepted a call with it.
    pub(super) accepted: bool,
    /// Whether it was refused and is not used any more.
    pub(super) rejected: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Machine {
    pub(super) closed: Option<Close>,
    /// The number of times the session was closed.
    pub(super) closes: u64,
    /// Closes in progress: old connections may still send, or a revocation is pending.
    pub(super) closing: u32,
    /// The generation of the current pair, or of the last one. It only grows.
    pub(super) generation: u64,
    /// The generation that the last login returned.
    pub(super) logged_in: u64,
    pub(super) token: Option<TokenState>,
    pub(super) held: Held,
    /// The highest version that this session has seen in the store. It never adopts a lower one.
    pub(super) seen: u64,
    /// Flights that have ended and may still save a pair in the store.
    pub(super) landing: Vec<u64>,
    /// No early flight starts before this instant: the store is down, or another process renews the token.
    pub(super) early_paused_until: Duration,
    pub(super) flight: Option<Flight>,
    pub(super) flights: u64,
    /// The last flight that failed.
    pub(super) failed: Option<u64>,
    /// Failed flights in a row.
    pub(super) failures: u32,
    /// Refused logins in a row.
    pub(super) refusals: u32,
    /// The backoff after a failed flight.
    pub(super) backoff_until: Duration,
    /// The pause after a refused login. It delays logins only.
    pub(super) login_paused_until: Duration,
    /// When a credentials closure may be called again during that pause.
    pub(super) ask_closure_at: Duration,
    pub(super) settings: TokenSettings,
    /// The end of the server's `Retry-After`. Only time lifts it.
    pub(super) retry_after: Duration,
    pub(super) logins: Window,
    pub(super) refreshes: Window,
    /// Routes that refused a new token which others accept. A 401 from one starts no flight until this instant.
    pub(super) cooldowns: Vec<(RouteName, Duration)>,
}

/// The API's production limits.
const LOGINS_A_MINUTE: usize = 10;
const REFRESHES_A_MINUTE: usize = 20;

impl Machine {
    pub(crate) fn new(settings: TokenSettings) -> Self {
        Machine {
            closed: None,
            closes: 0,
            closing: 0,
            generation: 0,
            logged_in: 0,
            token: None,
            held: Held::None,
            seen: 0,
            landing: Vec::new(),
            early_paused_until: Duration::ZERO,
            flight: None,
            flights: 0,
            failed: None,
            failures: 0,
            refusals: 0,
            backoff_until: Duration::ZERO,
            login_paused_until: Duration::ZERO,
            ask_closure_at: Duration::ZERO,
            settings,
            retry_after: Duration::ZERO,
            logins: Window::new(LOGINS_A_MINUTE, MINUTE),
            refreshes: Window::new(REFRESHES_A_MINUTE, MINUTE),
            cooldowns: Vec::new(),
        }
    }

    /// Sets other limits for the rolling minute.
    #[cfg(test)]
    pub(super) fn limited_to(self, logins: usize, refreshes: usize) -> Self {
        Machine { logins: Window::new(logins, MINUTE), refreshes: Window::new(refreshes, MINUTE), ..self }
    }

    /// Returns the generation that a caller can use, or how long it waits. All waiting for a token is decided here.
    pub(crate) fn acquire(&mut self, waiter: &mut Waiter, now: Reading) -> Poll<Result<u64, AcquireError>> {
        if !self.is_open(waiter.closes) {
            return Poll::Ready(Err(AcquireError::LoggedOut));
        }
        if let Some(life) = self.too_short(waiter) {
            return Poll::Ready(Err(AcquireError::LifeTooShort { life }));
        }
        if self.has_usable(waiter, now) {
            if self.zone(now) == Some(Zone::Expiring) && now.monotonic >= self.early_paused_until {
                self.start_flight(false, now.monotonic);
            }
            return Poll::Ready(Ok(self.generation));
        }
        let (login, now) = (waiter.login, now.monotonic);
        let next = self.earliest_call(login, now);
        let flight_failed = waiter.joined.is_some_and(|joined| self.failed >= Some(joined));
        let refused = now < self.login_pause_ends() && (login || !self.can_refresh());
        let too_late = next > now && (next >= waiter.deadline || refused);
        if flight_failed || too_late {
            let retry_after = next.saturating_sub(now);
            let only_limited = too_late && !flight_failed && next > self.paused_until(login);
            return Poll::Ready(Err(if only_limited {
                AcquireError::Limited { retry_after }
            } else {
                AcquireError::Failed { retry_after }
            }));
        }
        if now >= waiter.deadline {
            return Poll::Ready(Err(AcquireError::TimedOut));
        }
        waiter.joined = self.start_flight(login, now).or(waiter.joined);
        match &mut self.flight {
            Some(flight) => {
                flight.is_needed = true;
                Poll::Wait { until: waiter.deadline.min(flight.deadline), pause: false }
            }
            None if self.closing > 0 => Poll::Wait { until: waiter.deadline, pause: false },
            None => Poll::Wait { until: next.min(waiter.deadline), pause: true },
        }
    }

    /// Opens the session for `login()` and lifts the pauses, but not the server's `Retry-After`. The waiter joins a
    /// login in progress.
    pub(crate) fn login(&mut self, deadline: Duration) -> Waiter {
        self.closed = None;
        (self.backoff_until, self.login_paused_until) = (Duration::ZERO, Duration::ZERO);
        Waiter { login: true, ..Waiter::new(self.logged_in, deadline, self.closes) }
    }

    /// Drops the token and the flight, which can publish nothing any more. Returns whether the token must be revoked.
    /// No flight starts before [`close_ended`](Machine::close_ended).
    pub(crate) fn close(&mut self, how: Close) -> bool {
        let revoke = how == Close::Logout && self.token.is_some();
        self.closing += 1;
        self.closes += 1;
        // A `forget` after a `logout` must not cancel revoking a late pair.
        self.closed = self.closed.filter(|earlier| *earlier == Close::Logout).or(Some(how));
        (self.flight, self.token, self.held) = (None, None, Held::None);
        revoke
    }

    pub(crate) fn close_ended(&mut self) {
        self.closing = self.closing.saturating_sub(1);
    }

    /// Returns the state of a forked child: the access token, without the flight and without a refresh token that only
    /// the parent may present.
    pub(crate) fn forked(&self) -> Self {
        Machine {
            token: self.token.clone(),
            held: if self.held == Held::Shared { Held::Shared } else { Held::None },
            seen: self.seen,
            closed: self.closed,
            closes: self.closes,
            generation: self.generation,
            ..Machine::new(self.settings)
        }
    }

    /// Returns the state of a forked child that could not read its parent's state.
    pub(crate) fn cold(settings: TokenSettings, closed: bool) -> Self {
        Machine { closed: closed.then_some(Close::Logout), ..Machine::new(settings) }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Whether the session is open and was not closed since the number of logouts was `closes`.
    pub(crate) fn is_open(&self, closes: u64) -> bool {
        self.closed.is_none() && self.closes == closes
    }

    pub(crate) fn zone(&self, now: Reading) -> Option<Zone> {
        self.token.as_ref().map(|token| token.expiry.zone(now))
    }

    /// Whether a caller can use the token and no flight is due.
    pub(crate) fn is_fresh(&self, at_least: Duration, now: Reading) -> bool {
        self.token.as_ref().is_some_and(|token| {
            let fresh = token.expiry.zone(now) == Zone::Fresh && !token.rejected;
            fresh && (at_least.is_zero() || token.expiry.remaining(now) >= at_least)
        })
    }

    pub(crate) fn snapshot(&self, now: Reading) -> Snapshot {
        let token = self.token.as_ref();
        Snapshot {
            zone: self.zone(now),
            generation: self.generation,
            remaining: token.map_or(Duration::ZERO, |token| token.expiry.remaining(now)),
            next_attempt: self.earliest_call(false, now.monotonic).saturating_sub(now.monotonic),
            closed: self.is_closed(),
            rejected: token.is_some_and(|token| token.rejected),
            renewing: self.flight.is_some(),
        }
    }

    fn has_usable(&self, waiter: &Waiter, now: Reading) -> bool {
        let newest = if waiter.login { self.logged_in } else { self.generation };
        newest > waiter.newer_than
            && self.token.as_ref().is_some_and(|token| {
                let lives = !token.rejected && token.expiry.zone(now) != Zone::Expired;
                // A token that has just arrived lives as long as any other would.
                let is_young = now.monotonic < token.young_until;
                lives && (is_young || token.expiry.remaining(now) >= waiter.at_least)
            })
    }

    /// The life of the server's tokens, if it is less than the caller requires.
    fn too_short(&self, waiter: &Waiter) -> Option<Duration> {
        let life = self.token.as_ref()?.expiry.life();
        (waiter.at_least > life).then_some(life)
    }

    pub(super) fn can_refresh(&self) -> bool {
        self.held != Held::None && !self.token.as_ref().is_some_and(|token| token.rejected)
    }

    /// The earliest instant for the next auth call: every pause, and the rolling minute.
    pub(super) fn earliest_call(&self, login: bool, now: Duration) -> Duration {
        if self.flight.as_ref().is_some_and(|flight| flight.call_pending) {
            return now;
        }
        let window = if self.is_login_next(login) { &self.logins } else { &self.refreshes };
        self.paused_until(login).max(window.room_at(now))
    }

    /// The end of the pauses after failures and of the server's `Retry-After`. It ignores the rolling minute.
    fn paused_until(&self, login: bool) -> Duration {
        let backoff = self.flight.as_ref().map_or(self.backoff_until, |flight| flight.resume_at);
        let refusal = if self.is_login_next(login) { self.login_pause_ends() } else { Duration::ZERO };
        backoff.max(self.retry_after).max(refusal)
    }

    /// Whether the next auth call is a login: of the current flight, or of one that starts now.
    fn is_login_next(&self, login: bool) -> bool {
        self.flight.as_ref().map_or(login || !self.can_refresh(), |flight| flight.login)
    }

    /// The end of the pause after a refused login, or the earlier instant of the next call to the closure.
    pub(super) fn login_pause_ends(&self) -> Duration {
        if self.settings.credentials_can_change {
            return self.login_paused_until.min(self.ask_closure_at);
        }
        self.login_paused_until
    }

    /// Starts a flight unless there is one or a pause is on. Returns the flight whose outcome the caller shares.
    ///
    /// No flight starts during a close: a revocation covers all tokens of the client and could hit the new pair.
    fn start_flight(&mut self, login: bool, now: Duration) -> Option<u64> {
        if self.flight.is_none() && self.closing == 0 && self.earliest_call(login, now) <= now {
            self.flights += 1;
            let deadline = now.saturating_add(self.settings.flight_limit);
            let mut flight = Flight::new(self.flights, self.is_login_next(login), now, deadline);
            flight.is_forced = login;
            if self.settings.shared.is_some() {
                flight.phase = Phase::Load;
            }
            self.flight = Some(flight);
        }
        self.flight.as_ref().filter(|flight| flight.login || !login).map(|flight| flight.id)
    }
}
