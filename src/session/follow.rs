//! An order is followed until it is done.

use std::time::Duration;

use super::Session;
use super::orders::{Placed, one};
use crate::{Error, ErrorKind, Result};

/// Polling is quick for the time in which most orders are delivered, and then patient.
const QUICK: Duration = Duration::from_secs(5);
const QUICK_FOR: Duration = Duration::from_secs(60);
const PATIENT: Duration = Duration::from_secs(30);

impl Session {
    /// Looks at an order until it is done, or until the time is up; at least once.
    pub(crate) fn follow<T: Placed>(&self, id: i64, timeout: Duration) -> Result<T> {
        let scope = self.scope_of(Duration::MAX);
        let started = self.now();
        // The look at the very end gets a moment for its answer.
        let end = started.saturating_add(timeout).saturating_add(QUICK);
        let mut last = None;
        loop {
            let asked_for = match self.fetch_in::<T>(&one::<T>(id), self.scope().until(end)) {
                Ok(order) if order.is_terminal() => return Ok(order),
                Ok(order) => {
                    last = Some((order.status().to_owned(), order.reference().map(ToOwned::to_owned)));
                    None
                }
                Err(error) if error.is_retryable() => error.retry_after(),
                Err(error) => return Err(error),
            };
            let passed = self.now().saturating_sub(started);
            let left = timeout.saturating_sub(passed);
            let usual = if passed < QUICK_FOR { QUICK } else { PATIENT };
            if left.is_zero() || asked_for.is_some_and(|pause| pause > left) {
                return Err(still_waiting(id, passed, last));
            }
            // The last look is at the end of the time, and not up to 30 seconds before it.
            let pause = asked_for.unwrap_or(usual).max(QUICK).min(left);
            self.pause_until(self.now().saturating_add(pause), scope)?;
        }
    }
}

fn still_waiting(id: i64, passed: Duration, last: Option<(String, Option<String>)>) -> Error {
    let (status, reference) = last.unwrap_or_else(|| ("unknown".to_owned(), None));
    let message = format!("order {id} is still {status} after {} seconds", passed.as_secs());
    let error = Error::new(ErrorKind::Timeout, message).with_may_have_executed(true);
    match reference {
        Some(reference) => error.with_client_reference(&reference),
        None => error,
    }
}
