//! The server's rate limits, kept on this side: callers wait their turn instead of collecting 429s.
//!
//! When a turn comes is decided by a pure [`Schedule`]. [`Limiter`] holds one per class behind a lock, which is
//! held for that decision only: the clock is read before it and the caller sleeps after it. Turns are handed
//! out in the order in which callers take the lock and are never given back, so nobody is overtaken.

use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::http::schedule::{Refusal, Schedule};
use crate::http::{Method, Request};
use crate::{Error, ErrorKind, Result};

/// How many calls of each class a session makes per minute.
///
/// The default is [`unlimited`](RateLimits::unlimited): calls are sent at once, and a 429 is waited out as the
/// server asks. With limits, callers take turns in the order they came. A caller whose turn would come after
/// its deadline is refused at once with [`RateLimited`](crate::ErrorKind::RateLimited) and takes no turn.
///
/// In no minute, wherever it begins, more calls are sent than the limit says. They may be sent at once: the
/// first caller beyond the limit waits until the oldest call is a minute old, plus a second for calls that are
/// slow to arrive.
///
/// The server counts per client account, so programs that share one should share its limits out between
/// them. Logins and refreshes have limits of their own, which a session always keeps; the other calls
/// (availability, lookup, notification e-mails, logout) have none.
///
/// # Examples
/// ```
/// use popup_rewards::RateLimits;
///
/// // Half of what production allows, for one of two machines.
/// let limits = RateLimits::production().reads(150).orders(30).quotes(60);
/// # assert_ne!(limits, RateLimits::unlimited());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RateLimits {
    reads: Option<u32>,
    orders: Option<u32>,
    quotes: Option<u32>,
}

impl RateLimits {
    /// No limit on this side.
    pub fn unlimited() -> Self {
        RateLimits::default()
    }

    /// The published limits of production: 300 reads, 60 orders and 120 quotes a minute.
    pub fn production() -> Self {
        RateLimits::unlimited().reads(300).orders(60).quotes(120)
    }

    /// The published limits of the server's own sandbox: 600 reads, 120 orders and 300 quotes a minute.
    pub fn sandbox() -> Self {
        RateLimits::unlimited().reads(600).orders(120).quotes(300)
    }

    /// Limits all GET calls together, per minute; 0 refuses every one.
    pub fn reads(mut self, per_minute: u32) -> Self {
        self.reads = Some(per_minute);
        self
    }

    /// Limits the orders of vouchers, of top-ups and of eSIMs, each per minute; 0 refuses every one.
    pub fn orders(mut self, per_minute: u32) -> Self {
        self.orders = Some(per_minute);
        self
    }

    /// Limits the quotes of vouchers, of top-ups and of eSIMs, each per minute; 0 refuses every one.
    pub fn quotes(mut self, per_minute: u32) -> Self {
        self.quotes = Some(per_minute);
        self
    }
}

/// The calls that the server counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RateClass {
    Read,
    Order(Vertical),
    Quote(Vertical),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vertical {
    Voucher,
    Topup,
    Esim,
}

impl RateClass {
    /// The class of a request, if the server publishes a limit for it.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        match (request.method, request.path.as_str()) {
            (Method::Get, _) => Some(RateClass::Read),
            (Method::Post, "/api/v1/orders") => Some(RateClass::Order(Vertical::Voucher)),
            (Method::Post, "/api/v1/topups/orders") => Some(RateClass::Order(Vertical::Topup)),
            (Method::Post, "/api/v1/esim/orders") => Some(RateClass::Order(Vertical::Esim)),
            (Method::Post, "/api/v1/topups/charges") => Some(RateClass::Quote(Vertical::Topup)),
            (Method::Post, "/api/v1/esim/charges") => Some(RateClass::Quote(Vertical::Esim)),
            (Method::Post, path) if path.starts_with("/api/v1/products/") && path.ends_with("/charges") => {
                Some(RateClass::Quote(Vertical::Voucher))
            }
            _ => None,
        }
    }
}

impl Vertical {
    fn pick<T>(self, [voucher, topup, esim]: &[T; 3]) -> &T {
        match self {
            Vertical::Voucher => voucher,
            Vertical::Topup => topup,
            Vertical::Esim => esim,
        }
    }
}

/// Hands out turns, per class.
#[derive(Debug)]
pub(crate) struct Limiter {
    reads: Turns,
    orders: [Turns; 3],
    quotes: [Turns; 3],
}

/// The schedule of one class; none if it has no limit.
type Turns = Option<Mutex<Schedule>>;

impl Limiter {
    pub(crate) fn new(limits: &RateLimits) -> Self {
        let turns = |limit: Option<u32>| limit.map(|per_minute| Mutex::new(Schedule::new(per_minute)));
        let three = |limit| [turns(limit), turns(limit), turns(limit)];
        Limiter { reads: turns(limits.reads), orders: three(limits.orders), quotes: three(limits.quotes) }
    }

    /// Blocks until the caller may send one request of this class, at most until `deadline`, a monotonic
    /// reading of the clock.
    ///
    /// # Errors
    /// `RateLimited` at once, with the time until a turn, if that is after the deadline; `Configuration` if
    /// there is no turn ever.
    pub(crate) fn wait_turn(&self, class: RateClass, clock: &dyn Clock, deadline: Duration) -> Result<()> {
        let Some(turns) = self.turns(class) else { return Ok(()) };
        let now = clock.monotonic();
        let reserved = turns.lock().reserve(now, deadline);
        let wait = match reserved {
            Ok(turn) => turn.saturating_sub(now),
            Err(refusal) => return Err(refusal.into_error(now)),
        };
        if !wait.is_zero() {
            clock.sleep(wait);
        }
        Ok(())
    }

    fn turns(&self, class: RateClass) -> Option<&Mutex<Schedule>> {
        match class {
            RateClass::Read => self.reads.as_ref(),
            RateClass::Order(vertical) => vertical.pick(&self.orders).as_ref(),
            RateClass::Quote(vertical) => vertical.pick(&self.quotes).as_ref(),
        }
    }
}

impl Refusal {
    fn into_error(self, now: Duration) -> Error {
        match self {
            Refusal::Late(turn) => Error::new(
                ErrorKind::RateLimited,
                "the session's own rate limit leaves no turn before the deadline",
            )
            .with_retry_after(Some(turn.saturating_sub(now))),
            Refusal::Never => Error::configuration(
                "the rate limit of this kind of call is 0 per minute, so it is never sent",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
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
}
