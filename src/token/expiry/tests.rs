use super::*;

const MARGIN: Duration = Duration::from_secs(300);
const NOON: i64 = 1_900_000_000;

fn now(monotonic: u64, wall: i64) -> Reading {
    Reading { monotonic: Duration::from_secs(monotonic), wall: Duration::from_secs(wall.try_into().unwrap()) }
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
fn without_a_date_the_local_clock_applies() {
    assert_eq!(remaining(&Evidence { expires_at: at(NOON + 900), ..evidence() }), 900);
    assert_eq!(remaining(&Evidence { exp: Some(NOON + 900), ..evidence() }), 900);
}

#[test]
fn without_access_expires_at_the_claims_apply() {
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
    assert_eq!(remaining(&Evidence { server_date: at(NOON), expires_at: at(NOON + 600), ..stale_date }), 600);
}

#[test]
fn evidence_that_a_new_token_has_expired_is_ignored() {
    let late = Some(NOON + 20_000);
    let date_ahead = Evidence { server_date: at(NOON + 20_000), expires_at: at(NOON + 900), ..evidence() };
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
        ("iat is ahead of exp: our clock", Evidence { exp: Some(NOON + 700), iat: late, ..evidence() }, 700),
        (
            "our clock is almost an hour ahead: iat",
            Evidence { expires_at: at(NOON + 1), iat: Some(NOON - 3599), ..evidence() },
            3600,
        ),
        (
            "iat is of another zone: our clock",
            Evidence { expires_at: at(NOON + 900), iat: Some(NOON - 7200), ..evidence() },
            900,
        ),
        (
            "only our clock, hours late: the default",
            Evidence { expires_at: at(NOON - 80_000), ..evidence() },
            3600,
        ),
    ] {
        assert_eq!(remaining(&evidence), life, "{what}");
    }
}

#[test]
fn a_token_has_expired_on_arrival_only_if_all_evidence_agrees() {
    let expired = Evidence { server_date: at(NOON), expires_at: at(NOON - 5), ..evidence() };
    for (what, evidence) in [
        ("the date and our clock", expired),
        ("iat and our clock", Evidence { server_date: None, iat: Some(NOON), ..expired }),
        ("the claims too", Evidence { exp: Some(NOON - 5), iat: Some(NOON), ..expired }),
        ("our clock alone, by days", Evidence { expires_at: at(NOON - 90_000), ..evidence() }),
        ("our clock alone, by days, for exp", Evidence { exp: Some(NOON - 90_000), ..evidence() }),
    ] {
        let expiry = Expiry::new(&evidence, MARGIN, 0.0);
        assert_eq!((expiry.life(), expiry.zone(evidence.sent)), (Duration::ZERO, Zone::Expired), "{what}");
    }
}

#[test]
fn the_earlier_of_two_clocks_wins() {
    let evidence = Evidence { server_date: at(NOON), expires_at: at(NOON + 3600), ..evidence() };
    let expiry = Expiry::new(&evidence, MARGIN, 0.5);
    assert_eq!(expiry.zone(now(1010, NOON + 4000)), Zone::Expired, "the machine was suspended");
    assert_eq!(expiry.zone(now(5000, NOON - 9000)), Zone::Expired, "the wall clock stepped back");
    assert_eq!(expiry.zone(now(1010, NOON - 9000)), Zone::Fresh);
}

#[test]
fn a_token_of_an_hour_is_expiring_in_its_last_five_to_ten_minutes() {
    let evidence = Evidence { exp: Some(NOON + 3600), iat: Some(NOON), ..evidence() };
    for (random, seconds) in [(0.0, 300), (0.5, 450), (1.0, 600)] {
        let expiry = Expiry::new(&evidence, MARGIN, random);
        let expiring = 3600 - seconds;
        assert_eq!(expiry.zone(now(1000 + expiring - 1, NOON)), Zone::Fresh);
        assert_eq!(expiry.zone(now(1000 + expiring, NOON)), Zone::Expiring);
        assert_eq!(expiry.zone(now(1000 + 3597, NOON)), Zone::Expiring);
        assert_eq!(expiry.zone(now(1000 + 3598, NOON)), Zone::Expired);
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
        assert_eq!(expiry.zone(now(1019, NOON)), Zone::Expired);
    }
}
