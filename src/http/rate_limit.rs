//! Client-side rate limits: callers wait their turn instead of getting a 429.
//!
//! [`Limiter`] has a rolling window per quota. Its lock is held only while a turn is assigned; the caller waits
//! afterwards. Turns are assigned in the order in which callers take the lock and are never returned, so no caller
//! overtakes another.

use std::time::Duration;

use parking_lot::Mutex;

use crate::token::Window;
use crate::{Error, ErrorKind, Result};

/// How many calls of each kind a session sends per minute.
///
/// The default is [`unlimited`](RateLimits::unlimited): calls are sent at once, and after a 429 a call waits as long
/// as the server says. With limits, callers take turns in order of arrival. A caller whose turn would come after its
/// deadline fails at once with [`RateLimited`](crate::ErrorKind::RateLimited) and takes no turn.
///
/// The limit holds for every 60 seconds, wherever they begin. Calls within the limit are sent at once. The first call
/// beyond it waits until the oldest one is a minute old, plus a second for calls that arrive late.
///
/// The server counts per client account, so programs that share an account should divide its limits among them.
/// Logins and refreshes have their own limits, which a session always keeps. The server publishes no limit for
/// availability, lookups, notification e-mails and logout.
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
    /// No client-side limit.
    pub fn unlimited() -> Self {
        RateLimits::default()
    }

    /// The published limits of production: 300 reads, 60 orders and 120 quotes a minute.
    pub fn production() -> Self {
        RateLimits::unlimited().reads(300).orders(60).quotes(120)
    }

    /// The published limits of the API's sandbox environment: 600 reads, 120 orders and 300 quotes a minute.
    pub fn sandbox() -> Self {
        RateLimits::unlimited().reads(600).orders(120).quotes(300)
    }

    /// Limits all GET calls together, per minute. 0 refuses every call.
    pub fn reads(mut self, per_minute: u32) -> Self {
        self.reads = Some(per_minute);
        self
    }

    /// Limits the orders of gift cards, of top-ups and of eSIMs, each per minute. 0 refuses every order.
    pub fn orders(mut self, per_minute: u32) -> Self {
        self.orders = Some(per_minute);
        self
    }

    /// Limits the quotes for gift cards, for top-ups and for eSIMs, each per minute. 0 refuses every quote.
    pub fn quotes(mut self, per_minute: u32) -> Self {
        self.quotes = Some(per_minute);
        self
    }
}

/// Which calls the server counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quota {
    /// The server publishes no limit.
    Unlimited,
    Reads,
    Orders(Vertical),
    Quotes(Vertical),
}

/// A line of business: the server counts and stores the orders of each on their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Vertical {
    Voucher,
    Topup,
    Esim,
}

impl Vertical {
    fn pick<T>(self, [vouchers, topups, esims]: &[T; 3]) -> &T {
        match self {
            Vertical::Voucher => vouchers,
            Vertical::Topup => topups,
            Vertical::Esim => esims,
        }
    }
}

/// Assigns turns, per quota.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: RateLimits,
    reads: Turns,
    orders: [Turns; 3],
    quotes: [Turns; 3],
}

/// The turns of one quota; `None` without a limit.
type Turns = Option<Mutex<Window>>;

/// A minute, and a second for a call that arrives later than it should.
const LENGTH: Duration = Duration::from_secs(61);

impl Limiter {
    pub(crate) fn new(limits: &RateLimits) -> Self {
        let turns = |limit: Option<u32>| {
            let window = |limit: u32| Window::new(limit.try_into().unwrap_or(usize::MAX), LENGTH);
            limit.map(|limit| Mutex::new(window(limit)))
        };
        let three = |limit| [turns(limit), turns(limit), turns(limit)];
        Limiter {
            limits: limits.clone(),
            reads: turns(limits.reads),
            orders: three(limits.orders),
            quotes: three(limits.quotes),
        }
    }

    /// The limiter of a forked child, which must not touch a lock that its parent may hold.
    pub(crate) fn forked(&self) -> Self {
        Limiter::new(&self.limits)
    }

    /// Takes the next turn under a quota and returns its instant.
    ///
    /// # Errors
    /// `RateLimited`, with the time until a turn, if the turn would come after the deadline; `Configuration` if the
    /// limit is 0. Neither takes a turn.
    pub(crate) fn take_turn(&self, quota: Quota, now: Duration, deadline: Duration) -> Result<Duration> {
        let (limit, turns) = match quota {
            Quota::Unlimited => return Ok(now),
            Quota::Reads => (self.limits.reads, &self.reads),
            Quota::Orders(vertical) => (self.limits.orders, vertical.pick(&self.orders)),
            Quota::Quotes(vertical) => (self.limits.quotes, vertical.pick(&self.quotes)),
        };
        let Some(turns) = turns else { return Ok(now) };
        if limit == Some(0) {
            let message = "the rate limit of this kind of call is 0 per minute, so it is never sent";
            return Err(Error::configuration(message));
        }
        let mut turns = turns.lock();
        let turn = turns.room_at(now);
        if turn > deadline {
            let message = "the session's own rate limit leaves no turn before the deadline";
            let wait = turn.saturating_sub(now);
            return Err(Error::new(ErrorKind::RateLimited, message).with_retry_after(Some(wait)));
        }
        turns.take(turn);
        Ok(turn)
    }
}

#[cfg(test)]
mod tests;
