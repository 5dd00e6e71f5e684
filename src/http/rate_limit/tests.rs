use std::sync::Barrier;
use std::time::SystemTime;

use super::*;
use crate::http::schedule::WINDOW;

/// A clock that stands still and notes how long callers asked to sleep.
#[derive(Default)]
struct Standing {
    at: Duration,
    slept: Mutex<Vec<Duration>>,
}

impl Clock for Standing {
    fn monotonic(&self) -> Duration {
        self.at
    }
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
    fn sleep(&self, duration: Duration) {
        self.slept.lock().push(duration);
    }
}

#[test]
fn a_refusal_says_when_to_come_back_and_does_not_sleep() {
    let limiter = Limiter::new(&RateLimits::unlimited().reads(1));
    let clock = Standing { at: Duration::from_secs(5), ..Standing::default() };
    limiter.wait_turn(RateClass::Read, &clock, Duration::from_secs(20)).unwrap();
    let error = limiter.wait_turn(RateClass::Read, &clock, Duration::from_secs(20)).unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(WINDOW)));
    assert!(error.is_retryable());
    assert!(clock.slept.lock().is_empty());

    limiter.wait_turn(RateClass::Read, &clock, Duration::from_secs(66)).unwrap();
    assert_eq!(*clock.slept.lock(), [WINDOW]);
}

#[test]
fn a_limit_of_zero_is_refused_instead_of_waited_for() {
    let limiter = Limiter::new(&RateLimits::unlimited().orders(0));
    let order = RateClass::Order(Vertical::Esim);
    let error = limiter.wait_turn(order, &Standing::default(), Duration::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[test]
fn without_a_limit_nobody_waits() {
    let limiter = Limiter::new(&RateLimits::unlimited());
    let clock = Standing::default();
    for _ in 0..5_000 {
        limiter.wait_turn(RateClass::Read, &clock, Duration::ZERO).unwrap();
    }
    assert!(clock.slept.lock().is_empty());
}

#[test]
fn each_class_and_vertical_has_turns_of_its_own() {
    let limiter = Limiter::new(&RateLimits::unlimited().reads(1).orders(1).quotes(1));
    let clock = Standing::default();
    let verticals = [Vertical::Voucher, Vertical::Topup, Vertical::Esim];
    let mut classes = vec![RateClass::Read];
    classes.extend(verticals.map(RateClass::Order));
    classes.extend(verticals.map(RateClass::Quote));
    for &class in &classes {
        limiter.wait_turn(class, &clock, Duration::ZERO).unwrap();
    }
    for &class in &classes {
        assert!(limiter.wait_turn(class, &clock, Duration::ZERO).is_err(), "{class:?}");
    }
}

#[test]
fn eight_threads_take_turns_and_nobody_is_overtaken_by_a_whole_round() {
    let limiter = Limiter::new(&RateLimits::unlimited().reads(3));
    let barrier = Barrier::new(8);
    // Each thread has a clock of its own that notes its sleeps: with time standing still, that is its turns.
    let turns: Vec<Vec<Duration>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let clock = Standing::default();
                    for _ in 0..20 {
                        barrier.wait();
                        let before = clock.slept.lock().len();
                        limiter.wait_turn(RateClass::Read, &clock, Duration::MAX).unwrap();
                        if clock.slept.lock().len() == before {
                            clock.slept.lock().push(Duration::ZERO);
                        }
                    }
                    clock.slept.into_inner()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for round in 1..20 {
        let last_before = turns.iter().map(|own| own[round - 1]).max().unwrap();
        let first_now = turns.iter().map(|own| own[round]).min().unwrap();
        assert!(last_before <= first_now, "round {round}: {last_before:?} after {first_now:?}");
    }
    let mut all: Vec<_> = turns.into_iter().flatten().collect();
    all.sort();
    let expected: Vec<_> = (0..160).map(|turn| WINDOW * (turn / 3)).collect();
    assert_eq!(all, expected);
}

#[test]
fn requests_are_counted_as_the_server_counts_them() {
    use Vertical::{Esim, Topup, Voucher};
    for (request, class) in [
        (Request::get("/api/v1/orders"), Some(RateClass::Read)),
        (Request::get("/api/v1/products/:id").id(7), Some(RateClass::Read)),
        (Request::post("/api/v1/orders"), Some(RateClass::Order(Voucher))),
        (Request::post("/api/v1/topups/orders"), Some(RateClass::Order(Topup))),
        (Request::post("/api/v1/esim/orders"), Some(RateClass::Order(Esim))),
        (Request::post("/api/v1/products/:id/charges").id(7), Some(RateClass::Quote(Voucher))),
        (Request::post("/api/v1/topups/charges"), Some(RateClass::Quote(Topup))),
        (Request::post("/api/v1/esim/charges"), Some(RateClass::Quote(Esim))),
        (Request::post("/api/v1/products/:id/availability").id(7), None),
        (Request::post("/api/v1/topups/lookup"), None),
        (Request::patch("/api/v1/esim/orders/:id/notification-email").id(7), None),
        (Request::post("/auth/login"), None),
        (Request::post("/auth/logout"), None),
    ] {
        assert_eq!(RateClass::of(&request), class, "{} {}", request.method.as_str(), request.path);
    }
}
