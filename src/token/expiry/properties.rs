//! What holds of every expiry, whatever a server says and whatever the clocks show.

use proptest::prelude::*;

use super::*;

/// Any second a date can show, with the first and the last of them drawn often.
fn second() -> impl Strategy<Value = i64> {
    let first = OffsetDateTime::new_utc(time::Date::MIN, time::Time::MIDNIGHT).unix_timestamp();
    let last = time::PrimitiveDateTime::MAX.assume_utc().unix_timestamp();
    prop_oneof![Just(first), Just(last), Just(0), 0..=4_102_444_800_i64, first..=last]
}

/// The same second of the world, written in any zone.
fn date() -> impl Strategy<Value = OffsetDateTime> {
    (second(), -18 * 3600..=18 * 3600_i32).prop_map(|(second, offset)| {
        let utc = OffsetDateTime::from_unix_timestamp(second).unwrap();
        let offset = time::UtcOffset::from_whole_seconds(offset).unwrap();
        utc.checked_to_offset(offset).unwrap_or(utc)
    })
}

/// What a token says about itself need not be a date at all.
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

fn moment() -> impl Strategy<Value = Now> {
    (duration(), duration()).prop_map(|(monotonic, wall)| Now { monotonic, wall })
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let (date, end) = (prop::option::of(date()), prop::option::of(date()));
    (moment(), date, end, prop::option::of(claim()), prop::option::of(claim())).prop_map(
        |(sent, server_date, expires_at, exp, iat)| Evidence { sent, server_date, expires_at, exp, iat },
    )
}

/// What a clock may answer when asked for a number from 0 to 1, broken ones included.
fn random() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..1.0, Just(0.0), Just(1.0), Just(-1.0), Just(f64::INFINITY), Just(f64::NAN)]
}

fn rank(zone: Zone) -> u8 {
    match zone {
        Zone::Fresh => 0,
        Zone::Expiring => 1,
        Zone::Over => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_left_never_exceeds_the_life(
        evidence in evidence(), margin in duration(), random in random(), later in duration(),
    ) {
        let expiry = Expiry::new(&evidence, margin, random);
        prop_assert!(expiry.remaining(evidence.sent) <= expiry.life());
        let monotonic = evidence.sent.monotonic.saturating_add(later);
        let passed = monotonic.saturating_sub(evidence.sent.monotonic);
        // The time of day may be stepped back as far as it goes: the other clock counts on.
        let now = Now { monotonic, wall: Duration::ZERO };
        prop_assert!(expiry.remaining(now) <= expiry.life().saturating_sub(passed));
    }

    #[test]
    fn a_token_only_ever_ages(
        evidence in evidence(), margin in duration(), random in random(), from in moment(), step in moment(),
    ) {
        let expiry = Expiry::new(&evidence, margin, random);
        let later = Now {
            monotonic: from.monotonic.saturating_add(step.monotonic),
            wall: from.wall.saturating_add(step.wall),
        };
        prop_assert!(expiry.remaining(later) <= expiry.remaining(from));
        prop_assert!(rank(expiry.zone(later)) >= rank(expiry.zone(from)));
    }

    #[test]
    fn the_turning_points_are_in_order_and_leave_most_of_the_life_fresh(
        evidence in evidence(), margin in duration(), random in random(),
    ) {
        let expiry = Expiry::new(&evidence, margin, random);
        prop_assert!(expiry.due <= DUE && expiry.due <= expiry.life / 20);
        prop_assert!(expiry.early <= expiry.life / 4);
        prop_assert_eq!(expiry.zone(evidence.sent) == Zone::Over, expiry.remaining(evidence.sent) <= expiry.due);
    }

    #[test]
    fn an_early_point_is_never_later_than_the_margin_where_the_life_has_room_for_it(
        margin in (0..1_000_u64).prop_map(Duration::from_secs), random in random(), life in 40_000..i64::MAX,
    ) {
        let sent = Now { monotonic: Duration::ZERO, wall: Duration::ZERO };
        let evidence = Evidence { sent, server_date: None, expires_at: None, exp: Some(life), iat: Some(0) };
        let expiry = Expiry::new(&evidence, margin, random);
        prop_assert!(expiry.early >= margin && expiry.early <= margin + SPREAD);
    }

    #[test]
    fn a_skew_of_any_size_changes_nothing_while_the_server_shows_its_date(
        sent in moment(), date in 0..4_102_444_800_i64, skew in -2_000_000_000..=2_000_000_000_i64, life in 0..1_000_000_u64,
    ) {
        let server = |second: i64| OffsetDateTime::from_unix_timestamp(second + skew).ok();
        let evidence = Evidence {
            sent, server_date: server(date), expires_at: server(date + i64::try_from(life).unwrap()), exp: None, iat: None,
        };
        prop_assert_eq!(Expiry::new(&evidence, DUE, 0.5).life(), Duration::from_secs(life));
    }

    #[test]
    fn an_end_before_the_beginning_is_no_life_at_all(sent in moment(), ends in date(), ahead in 0..1_000_000_i64) {
        let date = ends.checked_add(time::Duration::seconds(ahead)).unwrap_or(ends);
        let evidence = Evidence { sent, server_date: Some(date), expires_at: Some(ends), exp: None, iat: None };
        let expiry = Expiry::new(&evidence, DUE, 0.5);
        prop_assert!(expiry.life().is_zero());
        prop_assert_eq!(expiry.zone(sent), Zone::Over);
    }

    #[test]
    fn the_end_is_a_date_as_far_as_dates_go(evidence in evidence(), random in random()) {
        let end = Expiry::new(&evidence, DUE, random).expires_at();
        prop_assert!(end >= OffsetDateTime::UNIX_EPOCH && end.year() <= 9999);
    }
}
