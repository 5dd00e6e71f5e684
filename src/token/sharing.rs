//! How a flight uses the token store, so that no two processes present one refresh token.
//!
//! A flight with a store first loads the entry and adopts a newer pair. Otherwise it takes the lease, reads the entry
//! again, takes the refresh token *out* of it, and only then presents it. So a process that dies in between leaves an
//! entry without a refresh token, and the next one logs in. After the flight, its thread saves the pair. A store that
//! fails never ends a flight: it logs in for this process alone.

use std::time::Duration;

use super::expiry::Zone;
use super::flight::{CLOSURE_INTERVAL, Flight, Phase};
use super::machine::Machine;
use super::types::{Held, Saved, StoreDisposition, StoreResult, StoreStep, Stored};
use crate::clock::{Reading, part};

/// How long a process holds the lease if it does not release it.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
/// The pause before the store is read again while another process holds the lease: between a fifth of this and all of it.
const LONGEST_POLL: Duration = Duration::from_secs(1);
/// The pause before an early flight tries a store again that is down.
const STORE_PAUSE: Duration = Duration::from_secs(15);

impl Machine {
    /// Records the result of a store step. `sent` is when it began. `random`, from `0.0..1.0`, spreads the pauses.
    pub(crate) fn report_store(
        &mut self,
        id: u64,
        step: StoreStep,
        result: StoreResult,
        (sent, now): (Reading, Reading),
        random: f64,
    ) -> StoreDisposition {
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id) else {
            return StoreDisposition::Nothing;
        };
        match result {
            StoreResult::Read(stored) => {
                if step == StoreStep::Acquire {
                    flight.lease = Some(sent.saturating_add(LEASE));
                }
                return self.read(stored, step, now, random);
            }
            StoreResult::Taken => {
                (flight.phase, flight.login) = (Phase::Call, false);
                self.held = Held::Mine;
                return StoreDisposition::Keep;
            }
            StoreResult::Held | StoreResult::Changed => {
                (flight.phase, flight.lease) = (Phase::Load, None);
                let pause = LONGEST_POLL / 5 + part(LONGEST_POLL * 4 / 5, random);
                flight.resume_at = now.monotonic.saturating_add(pause);
                if !flight.is_needed {
                    self.end_early(pause, now);
                }
            }
            StoreResult::Unavailable => {
                let lives = self
                    .token
                    .as_ref()
                    .is_some_and(|token| !token.rejected && token.expiry.remaining(now) > token.alone_at);
                if lives && !flight.is_needed {
                    self.end_early(STORE_PAUSE / 2 + part(STORE_PAUSE / 2, random), now);
                } else {
                    // Without the lease, nothing is saved.
                    (flight.phase, flight.lease) = (Phase::Call, None);
                    flight.login = flight.is_forced || self.held != Held::Mine;
                    self.end_refused(now, random);
                }
            }
        }
        StoreDisposition::Nothing
    }

    fn read(&mut self, stored: Stored, step: StoreStep, now: Reading, random: f64) -> StoreDisposition {
        let own = self.token.as_ref().map_or(0, |token| token.version);
        let is_old = stored.version < self.seen;
        let is_newer = stored.version > own && !is_old;
        let is_given_up = stored.version == own && self.token.as_ref().is_some_and(|token| token.rejected);
        self.seen = self.seen.max(stored.version);
        let Some(flight) = &mut self.flight else { return StoreDisposition::Nothing };
        if let Some(expiry) = stored.expiry
            && is_newer
            && !flight.is_forced
            && expiry.zone(now) != Zone::Expired
        {
            self.held = if stored.has_refresh { Held::Shared } else { Held::None };
            self.replace(expiry, Duration::ZERO, stored.version, random);
            return StoreDisposition::Adopt;
        }
        let can_refresh = stored.has_refresh && !is_given_up && !is_old;
        if self.held != Held::Mine {
            self.held = if can_refresh { Held::Shared } else { Held::None };
        }
        flight.login = flight.is_forced || self.held == Held::None;
        self.refusals = self.refusals.max(stored.refused.map_or(0, |(_, refusals)| refusals));
        if let Some((pause, _)) = stored.refused
            && flight.login
            && !flight.is_forced
            && !pause.is_zero()
        {
            self.login_paused_until = self.login_paused_until.max(now.monotonic.saturating_add(pause));
            self.ask_closure_at = now.monotonic.saturating_add(CLOSURE_INTERVAL);
            self.fail(now.monotonic, random);
            return StoreDisposition::Refused;
        }
        flight.phase = match (step, self.held) {
            (StoreStep::Load, _) => Phase::Acquire,
            (_, Held::Shared) if !flight.is_forced => Phase::Take,
            _ => Phase::Call,
        };
        if flight.phase == Phase::Call {
            self.end_refused(now, random);
        }
        StoreDisposition::Nothing
    }

    /// Fails a flight that would have to wait for the end of the pause after a refused login.
    fn end_refused(&mut self, now: Reading, random: f64) {
        let logs_in = self.flight.as_ref().is_some_and(|flight| flight.login && !flight.is_forced);
        if logs_in && now.monotonic < self.login_pause_ends() {
            self.fail(now.monotonic, random);
        }
    }

    /// Ends a flight for which nobody waits, without a failure: the token still lives.
    fn end_early(&mut self, pause: Duration, now: Reading) {
        self.end_flight();
        self.early_paused_until = now.monotonic.saturating_add(pause);
    }

    /// Returns whether there is a pair to save, whose refresh token the cache then moves out. The thread of a flight
    /// calls this once the flight has ended and while it holds the lease.
    pub(crate) fn start_save(&mut self) -> bool {
        let is_mine = self.held == Held::Mine && self.flight.is_none();
        if is_mine {
            self.held = Held::None;
        }
        is_mine
    }

    /// Records the result of saving the pair of this generation. Returns whether its refresh token moves back into the
    /// cache.
    pub(crate) fn finish_save(&mut self, saved: Saved, generation: u64, closes: u64) -> bool {
        let is_current = self.is_open(closes) && self.generation == generation && self.held == Held::None;
        if let Saved::As { version } = saved {
            self.seen = self.seen.max(version);
            if let Some(token) = self.token.as_mut().filter(|_| is_current) {
                token.version = version;
            }
        }
        self.held = match saved {
            Saved::As { .. } if is_current => Held::Shared,
            Saved::Superseded if is_current => Held::Mine,
            _ => self.held,
        };
        is_current && saved == Saved::Superseded
    }

    /// Returns the rest of the pause after a refused login, and the number of refusals in a row.
    pub(crate) fn refusal(&self, now: Duration) -> (Duration, u32) {
        (self.login_paused_until.saturating_sub(now), self.refusals)
    }

    /// Records that the thread of a flight which held the lease has saved what there was to save.
    pub(crate) fn landed(&mut self, id: u64) {
        self.landing.retain(|landing| *landing != id);
    }

    /// Whether a pair could be lost to the other processes if this one ended now, or they would wait for the lease.
    pub(crate) fn may_lose_pair(&self) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.lease.is_some()) || !self.landing.is_empty()
    }

    /// Whether a flight that may lose its pair pauses before its next call. Such a flight can end: its thread then puts
    /// back the refresh token that it took.
    pub(crate) fn is_pausing(&self, now: Duration) -> bool {
        let is_between = |flight: &Flight| !flight.call_pending && flight.phase == Phase::Call;
        self.flight.as_ref().is_some_and(is_between) && now < self.earliest_call(false, now)
    }
}

#[cfg(test)]
mod tests;
