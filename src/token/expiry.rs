//! When a token expires and when to replace it: arithmetic on two clocks.
//!
//! The server determines the life of a token. It counts from the instant at which the request was *sent*, so a slow
//! response only shortens it. The end is kept on the monotonic and the wall clock, and the earlier one applies: the
//! monotonic clock stands still while the machine is suspended, and the wall clock can be stepped.

use std::time::Duration;

use time::OffsetDateTime;

use super::window::MINUTE;
use crate::clock::{Reading, date, part};

/// The life that the API documents. It applies if neither the response nor the token gives one.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);
/// The range of the random addition to the refresh margin. It keeps many machines from refreshing at once.
const SPREAD: Duration = Duration::from_secs(300);
/// The end of a life, in which a request might reach the server too late.
const LAST_SECONDS: Duration = Duration::from_secs(2);
/// How far the local clock may be ahead, in seconds.
const A_DAY: i64 = 24 * 60 * 60;

/// What a response says about the life of its token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence {
    /// When the request was sent.
    pub(crate) sent: Reading,
    /// The `Date` header of the response.
    pub(crate) server_date: Option<OffsetDateTime>,
    /// `access_expires_at` of the response.
    pub(crate) expires_at: Option<OffsetDateTime>,
    /// The `exp` claim of the token, in seconds since 1970.
    pub(crate) exp: Option<i64>,
    /// The `iat` claim of the token, in seconds since 1970.
    pub(crate) iat: Option<i64>,
}

impl Evidence {
    /// Returns the life of the token. It is the first positive one of:
    ///
    /// 1. `access_expires_at` minus `Date`
    /// 2. the shortest of `access_expires_at` minus the local clock, `access_expires_at` minus `iat`, and `exp` minus
    ///    `iat`: one of these clocks may be wrong by hours
    /// 3. `exp` minus `Date`
    /// 4. `exp` minus the local clock
    ///
    /// It is never longer than `exp` minus `iat`. Evidence that a new token has already expired is wrong, so the next
    /// rule applies. If all evidence agrees, the life is zero. With neither `Date` nor `iat`, a local clock that is
    /// less than a day past the end may just be wrong, and the default applies.
    fn life(&self) -> Duration {
        let wall = Some(seconds(self.sent.wall));
        let server = self.server_date.map(OffsetDateTime::unix_timestamp);
        let (expires_at, exp) = (self.expires_at.map(OffsetDateTime::unix_timestamp), self.exp);
        let Some(end) = expires_at.max(exp) else { return DEFAULT_LIFE };
        let claimed = between(self.iat, exp);
        let life = between(server, expires_at)
            .or_else(|| shortest([between(wall, expires_at), between(self.iat, expires_at), claimed]))
            .or_else(|| between(server, exp))
            .or_else(|| between(wall, exp));
        match life {
            Some(life) => claimed.map_or(life, |claimed| claimed.min(life)),
            None if server.or(self.iat).is_none() && wall < Some(end.saturating_add(A_DAY)) => DEFAULT_LIFE,
            None => Duration::ZERO,
        }
    }
}

/// Returns the shortest life, but ignores one of less than a minute if there is a longer one. A clock in another time
/// zone can be wrong by almost exactly the life of a token.
fn shortest(lives: [Option<Duration>; 3]) -> Option<Duration> {
    let longer = lives.into_iter().flatten().filter(|life| *life >= MINUTE).min();
    longer.or_else(|| lives.into_iter().flatten().min())
}

/// The part of its life that a token is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Zone {
    /// Calls use the token.
    Fresh,
    /// Calls use the token while a flight replaces it.
    Expiring,
    /// Calls wait for a new token. This one has expired, or might before a request arrives.
    Expired,
}

/// The end of a token's life, and where its zones begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Expiry {
    end: Reading,
    life: Duration,
    /// The remaining life at which the token is `Expiring`.
    expiring_at: Duration,
    /// The remaining life at which the token is `Expired`.
    expired_at: Duration,
}

impl Expiry {
    /// Computes the expiry from the evidence. `margin` is the least remaining life at which to refresh. `random`, from
    /// `0.0..1.0`, spreads the refreshes of many tokens.
    pub(crate) fn new(evidence: &Evidence, margin: Duration, random: f64) -> Self {
        Expiry::of(evidence.sent, evidence.life(), margin, random)
    }

    /// Returns the expiry of a token with this remaining life, which another process has obtained.
    pub(crate) fn adopted(
        now: Reading,
        remaining: Duration,
        life: Duration,
        margin: Duration,
        random: f64,
    ) -> Self {
        let elapsed = life.saturating_sub(remaining);
        let full = Expiry::of(now, life, margin, random);
        Expiry { end: full.end.saturating_sub(elapsed), ..full }
    }

    fn of(start: Reading, life: Duration, margin: Duration, random: f64) -> Self {
        let latest = margin.saturating_add(SPREAD);
        let drawn = margin.saturating_add(part(SPREAD, random));
        // At most a quarter of the life, or every call would refresh a token with a short life.
        let quarter = life / 4;
        let expiring_at =
            if latest > quarter { part(quarter, drawn.as_secs_f64() / latest.as_secs_f64()) } else { drawn };
        Expiry { end: start.saturating_add(life), life, expiring_at, expired_at: LAST_SECONDS.min(life / 20) }
    }

    /// Draws the remaining life, within `Expiring`, at which a process logs in for itself while the store is down. It
    /// spreads the logins of many processes.
    pub(crate) fn alone_at(&self, random: f64) -> Duration {
        self.expired_at.saturating_add(part(self.expiring_at.saturating_sub(self.expired_at), random))
    }

    pub(crate) fn remaining(&self, now: Reading) -> Duration {
        let monotonic = self.end.monotonic.saturating_sub(now.monotonic);
        monotonic.min(self.end.wall.saturating_sub(now.wall))
    }

    pub(crate) fn zone(&self, now: Reading) -> Zone {
        let remaining = self.remaining(now);
        if remaining <= self.expired_at {
            Zone::Expired
        } else if remaining <= self.expiring_at {
            Zone::Expiring
        } else {
            Zone::Fresh
        }
    }

    /// The full life, counted from the instant of the request.
    pub(crate) fn life(&self) -> Duration {
        self.life
    }

    /// The end on the wall clock.
    pub(crate) fn expires_at(&self) -> OffsetDateTime {
        date(self.end.wall)
    }
}

fn seconds(since_1970: Duration) -> i64 {
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}

/// Returns the time from `start` to `end`, or `None` if it is not positive or one of them is missing.
fn between(start: Option<i64>, end: Option<i64>) -> Option<Duration> {
    let seconds = u64::try_from(end?.saturating_sub(start?)).ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
