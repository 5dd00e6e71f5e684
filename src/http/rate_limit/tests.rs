use std::sync::Barrier;

use super::*;

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_refusal_has_a_retry_delay_and_takes_no_turn() {
    let limiter = Limiter::new(&RateLimits::unlimited().reads(1));
    assert_eq!(limiter.take_turn(Quota::Reads, at(5), at(20)).unwrap(), at(5));
    for _ in 0..100 {
        let error = limiter.take_turn(Quota::Reads, at(5), at(20)).unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(LENGTH)));
        assert!(error.is_retryable());
    }
    assert_eq!(limiter.take_turn(Quota::Reads, at(5), at(66)).unwrap(), at(66));
}

#[test]
fn a_limit_of_zero_is_a_configuration_error() {
    let limiter = Limiter::new(&RateLimits::unlimited().orders(0));
    let order = Quota::Orders(Vertical::Esim);
    assert_eq!(limiter.take_turn(order, at(0), Duration::MAX).unwrap_err().kind(), ErrorKind::Configuration);
}

#[test]
fn every_turn_is_immediate_without_a_limit() {
    let limiter = Limiter::new(&RateLimits::unlimited());
    for second in 0..5_000 {
        assert_eq!(limiter.take_turn(Quota::Reads, at(second), at(0)).unwrap(), at(second));
    }
}

#[test]
fn each_quota_and_vertical_has_its_own_turns() {
    let limiter = Limiter::new(&RateLimits::unlimited().reads(1).orders(1).quotes(1));
    let verticals = [Vertical::Voucher, Vertical::Topup, Vertical::Esim];
    let mut quotas = vec![Quota::Reads];
    quotas.extend(verticals.map(Quota::Orders));
    quotas.extend(verticals.map(Quota::Quotes));
    for &quota in &quotas {
        limiter.take_turn(quota, at(0), at(0)).unwrap();
    }
    for &quota in &quotas {
        assert!(limiter.take_turn(quota, at(0), at(0)).is_err(), "{quota:?}");
    }
}

#[test]
fn eight_threads_take_turns_in_fair_order() {
    let limiter = Limiter::new(&RateLimits::unlimited().reads(3));
    let barrier = Barrier::new(8);
    let turns: Vec<Vec<Duration>> = std::thread::scope(|scope| {
        let take = || {
            barrier.wait();
            limiter.take_turn(Quota::Reads, at(0), Duration::MAX).unwrap()
        };
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(move || (0..20).map(|_| take()).collect())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for round in 1..20 {
        let last_before = turns.iter().map(|own| own[round - 1]).max().unwrap();
        let first_now = turns.iter().map(|own| own[round]).min().unwrap();
        assert!(last_before <= first_now, "round {round}: {last_before:?} after {first_now:?}");
    }
    let mut all: Vec<_> = turns.into_iter().flatten().collect();
    all.sort();
    let expected: Vec<_> = (0..160).map(|turn| LENGTH * (turn / 3)).collect();
    assert_eq!(all, expected);
}
