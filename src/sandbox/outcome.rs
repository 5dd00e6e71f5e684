//! How an order ends, as scripted by a test.

use std::collections::VecDeque;
use std::time::Duration;

/// How an order ends, for [`Sandbox::next_order`](super::Sandbox::next_order).
///
/// Without a script every order is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Everything is delivered.
    Delivered,
    /// So many codes come first (at most all but one); the rest follows after the usual time of fulfilment.
    /// Orders for a single item are delivered instead.
    PartiallyDelivered(u32),
    /// The order fails, and the wallet gets its money back.
    Failed {
        /// What `failure_code` says, for top-ups and eSIMs.
        code: String,
        /// What `failure_reason` says; voucher orders say it in `message`.
        reason: String,
        /// Whether the customer can put it right, for top-ups and eSIMs.
        user_fixable: bool,
    },
    /// The order is cancelled, and the wallet gets its money back.
    Cancelled,
    /// The order stays `PENDING` for as long as the sandbox runs.
    Pending,
}

/// The script for the orders to come.
#[derive(Default)]
pub(super) struct Script(VecDeque<Scene>);

/// How one order goes.
pub(super) struct Scene {
    pub(super) outcome: Outcome,
    /// How long it is pending before that; none for the usual time.
    pub(super) pending_for: Option<Duration>,
}

impl Script {
    pub(super) fn push(&mut self, outcome: Outcome, pending_for: Option<Duration>) {
        self.0.push_back(Scene { outcome, pending_for });
    }

    pub(super) fn next(&mut self) -> Scene {
        self.0.pop_front().unwrap_or(Scene { outcome: Outcome::Delivered, pending_for: None })
    }
}
