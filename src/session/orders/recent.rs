//! The client references that this session used in the last few seconds.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use parking_lot::Mutex;

use crate::ClientReference;
use crate::http::Request;

/// Longer than the second within which the server's clock cannot tell two orders apart.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// The orders that this session is placing, or placed in the last few seconds.
///
/// A top-up or an eSIM order does not repeat the amount that was requested, and its creation time cannot tell two
/// calls within a second apart. If both calls are this session's, their requests can.
#[derive(Debug, Default)]
pub(in crate::session) struct Recent(Mutex<Vec<RecentOrder>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecentOrder {
    reference: ClientReference,
    /// A hash of the route and the body.
    content: u64,
    /// When its call ended.
    ended: Option<Duration>,
}

impl Recent {
    /// Remembers a call that begins.
    pub(super) fn begin(&self, request: &Request, reference: &ClientReference, now: Duration) -> RecentOrder {
        let mut hasher = DefaultHasher::new();
        request.route.path.hash(&mut hasher);
        request.body.as_deref().hash(&mut hasher);
        let call = RecentOrder { reference: reference.clone(), content: hasher.finish(), ended: None };
        let mut all = self.0.lock();
        all.retain(|it| it.ended.is_none_or(|ended| now.saturating_sub(ended) < KEPT_FOR));
        all.push(call.clone());
        call
    }

    /// Whether another request used the same reference.
    pub(super) fn has_other(&self, call: &RecentOrder) -> bool {
        self.0.lock().iter().any(|it| it.reference == call.reference && it.content != call.content)
    }

    /// Remembers that a call has ended.
    pub(super) fn end(&self, call: &RecentOrder, now: Duration) {
        if let Some(found) = self.0.lock().iter_mut().find(|it| *it == call) {
            found.ended = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Route, Vertical};

    fn order(body: &str) -> Request {
        Request::new(Route::order("/api/v1/topups/orders", Vertical::Topup)).json(&body)
    }

    #[test]
    fn another_order_under_the_same_reference_is_known_during_its_call_and_five_seconds_after() {
        let (recent, reference) = (Recent::default(), ClientReference::new("r-1").unwrap());
        let begin = |body, second| recent.begin(&order(body), &reference, Duration::from_secs(second));
        let first = begin("a", 0);
        let same = begin("a", 1);
        assert!(!recent.has_other(&same));
        let other = begin("b", 100);
        assert!(recent.has_other(&other) && recent.has_other(&first));
        for call in [&first, &same, &other] {
            recent.end(call, Duration::from_secs(200));
        }
        assert!(recent.has_other(&begin("a", 204)));
        assert!(!recent.has_other(&begin("a", 206)));
    }
}
