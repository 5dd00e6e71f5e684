//! Properties of every expiry, for any response and any clocks.

use proptest::prelude::*;

use super::*;

const MARGIN: Duration = Duration::from_secs(300);

/// Any second of the calendar. The first and the last are drawn often.
fn second() -> impl Strategy<Value = i64> {
    let first = OffsetDateTime::new_utc(time::Date::MIN, time::Time::MIDNIGHT).unix_timestamp();
    let last = time::PrimitiveDateTime::MAX.assume_utc().unix_timestamp();
    prop_oneof![Just(first), Just(last), Just(0), 0..=4_102_444_800_i64, first..=last]
}

/// Any second, written with any UTC offset.
fn date() -> impl Strategy<Value = OffsetDateTime> {
    (second(), -18 * 3600..=18 * 3600_i32).prop_map(|(second, offset)| {
        let utc = OffsetDateTime::from_unix_timestamp(second).unwrap();
        let offset = time::UtcOffset::from_whole_seconds(offset).unwrap();
        utc.checked_to_offset(offset).unwrap_or(utc)
    })
}

/// Any claim. It need not be a valid date.
fn claim() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), Just(-1), second(), any::<i64>()]
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0..100_000_u64).prop_map(Duration::from_secs),
        (0..10_000_000_000_u64).prop_map(Duration::from_nanos),
        (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos)),
    ]
}

fn reading() -> impl Strategy<Value = Reading> {
    (duration(), duration()).prop_map(|(monotonic, wall)| Reading { monotonic, wall })
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let (date, end) = (prop::option::of(date()), prop::option::of(date()));
    (reading(), date, end, prop::option::of(claim()), prop::option::of(claim())).prop_map(
        |(sent, server_date, expires_at, exp, iat)| Evidence { sent, server_date, expires_at, exp, iat },
    )
}

/// Any number that a clock may return for `random`, valid or not.
fn random() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..1.0, Just(0.0), Just(1.0), Just(-1.0), Just(f64::INFINITY), Just(f64::NAN)]
}

fn rank(zone: Zone) -> u8 {
    match zone {
        Zone::Fresh => 0,
        Zone::Expiring => 1,
        Zone::Expired => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_remaining_life_never_exceeds_the_life(
        evidence in evidence(), margin in duration(), random in random(), later in duration(),
    ) {
        let expiry = Expiry::new(&evidence, margin, random);
        prop_assert!(expiry.remaining(evidence.sent) <= expiry.life());
        let monotonic = evidence.sent.monotonic.saturating_add(later);
        let passed = monotonic.saturating_sub(evidence.sent.monotonic);
        // The wall clock may be stepped back to 1970. The monotonic clock still counts.
        let now = Reading { monotonic, wall: Duration::ZERO };
        prop_assert!(expiry.remaining(now) <= expiry.life().saturating_sub(passed));
    }

    #[test]
    fn a_token_never_gets_younger(
        evidence in evidence(), margin in duration(), random in random(), from in reading(), step in reading(),
    ) {
        let expiry = Expiry::new(&evidence, margin, random);
        let later = Reading {
            monotonic: from.monotonic.saturating_add(step.monotonic),
            wall: from.wall.saturating_add(step.wall),
        };
        prop_assert!(expiry.remaining(later) <= expiry.remaining(from));
        prop_assert!(rank(expiry.zone(later)) >= rank(expiry.zone(from)));
    }

    #[test]
    fn the_zones_are_in_order_and_most_of_the_life_is_fresh(
        evidence in evidence(), margin in duration(), random in random(),
    ) {
        let expiry = Expiry::new(&evidence, margin, random);
        prop_assert_eq!(expiry.expired_at, LAST_SECONDS.min(expiry.life / 20));
        prop_assert!(expiry.expiring_at <= expiry.life / 4);
        prop_assert_eq!(expiry.zone(evidence.sent) == Zone::Expired, expiry.remaining(evidence.sent) <= expiry.expired_at);
    }

    #[test]
    fn a_refresh_is_due_no_later_than_the_margin_if_the_life_is_long_enough(
        margin in (0..1_000_u64).prop_map(Duration::from_secs), random in random(), life in 40_000..i64::MAX,
    ) {
        let sent = Reading { monotonic: Duration::ZERO, wall: Duration::ZERO };
        let evidence = Evidence { sent, server_date: None, expires_at: None, exp: Some(life), iat: Some(0) };
        let expiry = Expiry::new(&evidence, margin, random);
        prop_assert!(expiry.expiring_at >= margin && expiry.expiring_at <= margin + SPREAD);
    }

    #[test]
    fn clock_skew_has_no_effect_if_the_server_sends_its_date(
        sent in reading(), date in 0..4_102_444_800_i64, skew in -2_000_000_000..=2_000_000_000_i64, life in 0..1_000_000_u64,
    ) {
        let server = |second: i64| OffsetDateTime::from_unix_timestamp(second + skew).ok();
        let evidence = Evidence {
            sent, server_date: server(date), expires_at: server(date + i64::try_from(life).unwrap()), exp: None, iat: None,
        };
        prop_assert_eq!(Expiry::new(&evidence, MARGIN, 0.5).life(), Duration::from_secs(life));
    }

    #[test]
    fn an_end_in_the_past_of_every_clock_gives_no_life(
        sent in reading(), ends in date(), ahead in 0..1_000_000_i64,
    ) {
        let date = ends.checked_add(time::Duration::seconds(ahead)).unwrap_or(ends);
        let passed = Duration::from_secs(u64::try_from(ends.unix_timestamp()).unwrap_or(0));
        let sent = Reading { wall: sent.wall.max(passed), ..sent };
        let evidence = Evidence { sent, server_date: Some(date), expires_at: Some(ends), exp: None, iat: None };
        let expiry = Expiry::new(&evidence, MARGIN, 0.5);
        prop_assert!(expiry.life().is_zero());
        prop_assert_eq!(expiry.zone(sent), Zone::Expired);
    }

    #[test]
    fn a_life_never_exceeds_what_the_token_claims(evidence in evidence(), iat in second(), claimed in 1..1_000_000_i64) {
        let evidence = Evidence { exp: Some(iat + claimed), iat: Some(iat), ..evidence };
        let life = Expiry::new(&evidence, MARGIN, 0.5).life();
        prop_assert!(!life.is_zero() && life <= Duration::from_secs(u64::try_from(claimed).unwrap()));
    }

    #[test]
    fn the_end_is_always_a_valid_date(evidence in evidence(), random in random()) {
        let end = Expiry::new(&evidence, MARGIN, random).expires_at();
        prop_assert!(end >= OffsetDateTime::UNIX_EPOCH && end.year() <= 9999);
    }
}
