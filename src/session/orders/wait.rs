//! Waiting for an order to reach its final status.

use std::time::Duration;

use super::{OrderRoutes, Session};
use crate::error::printable;
use crate::model::Placed;
use crate::{Error, ErrorKind, Result};

/// Polling is quick while most orders are delivered, and slow afterwards.
const QUICK: Duration = Duration::from_secs(5);
const QUICK_FOR: Duration = Duration::from_secs(60);
const PATIENT: Duration = Duration::from_secs(30);
/// Some servers show an order some time after they have accepted it.
const UNSEEN_FOR: Duration = Duration::from_secs(10);

impl Session {
    /// Reads an order until its status is final or `timeout` has passed, and at least once.
    pub(crate) fn wait<T: Placed>(&self, routes: &OrderRoutes, id: i64, timeout: Duration) -> Result<T> {
        let scope = self.scope_of(Duration::MAX);
        let started = self.now();
        // The first read has the deadline of a call. The last one has a few seconds beyond the timeout.
        let mut read_by = started.saturating_add(self.owner.inner.source.settings.deadline);
        let mut last = None;
        loop {
            let error = match self.read_order::<T>(routes, id, scope.until(read_by)) {
                Ok(order) if order.is_terminal() => return Ok(order),
                Ok(order) => {
                    last = Some(order);
                    None
                }
                Err(failed) => Some(failed.error),
            };
            let passed = self.now().saturating_sub(started);
            let left = timeout.saturating_sub(passed);
            let retry_after = match error {
                Some(error) if error.is_retryable() => error.retry_after(),
                Some(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                Some(error) if passed >= UNSEEN_FOR || left.is_zero() => return Err(error),
                _ => None,
            };
            if left.is_zero() || retry_after.is_some_and(|pause| pause > left) {
                return Err(still_waiting(id, passed, last.as_ref()));
            }
            // The last read comes at the timeout, and not up to 30 seconds before it.
            let usual = if passed < QUICK_FOR { QUICK } else { PATIENT };
            let pause = retry_after.unwrap_or(usual).max(QUICK).min(left);
            self.pause_until(self.now().saturating_add(pause), scope)?;
            read_by = started.saturating_add(timeout).saturating_add(QUICK);
        }
    }
}

fn still_waiting<T: Placed>(id: i64, passed: Duration, last: Option<&T>) -> Error {
    let status = printable(last.map_or("unknown", |order| order.status()));
    let message = format!("order {id} is still {status} after {} seconds", passed.as_secs());
    let error = Error::new(ErrorKind::Timeout, message).with_may_have_executed(true);
    match last.and_then(Placed::reference) {
        Some(reference) => error.with_client_reference(reference),
        None => error,
    }
}
