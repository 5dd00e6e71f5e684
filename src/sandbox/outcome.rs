//! Scripted order outcomes.

use std::collections::VecDeque;
use std::time::Duration;

/// How an order ends, for [`Sandbox::next_order`](super::Sandbox::next_order).
///
/// An order without a scripted outcome is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Every item is delivered.
    Delivered,
    /// This many codes are delivered first, at most all but one. The rest follow after the usual fulfilment time.
    /// An order for a single item is delivered in full instead.
    PartiallyDelivered(u32),
    /// The order fails and the wallet is refunded.
    Failed {
        /// The `failure_code` of a top-up or eSIM order.
        code: String,
        /// The `failure_reason` of a top-up or eSIM order, or the `message` of a gift card order.
        reason: String,
        /// Whether the customer can fix the problem. Top-up and eSIM orders only.
        user_fixable: bool,
    },
    /// The order is cancelled and the wallet is refunded.
    Cancelled,
    /// The order stays `PENDING` as long as the sandbox runs.
    Pending,
}

/// The outcomes of the next orders, first in, first out.
#[derive(Default)]
pub(super) struct OutcomeQueue(VecDeque<QueuedOutcome>);

pub(super) struct QueuedOutcome {
    pub(super) outcome: Outcome,
    /// How long the order is pending first. `None` means the usual fulfilment time.
    pub(super) pending_for: Option<Duration>,
}

impl OutcomeQueue {
    pub(super) fn push(&mut self, outcome: Outcome, pending_for: Option<Duration>) {
        self.0.push_back(QueuedOutcome { outcome, pending_for });
    }

    pub(super) fn pop(&mut self) -> QueuedOutcome {
        self.0.pop_front().unwrap_or(QueuedOutcome { outcome: Outcome::Delivered, pending_for: None })
    }
}
