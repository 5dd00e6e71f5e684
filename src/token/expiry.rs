//! When a token ends and when to replace it: pure arithmetic on two clocks.
//!
//! A token's life is what the server says it is, counted from the moment the request for it was *sent*, so that
//! a slow answer only ever shortens it. The end is kept on two clocks and the earlier one wins: the monotonic
//! clock stands still while a machine is suspended, and the time of day may be stepped.

use std::time::Duration;

use time::OffsetDateTime;

use crate::clock::{Now, share};

/// The life assumed when neither the answer nor the token says anything: what the API documents.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);
/// How much earlier than the margin a refresh may be drawn, so that many machines do not refresh at once.
const SPREAD: Duration = Duration::from_secs(300);
/// The last part of a life in which a call no longer starts with the token.
const DUE: Duration = Duration::from_secs(2);

/// What an answer said about the life of its token, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence {
    /// Both clocks at the moment the request was sent.
    pub(crate) sent: Now,
    /// The `Date` header of the answer.
    pub(crate) server_date: Option<OffsetDateTime>,
    /// `access_expires_at` of the answer.
    pub(crate) expires_at: Option<OffsetDateTime>,
    /// `exp` of the token itself, in seconds since 1970.
    pub(crate) exp: Option<i64>,
    /// `iat` of the token itself, in seconds since 1970.
    pub(crate) iat: Option<i64>,
}

impl Evidence {
    /// The life the server gave the token, zero if it had ended when it arrived.
    fn life(&self) -> Duration {
        // The server's own clock at the time, or as near to it as can be had: its `Date`, else when it says it has
        // issued the token, else the local clock.
        let date = self.server_date.map(OffsetDateTime::unix_timestamp);
        let issued = date.or(self.iat).unwrap_or_else(|| seconds(self.sent.wall));
        let life = match (self.expires_at, self.exp, self.iat) {
            (Some(end), _, _) => end.unix_timestamp().saturating_sub(issued),
            // Both instants are from the server's clock, so neither `Date` nor the local clock is needed.
            (None, Some(exp), Some(iat)) => exp.saturating_sub(iat),
            (None, Some(exp), None) => exp.saturating_sub(issued),
            (None, None, _) => return DEFAULT_LIFE,
        };
        Duration::from_secs(u64::try_from(life).unwrap_or(0))
    }
}

/// How much of a token's life is left, in the terms the engine acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Zone {
    /// Use it.
    Fresh,
    /// Use it, and have one caller replace it.
    Expiring,
    /// Over, or so near its end that a call could meet it.
    Over,
}

/// The end of one token, and its two turning points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Expiry {
    monotonic: Duration,
    wall: Duration,
    life: Duration,
    early: Duration,
    due: Duration,
}

impl Expiry {
    /// Works out the end from what the answer said. `margin` is the least time before the end at which a refresh
    /// is wanted, `random` a number from `0.0..1.0` that spreads it.
    pub(crate) fn new(evidence: &Evidence, margin: Duration, random: f64) -> Self {
        let life = evidence.life();
        let latest = margin.saturating_add(SPREAD);
        let drawn = margin.saturating_add(SPREAD.mul_f64(share(random)));
        // At most a quarter of the life, or a short token would be refreshed by every call that uses it.
        let quarter = life / 4;
        let early = if latest > quarter { scale(drawn, quarter, latest) } else { drawn };
        Expiry {
            monotonic: evidence.sent.monotonic.saturating_add(life),
            wall: evidence.sent.wall.saturating_add(life),
            life,
            early,
            due: DUE.min(life / 20),
        }
    }

    pub(crate) fn remaining(&self, now: Now) -> Duration {
        let monotonic = self.monotonic.saturating_sub(now.monotonic);
        monotonic.min(self.wall.saturating_sub(now.wall))
    }

    pub(crate) fn zone(&self, now: Now) -> Zone {
        let remaining = self.remaining(now);
        if remaining <= self.due {
            Zone::Over
        } else if remaining <= self.early {
            Zone::Expiring
        } else {
            Zone::Fresh
        }
    }

    /// The whole life the server gave.
    pub(crate) fn life(&self) -> Duration {
        self.life
    }

    /// The end on the local time of day.
    pub(crate) fn expires_at(&self) -> OffsetDateTime {
        let end = time::Duration::try_from(self.wall).unwrap_or(time::Duration::MAX);
        // Beyond the year 9999, which is as far as a date can go here, the end is simply "never".
        let latest = time::PrimitiveDateTime::MAX.assume_utc();
        OffsetDateTime::UNIX_EPOCH.checked_add(end).unwrap_or(latest)
    }
}

fn seconds(since_1970: Duration) -> i64 {
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}

/// `part * of / whole`, for `part <= whole`.
fn scale(part: Duration, of: Duration, whole: Duration) -> Duration {
    let ratio = part.as_secs_f64() / whole.as_secs_f64();
    // A huge margin can make the ratio lose precision, never its bounds.
    of.mul_f64(ratio.clamp(0.0, 1.0)).min(of)
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    const MARGIN: Duration = Duration::from_secs(300);
    const NOON: i64 = 1_900_000_000;

    fn now(monotonic: u64, wall: i64) -> Now {
        Now { monotonic: Duration::from_secs(monotonic), wall: Duration::from_secs(wall.try_into().unwrap()) }
    }

    #[expect(clippy::unnecessary_wraps, reason = "evidence may be missing, and this is not")]
    fn at(seconds: i64) -> Option<OffsetDateTime> {
        Some(OffsetDateTime::from_unix_timestamp(seconds).unwrap())
    }

    fn evidence() -> Evidence {
        Evidence { sent: now(1000, NOON), server_date: None, expires_at: None, exp: None, iat: None }
    }

    fn remaining(evidence: &Evidence) -> u64 {
        Expiry::new(evidence, MARGIN, 0.5).remaining(evidence.sent).as_secs()
    }

    #[test]
    fn a_local_clock_wrong_by_hours_changes_nothing() {
        for skew in [-7 * 3600, 0, 7 * 3600] {
            let server = NOON + skew;
            let evidence = Evidence { server_date: at(server), expires_at: at(server + 3600), ..evidence() };
            assert_eq!(remaining(&evidence), 3600, "skew {skew}");
        }
    }

    #[test]
    fn without_a_date_the_local_clock_stands_in() {
        assert_eq!(remaining(&Evidence { expires_at: at(NOON + 900), ..evidence() }), 900);
    }

    #[test]
    fn without_a_date_the_time_of_issue_stands_in_for_a_local_clock_that_is_wrong() {
        let skewed = NOON - 50_000;
        let evidence = Evidence { expires_at: at(skewed + 900), iat: Some(skewed), ..evidence() };
        assert_eq!(remaining(&evidence), 900);
    }

    #[test]
    fn without_an_end_the_token_itself_is_asked() {
        let skewed = Some(NOON + 50_000);
        let both = Evidence { exp: skewed.map(|iat| iat + 1200), iat: skewed, ..evidence() };
        assert_eq!(remaining(&both), 1200);
        let exp_only = Evidence { exp: Some(NOON + 700), server_date: at(NOON + 100), ..evidence() };
        assert_eq!(remaining(&exp_only), 600);
        assert_eq!(remaining(&evidence()), 3600);
    }

    #[test]
    fn a_token_that_is_over_on_arrival_has_no_life() {
        let late = Evidence { server_date: at(NOON), expires_at: at(NOON - 5), ..evidence() };
        assert_eq!(Expiry::new(&late, MARGIN, 0.0).zone(late.sent), Zone::Over);
    }

    #[test]
    fn the_earlier_of_two_clocks_wins() {
        let evidence = Evidence { server_date: at(NOON), expires_at: at(NOON + 3600), ..evidence() };
        let expiry = Expiry::new(&evidence, MARGIN, 0.5);
        assert_eq!(expiry.zone(now(1010, NOON + 4000)), Zone::Over, "the machine was suspended");
        assert_eq!(expiry.zone(now(5000, NOON - 9000)), Zone::Over, "the time of day stepped back");
        assert_eq!(expiry.zone(now(1010, NOON - 9000)), Zone::Fresh);
    }

    #[test]
    fn an_hour_turns_between_five_and_ten_minutes_before_its_end() {
        let evidence = Evidence { exp: Some(NOON + 3600), iat: Some(NOON), ..evidence() };
        for (random, seconds) in [(0.0, 300), (0.5, 450), (1.0, 600)] {
            let expiry = Expiry::new(&evidence, MARGIN, random);
            let turning = 3600 - seconds;
            assert_eq!(expiry.zone(now(1000 + turning - 1, NOON)), Zone::Fresh);
            assert_eq!(expiry.zone(now(1000 + turning, NOON)), Zone::Expiring);
            assert_eq!(expiry.zone(now(1000 + 3597, NOON)), Zone::Expiring);
            assert_eq!(expiry.zone(now(1000 + 3598, NOON)), Zone::Over);
        }
    }

    #[test]
    fn a_token_of_twenty_seconds_is_fresh_for_most_of_them() {
        let evidence = Evidence { exp: Some(20), iat: Some(0), ..evidence() };
        for random in [0.0, 0.3, 1.0] {
            let expiry = Expiry::new(&evidence, MARGIN, random);
            assert_eq!(expiry.zone(now(1014, NOON)), Zone::Fresh);
            assert_eq!(expiry.zone(now(1018, NOON)), Zone::Expiring);
            assert_eq!(expiry.zone(now(1019, NOON)), Zone::Over);
        }
    }
}
