//! When a token ends and when to replace it: pure arithmetic on two clocks.
//!
//! A token's life is what the server says it is, counted from when the request for it was *sent*: a slow response
//! only shortens it. The end is kept on two clocks and the earlier one wins: the monotonic
//! clock stands still while a machine is suspended, and the time of day may be stepped.

use std::time::Duration;

use time::OffsetDateTime;

use super::window::MINUTE;
use crate::clock::{Now, date, part};

/// The life assumed when neither the response nor the token says anything: what the API documents.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);
/// How much earlier than the margin a refresh may be drawn, so that many machines do not refresh at once.
const SPREAD: Duration = Duration::from_secs(300);
/// The end of a life, in which a token would arrive too late.
const LAST_SECONDS: Duration = Duration::from_secs(2);
/// How far, in seconds, the local clock may be ahead.
const A_DAY: i64 = 24 * 60 * 60;

/// What a response said about the life of its token, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence {
    /// Both clocks when the request was sent.
    pub(crate) sent: Now,
    /// The `Date` header of the response.
    pub(crate) server_date: Option<OffsetDateTime>,
    /// `access_expires_at` of the response.
    pub(crate) expires_at: Option<OffsetDateTime>,
    /// `exp` of the token itself, in seconds since 1970.
    pub(crate) exp: Option<i64>,
    /// `iat` of the token itself, in seconds since 1970.
    pub(crate) iat: Option<i64>,
}

impl Evidence {
    /// The life of the token, never longer than `exp` - `iat`.
    ///
    /// `access_expires_at` counts from the `Date`. Where that gives no positive life, it counts from the local clock
    /// and from `iat`, beside `exp` - `iat`, and the shortest life is taken: one of these clocks may be wrong by
    /// hours. Last, `exp` alone counts from the `Date`, else from the local clock. Evidence that a token the server
    /// has just given is over is wrong, so the next is taken. If all evidence says so, the life is zero. A local clock
    /// that contradicts the server alone, by less than a day, may be ahead by hours: then nothing is known.
    fn life(&self) -> Duration {
        let wall = Some(seconds(self.sent.wall));
        let server = self.server_date.map(OffsetDateTime::unix_timestamp);
        let (said, exp) = (self.expires_at.map(OffsetDateTime::unix_timestamp), self.exp);
        let Some(end) = said.max(exp) else { return DEFAULT_LIFE };
        let claimed = between(self.iat, exp);
        let life = between(server, said)
            .or_else(|| shortest([between(wall, said), between(self.iat, said), claimed]))
            .or_else(|| between(server, exp))
            .or_else(|| between(wall, exp));
        match life {
            Some(life) => claimed.map_or(life, |claimed| claimed.min(life)),
            None if server.or(self.iat).is_none() && wall < Some(end.saturating_add(A_DAY)) => DEFAULT_LIFE,
            None => Duration::ZERO,
        }
    }
}

/// The shortest life. Less than a minute beside a longer one is a clock that is wrong by just the life of a token, as
/// clocks of another time zone are.
fn shortest(lives: [Option<Duration>; 3]) -> Option<Duration> {
    let longer = lives.into_iter().flatten().filter(|life| *life >= MINUTE).min();
    longer.or_else(|| lives.into_iter().flatten().min())
}

/// How much of a token's life is left, in the terms the engine acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Zone {
    /// Use it.
    Fresh,
    /// Use it, and replace it in the background.
    Expiring,
    /// Replace it first: it has ended, or would before a request arrives.
    Over,
}

/// The end of one token, and its two turning points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Expiry {
    monotonic: Duration,
    wall: Duration,
    life: Duration,
    early: Duration,
    over: Duration,
}

impl Expiry {
    /// Works out the end from what the response said. `margin` is the least time before the end at which a refresh
    /// is wanted, `random` a number from `0.0..1.0` that spreads it.
    pub(crate) fn new(evidence: &Evidence, margin: Duration, random: f64) -> Self {
        let life = evidence.life();
        let latest = margin.saturating_add(SPREAD);
        let drawn = margin.saturating_add(part(SPREAD, random));
        // At most a quarter of the life, or a short token would be refreshed by every call that uses it.
        let quarter = life / 4;
        let early =
            if latest > quarter { part(quarter, drawn.as_secs_f64() / latest.as_secs_f64()) } else { drawn };
        Expiry {
            monotonic: evidence.sent.monotonic.saturating_add(life),
            wall: evidence.sent.wall.saturating_add(life),
            life,
            early,
            over: LAST_SECONDS.min(life / 20),
        }
    }

    pub(crate) fn remaining(&self, now: Now) -> Duration {
        let monotonic = self.monotonic.saturating_sub(now.monotonic);
        monotonic.min(self.wall.saturating_sub(now.wall))
    }

    pub(crate) fn zone(&self, now: Now) -> Zone {
        let remaining = self.remaining(now);
        if remaining <= self.over {
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
        date(self.wall)
    }
}

fn seconds(since_1970: Duration) -> i64 {
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}

/// The time from one instant to a later one.
fn between(start: Option<i64>, end: Option<i64>) -> Option<Duration> {
    let seconds = u64::try_from(end?.saturating_sub(start?)).ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
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
            let dated = Evidence { server_date: at(server), expires_at: at(server + 3600), ..evidence() };
            assert_eq!(remaining(&dated), 3600, "skew {skew}");
            let issued = Evidence { expires_at: at(server + 900), iat: Some(server), ..evidence() };
            assert_eq!(remaining(&issued), 900, "skew {skew}");
            let claimed = Evidence { exp: Some(server + 1200), iat: Some(server), ..evidence() };
            assert_eq!(remaining(&claimed), 1200, "skew {skew}");
        }
    }

    #[test]
    fn without_a_date_the_local_clock_stands_in() {
        assert_eq!(remaining(&Evidence { expires_at: at(NOON + 900), ..evidence() }), 900);
        assert_eq!(remaining(&Evidence { exp: Some(NOON + 900), ..evidence() }), 900);
    }

    #[test]
    fn without_an_end_the_token_itself_is_asked() {
        let exp_only = Evidence { exp: Some(NOON + 700), server_date: at(NOON + 100), ..evidence() };
        assert_eq!(remaining(&exp_only), 600);
        assert_eq!(remaining(&evidence()), 3600);
        assert_eq!(remaining(&Evidence { iat: Some(NOON - 9000), ..evidence() }), 3600);
    }

    #[test]
    fn no_life_is_longer_than_the_token_claims() {
        let hours = 5 * 3600;
        let stale_date = Evidence {
            server_date: at(NOON - hours),
            expires_at: at(NOON + 3600),
            exp: Some(NOON + 3600),
            iat: Some(NOON),
            ..evidence()
        };
        assert_eq!(remaining(&stale_date), 3600);
        assert_eq!(remaining(&Evidence { expires_at: at(NOON + 600), ..stale_date }), 3600);
        assert_eq!(
            remaining(&Evidence { server_date: at(NOON), expires_at: at(NOON + 600), ..stale_date }),
            600
        );
    }

    #[test]
    fn evidence_that_a_new_token_is_over_is_wrong_and_the_next_is_heard() {
        let late = Some(NOON + 20_000);
        let date_ahead =
            Evidence { server_date: at(NOON + 20_000), expires_at: at(NOON + 900), ..evidence() };
        for (what, evidence, life) in [
            ("the date is ahead: iat", Evidence { iat: Some(NOON + 100), ..date_ahead }, 800),
            ("the date is ahead: our clock", date_ahead, 900),
            ("the date and iat are ahead: our clock", Evidence { iat: late, ..date_ahead }, 900),
            (
                "no clock agrees with the end: the claims",
                Evidence { expires_at: at(NOON - 5), exp: Some(9), iat: Some(1), ..date_ahead },
                8,
            ),
            (
                "iat is ahead of exp: the date",
                Evidence { server_date: at(NOON), exp: Some(NOON + 700), iat: late, ..evidence() },
                700,
            ),
            (
                "iat is ahead of exp: our clock",
                Evidence { exp: Some(NOON + 700), iat: late, ..evidence() },
                700,
            ),
            (
                "our clock is an hour ahead, but for a second: iat",
                Evidence { expires_at: at(NOON + 1), iat: Some(NOON - 3599), ..evidence() },
                3600,
            ),
            (
                "iat is of another zone: our clock",
                Evidence { expires_at: at(NOON + 900), iat: Some(NOON - 7200), ..evidence() },
                900,
            ),
            (
                "only our clock is heard, hours late",
                Evidence { expires_at: at(NOON - 80_000), ..evidence() },
                3600,
            ),
        ] {
            assert_eq!(remaining(&evidence), life, "{what}");
        }
    }

    #[test]
    fn a_token_is_over_on_arrival_only_if_all_evidence_agrees() {
        let over = Evidence { server_date: at(NOON), expires_at: at(NOON - 5), ..evidence() };
        for (what, evidence) in [
            ("the date and our clock", over),
            ("iat and our clock", Evidence { server_date: None, iat: Some(NOON), ..over }),
            ("the claims too", Evidence { exp: Some(NOON - 5), iat: Some(NOON), ..over }),
            ("our clock alone, by days", Evidence { expires_at: at(NOON - 90_000), ..evidence() }),
            ("our clock alone, by days, for exp", Evidence { exp: Some(NOON - 90_000), ..evidence() }),
        ] {
            let expiry = Expiry::new(&evidence, MARGIN, 0.0);
            assert_eq!((expiry.life(), expiry.zone(evidence.sent)), (Duration::ZERO, Zone::Over), "{what}");
        }
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
    fn an_hour_turns_between_five_and_ten_minutes_before_its_end_and_is_used_to_its_last_two_seconds() {
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
        // From a quarter before the end, scaled: 2.5 to 5 seconds.
        for (random, expiring) in [(0.0, 1018), (1.0, 1015)] {
            let expiry = Expiry::new(&evidence, MARGIN, random);
            assert_eq!(expiry.zone(now(expiring - 1, NOON)), Zone::Fresh);
            assert_eq!(expiry.zone(now(expiring, NOON)), Zone::Expiring);
            assert_eq!(expiry.zone(now(1018, NOON)), Zone::Expiring);
            assert_eq!(expiry.zone(now(1019, NOON)), Zone::Over);
        }
    }
}
