//! Placing an order, and looking it up when the response does not say whether it exists.

use std::time::Duration;

use super::doubt::names_an_order;
use super::{Doubt, OrderRoutes, ServerClock, Session};
use crate::http::{self, Decision, Fate, Request};
use crate::model::{Placed, Unplaced};
use crate::session::call::CallError;
use crate::session::fetch::Scope;
use crate::{ClientReference, Error, ErrorKind, Result};

/// The longest part of an order's time that is reserved for its lookup.
const LONGEST_RESERVE: Duration = Duration::from_secs(30);
/// The shortest time that an attempt has before that, if the deadline allows.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(5);

/// One call that places an order.
struct Placing<'a> {
    routes: &'a OrderRoutes,
    reference: &'a ClientReference,
    request: Request,
    scope: Scope<'a>,
    began: Duration,
}

impl Session {
    /// Places an order, and looks it up unless the response is conclusive.
    pub(crate) fn place<T: Placed>(&self, routes: &OrderRoutes, order: &T::New) -> Result<T> {
        let began = self.now();
        let server_clock = ServerClock::default();
        let scope = self.scope_of(self.owner.inner.source.settings.order_deadline);
        let reference = order.reference();
        let placing = Placing {
            routes,
            reference,
            request: Request::new(routes.place.clone()).body(order).reference(reference),
            scope: Scope { server_clock: Some(&server_clock), ..scope },
            began,
        };
        let recent = self.owner.inner.source.recent();
        let this = recent.begin(&placing.request, reference, began);
        let since = || server_clock.earliest(began);
        let is_same_order =
            |found: &T| found.is_same_order(order, since().filter(|_| !recent.has_other(&this)));
        let result =
            self.place_once(&placing, |found: &T| found.is_other_order(order, since()), is_same_order);
        recent.end(&this, self.now());
        result
    }

    fn place_once<T: Placed>(
        &self,
        placing: &Placing<'_>,
        is_other_order: impl FnOnce(&T) -> bool,
        is_same_order: impl FnOnce(&T) -> bool,
    ) -> Result<T> {
        let Placing { routes, reference, request, scope, began } = placing;
        let attempts = for_attempts(*scope, *began);
        let (error, doubt) = match self.read_in::<T>(request, attempts, http::object_of) {
            Ok(order)
                if order.reference().is_none_or(|found| found == reference.as_str())
                    && !is_other_order(&order) =>
            {
                return Ok(order);
            }
            Ok(_) => {
                let error = Error::invalid_response("the server responded with another order");
                (error.with_route(&request.route), Doubt::Lost)
            }
            Err(CallError { error, doubt: Doubt::None }) => return Err(error),
            Err(CallError { error, doubt }) => (error, doubt),
        };
        let on_its_way = doubt == Doubt::Lost || error.status() == Some(409) || names_an_order(&error);
        let error = error.with_client_reference(reference.as_str());
        match self.settle::<T>(routes, reference, on_its_way, *scope) {
            Ok(Some(order)) if is_same_order(&order) => Ok(order),
            Ok(Some(_)) => {
                let message =
                    "the client reference has an order that is not known to be this one; find it and compare";
                Err(error.with_kind(ErrorKind::DuplicateReference, message).with_may_have_executed(true))
            }
            Ok(None) => Err(error.with_may_have_executed(on_its_way)),
            Err(closed) if closed.kind() == ErrorKind::LoggedOut => {
                Err(closed.with_client_reference(reference.as_str()).with_may_have_executed(true))
            }
            // The lookup failed, so the order may exist.
            Err(_) => Err(error.with_may_have_executed(true)),
        }
    }

    /// Looks up an order whose request failed. If the order may still be on its way, the lookup is retried as the
    /// retry policy allows: a server may list an order some time after it has accepted it.
    fn settle<T: Placed>(
        &self,
        routes: &OrderRoutes,
        reference: &ClientReference,
        on_its_way: bool,
        scope: Scope<'_>,
    ) -> Result<Option<T>> {
        let retry = self.owner.inner.source.settings.retry;
        let mut lookups = 0;
        loop {
            let found = self.find_in(routes, reference, scope)?;
            if found.is_some() || !on_its_way {
                return Ok(found);
            }
            lookups += 1;
            let now = self.now();
            let left = scope.deadline.saturating_sub(now);
            match retry.decide(lookups, (Fate::Unknown, None), true, left, 1.0) {
                Decision::GiveUp => return Ok(None),
                Decision::RepeatAfter(pause) => self.pause_until(now.saturating_add(pause), scope)?,
            }
        }
    }
}

/// The limits of the attempts. The rest of the time is reserved for the lookup.
fn for_attempts(scope: Scope<'_>, began: Duration) -> Scope<'_> {
    let whole = scope.deadline.saturating_sub(began);
    let part = whole.saturating_sub((whole / 4).min(LONGEST_RESERVE));
    // If time is short, attempts may start in its first half.
    let last_start = part.saturating_sub(SHORTEST_ATTEMPT.min(part / 2));
    scope.until(began.saturating_add(part)).starting_by(began.saturating_add(last_start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_leave_the_last_quarter_and_at_most_half_a_minute() {
        for (whole, deadline, last_start) in [(180, 150, 145), (120, 90, 85), (40, 30, 25), (8, 6, 3)] {
            let seconds = Duration::from_secs;
            let scope = Scope {
                deadline: seconds(7 + whole),
                last_start: seconds(7 + whole),
                closes: 0,
                server_clock: None,
            };
            let attempts = for_attempts(scope, seconds(7));
            assert_eq!(attempts.deadline, seconds(7 + deadline), "{whole}");
            assert_eq!(attempts.last_start, seconds(7 + last_start), "{whole}");
        }
    }
}
