//! The server's rate limits, kept on this side: callers wait their turn instead of collecting 429s.
//!
//! [`Limiter`] holds a rolling window per class behind a lock, which is held for as long as it takes to promise a turn:
//! the caller waits for it afterwards. Turns are promised in the order in which callers take the lock and are never
//! given back, so nobody is overtaken.

use std::time::Duration;

use parking_lot::Mutex;

use crate::token::Window;
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
pub(crate) enum Quota {
    /// The server publishes no limit.
    Unlimited,
    Reads,
    Orders(Vertical),
    Quotes(Vertical),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vertical {
    Vouchers,
    Topups,
    Esims,
}

impl Vertical {
    fn pick<T>(self, [vouchers, topups, esims]: &[T; 3]) -> &T {
        match self {
            Vertical::Vouchers => vouchers,
            Vertical::Topups => topups,
            Vertical::Esims => esims,
        }
    }
}

/// Hands out turns, per class.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: RateLimits,
    reads: Turns,
    orders: [Turns; 3],
    quotes: [Turns; 3],
}

/// The turns of one class; none if it has no limit.
type Turns = Option<Mutex<Window>>;

/// A minute, and a second for a call that is a little slower to arrive than one a minute later.
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

    /// Of a child process: it must not touch a lock that its parent may have held.
    pub(crate) fn forked(&self) -> Self {
        Limiter::new(&self.limits)
    }

    /// Takes the next turn under a quota and returns its instant.
    ///
    /// # Errors
    /// `RateLimited` with the time until a turn, if that is after the deadline; `Configuration` if there is no turn
    /// ever. No turn is taken then.
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
