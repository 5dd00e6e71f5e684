//! The orders of all three verticals: placement, payment, fulfilment and refunds.

use std::collections::HashMap;
use std::time::Duration;

use rust_decimal::Decimal;
use time::OffsetDateTime;

use super::api_error::ApiError;
use super::outcome::{Outcome, QueuedOutcome};
use super::price_quote::PriceQuote;
use super::server_state::ServerState;
use super::timestamps::after;
use crate::http::Vertical;

#[derive(Default)]
pub(super) struct OrderLedger {
    all: Vec<OrderRecord>,
    /// Indexes into `all` of the orders that can still change.
    open: Vec<usize>,
    executions: HashMap<(Vertical, String), u64>,
}

#[derive(Clone)]
pub(super) struct OrderRecord {
    pub(super) id: i64,
    pub(super) vertical: Vertical,
    pub(super) draft: OrderDraft,
    pub(super) transaction: i64,
    pub(super) status: Status,
    pub(super) delivered: u32,
    pub(super) created: OffsetDateTime,
    pub(super) completed: Option<OffsetDateTime>,
    pub(super) failure: Option<OrderFailure>,
    pub(super) installed: Option<OffsetDateTime>,
    /// The next change and its time.
    due: Option<(OffsetDateTime, Outcome)>,
}

/// The part of an order that its request determines.
#[derive(Clone)]
pub(super) struct OrderDraft {
    pub(super) product_id: i64,
    pub(super) product_name: String,
    pub(super) variant_name: String,
    pub(super) country_code: &'static str,
    /// Data in GB and days of validity. eSIMs only.
    pub(super) plan: Option<(Decimal, u32)>,
    pub(super) denomination: Decimal,
    pub(super) quantity: u32,
    pub(super) reference: Option<String>,
    pub(super) email: Option<String>,
    pub(super) quote: PriceQuote,
}

#[derive(Clone)]
pub(super) struct OrderFailure {
    pub(super) code: String,
    pub(super) reason: String,
    pub(super) user_fixable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    PartiallyDelivered,
    Delivered,
    Failed,
    Cancelled,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Status::Pending => "PENDING",
            Status::PartiallyDelivered => "PARTIALLY_DELIVERED",
            Status::Delivered => "DELIVERED",
            Status::Failed => "FAILED",
            Status::Cancelled => "CANCELLED",
        }
    }
}

/// Ids are unique across all verticals. A lookup in the wrong vertical finds nothing.
const FIRST_ID: usize = 88_001;

impl OrderLedger {
    pub(super) fn executed(&self) -> u64 {
        u64::try_from(self.all.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn executions_of(&self, reference: &str) -> u64 {
        self.executions.iter().filter(|((_, name), _)| name == reference).map(|(_, times)| times).sum()
    }

    pub(super) fn executed_twice(&self) -> u64 {
        self.executions.values().filter(|times| **times > 1).map(|_| 1).sum()
    }

    pub(super) fn find(&self, vertical: Vertical, id: i64) -> Result<&OrderRecord, ApiError> {
        let found = OrderLedger::index_of(id).and_then(|index| self.all.get(index));
        found.filter(|order| order.vertical == vertical).ok_or_else(|| ApiError::not_found("Order not found"))
    }

    pub(super) fn find_mut(&mut self, vertical: Vertical, id: i64) -> Result<&mut OrderRecord, ApiError> {
        self.find(vertical, id)?;
        let found = OrderLedger::index_of(id).and_then(|index| self.all.get_mut(index));
        found.ok_or_else(|| ApiError::not_found("Order not found"))
    }

    fn index_of(id: i64) -> Option<usize> {
        usize::try_from(id).ok()?.checked_sub(FIRST_ID)
    }

    /// Iterates over a vertical's orders, newest first.
    pub(super) fn newest_first(&self, vertical: Vertical) -> impl Iterator<Item = &OrderRecord> {
        self.all.iter().rev().filter(move |order| order.vertical == vertical)
    }
}

impl ServerState {
    /// Executes an order: rejects a duplicate reference, debits the wallet and schedules the fulfilment.
    ///
    /// The order is pending for `default_pending`, unless its queued outcome has a duration.
    pub(super) fn place(
        &mut self,
        vertical: Vertical,
        draft: OrderDraft,
        default_pending: Duration,
    ) -> Result<OrderRecord, ApiError> {
        let key = draft.reference.clone().map(|reference| (vertical, reference));
        if let Some(key) = &key {
            check_reference(&key.1)?;
            if self.orders.executions.contains_key(key) && !self.accept_duplicates {
                return Err(ApiError::bad_request("Duplicate client_reference"));
            }
        }
        let now = self.now();
        let index = self.orders.all.len();
        let id = i64::try_from(FIRST_ID + index).unwrap_or(i64::MAX);
        let transaction = self.wallets.debit(&draft.quote, format!("order {id}"), now)?;
        if let Some(key) = key {
            *self.orders.executions.entry(key).or_default() += 1;
        }
        let QueuedOutcome { outcome, pending_for } = self.outcomes.pop();
        self.orders.open.push(index);
        self.orders.all.push(OrderRecord {
            id,
            vertical,
            draft,
            transaction,
            status: Status::Pending,
            delivered: 0,
            created: now,
            completed: None,
            failure: None,
            installed: None,
            due: Some((after(now, pending_for.unwrap_or(default_pending)), outcome)),
        });
        self.announce_transaction(transaction);
        self.settle();
        self.orders.find(vertical, id).cloned()
    }

    /// Makes all changes to orders that are due.
    pub(super) fn settle(&mut self) {
        let now = self.now();
        let mut open = std::mem::take(&mut self.orders.open);
        open.retain(|index| self.settle_one(*index, now));
        self.orders.open = open;
    }

    /// Returns whether the order can still change.
    fn settle_one(&mut self, index: usize, now: OffsetDateTime) -> bool {
        while let Some(order) = self.orders.all.get_mut(index) {
            let Some((at, outcome)) = order.due.take_if(|(at, _)| *at <= now) else {
                return order.due.is_some();
            };
            if outcome == Outcome::Pending {
                return false;
            }
            order.due = order.advance(outcome, at, self.fulfil_after);
            let order = order.clone();
            if matches!(order.status, Status::Failed | Status::Cancelled) {
                self.refund(&order, at);
            }
            self.announce_order(&order);
        }
        false
    }

    fn refund(&mut self, order: &OrderRecord, at: OffsetDateTime) {
        let quote = &order.draft.quote;
        let remarks = format!("refund of order {}", order.id);
        if let Some(id) = self.wallets.book(quote.wallet, quote.payable, None, remarks, at) {
            self.announce_transaction(id);
        }
    }
}

impl OrderRecord {
    /// Applies an outcome. Returns the change that follows it, if any.
    fn advance(
        &mut self,
        outcome: Outcome,
        at: OffsetDateTime,
        fulfil_after: Duration,
    ) -> Option<(OffsetDateTime, Outcome)> {
        match outcome {
            Outcome::Pending => return None,
            Outcome::PartiallyDelivered(codes) if self.draft.quantity > 1 => {
                self.status = Status::PartiallyDelivered;
                self.delivered = codes.min(self.draft.quantity - 1);
                return Some((after(at, fulfil_after), Outcome::Delivered));
            }
            Outcome::Delivered | Outcome::PartiallyDelivered(_) => {
                self.status = Status::Delivered;
                self.delivered = self.draft.quantity;
            }
            Outcome::Failed { code, reason, user_fixable } => {
                self.status = Status::Failed;
                self.failure = Some(OrderFailure { code, reason, user_fixable });
            }
            Outcome::Cancelled => self.status = Status::Cancelled,
        }
        self.completed = Some(at);
        None
    }
}

fn check_reference(reference: &str) -> Result<(), ApiError> {
    let printable = reference.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !printable || reference.is_empty() || reference.len() > 255 {
        return Err(ApiError::validation(
            "client_reference must be printable ASCII of at most 255 characters",
        ));
    }
    Ok(())
}
