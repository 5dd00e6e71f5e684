//! Orders of all three verticals: placed once, paid at once, fulfilled in time.

use std::collections::HashMap;
use std::time::Duration;

use rust_decimal::Decimal;
use time::OffsetDateTime;

use super::charges::Terms;
use super::outcome::{Outcome, Scene};
use super::reply::Refusal;
use super::routes::Vertical;
use super::state::State;
use super::wire::after;

#[derive(Default)]
pub(super) struct Orders {
    all: Vec<Order>,
    /// Places in `all` of the orders that are not at their end.
    open: Vec<usize>,
    executions: HashMap<(Vertical, String), u64>,
}

#[derive(Clone)]
pub(super) struct Order {
    pub(super) id: i64,
    pub(super) vertical: Vertical,
    pub(super) draft: Draft,
    pub(super) transaction: i64,
    pub(super) status: Status,
    pub(super) delivered: u32,
    pub(super) created: OffsetDateTime,
    pub(super) completed: Option<OffsetDateTime>,
    pub(super) failure: Option<Failure>,
    pub(super) installed: Option<OffsetDateTime>,
    /// What happens to it next, and when.
    due: Option<(OffsetDateTime, Outcome)>,
}

/// Everything about an order that its request decides.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) product_id: i64,
    pub(super) product_name: String,
    pub(super) variant_name: String,
    pub(super) country_code: &'static str,
    /// Data in GB and days of validity, for eSIMs.
    pub(super) plan: Option<(Decimal, u32)>,
    pub(super) denomination: Decimal,
    pub(super) quantity: u32,
    pub(super) reference: Option<String>,
    pub(super) email: Option<String>,
    pub(super) terms: Terms,
}

#[derive(Clone)]
pub(super) struct Failure {
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

/// Ids are unique over all verticals, so an id of one is never found in another.
const FIRST_ID: usize = 88_001;

impl Orders {
    pub(super) fn executed(&self) -> u64 {
        u64::try_from(self.all.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn executions_of(&self, reference: &str) -> u64 {
        self.executions.iter().filter(|((_, name), _)| name == reference).map(|(_, times)| times).sum()
    }

    pub(super) fn executed_twice(&self) -> u64 {
        self.executions.values().filter(|times| **times > 1).map(|_| 1).sum()
    }

    pub(super) fn find(&self, vertical: Vertical, id: i64) -> Result<&Order, Refusal> {
        let found = Orders::place_of(id).and_then(|place| self.all.get(place));
        found.filter(|order| order.vertical == vertical).ok_or_else(|| Refusal::not_found("Order not found"))
    }

    pub(super) fn find_mut(&mut self, vertical: Vertical, id: i64) -> Result<&mut Order, Refusal> {
        self.find(vertical, id)?;
        let found = Orders::place_of(id).and_then(|place| self.all.get_mut(place));
        found.ok_or_else(|| Refusal::not_found("Order not found"))
    }

    fn place_of(id: i64) -> Option<usize> {
        usize::try_from(id).ok()?.checked_sub(FIRST_ID)
    }

    /// The orders of a vertical, the newest first.
    pub(super) fn newest(&self, vertical: Vertical) -> impl Iterator<Item = &Order> {
        self.all.iter().rev().filter(move |order| order.vertical == vertical)
    }
}

impl State {
    /// Executes an order: refuses a reference that was seen, takes the money, and plans the fulfilment.
    ///
    /// `usual` is how long such an order is pending when no script says otherwise.
    pub(super) fn place(
        &mut self,
        vertical: Vertical,
        draft: Draft,
        usual: Duration,
    ) -> Result<Order, Refusal> {
        let key = draft.reference.clone().map(|reference| (vertical, reference));
        if let Some(key) = &key {
            check_reference(&key.1)?;
            if self.orders.executions.contains_key(key) && !self.accept_duplicates {
                return Err(Refusal::bad_request("Duplicate client_reference"));
            }
        }
        let now = self.now();
        let place = self.orders.all.len();
        let id = i64::try_from(FIRST_ID + place).unwrap_or(i64::MAX);
        let transaction = self.wallets.debit(&draft.terms, format!("order {id}"), now)?;
        if let Some(key) = key {
            *self.orders.executions.entry(key).or_default() += 1;
        }
        let Scene { outcome, pending_for } = self.script.next();
        self.orders.open.push(place);
        self.orders.all.push(Order {
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
            due: Some((after(now, pending_for.unwrap_or(usual)), outcome)),
        });
        self.announce_transaction(transaction);
        self.settle();
        self.orders.find(vertical, id).cloned()
    }

    /// Brings every order to where it is at this moment.
    pub(super) fn settle(&mut self) {
        let now = self.now();
        let mut open = std::mem::take(&mut self.orders.open);
        open.retain(|place| self.settle_one(*place, now));
        self.orders.open = open;
    }

    /// Returns whether the order still has something before it.
    fn settle_one(&mut self, place: usize, now: OffsetDateTime) -> bool {
        while let Some(order) = self.orders.all.get_mut(place) {
            let Some((at, outcome)) = order.due.take_if(|(at, _)| *at <= now) else {
                return order.due.is_some();
            };
            if outcome == Outcome::Pending {
                return false;
            }
            let after_that = order.become_of(outcome, at, self.fulfil_after);
            order.due = after_that;
            let order = order.clone();
            if matches!(order.status, Status::Failed | Status::Cancelled) {
                self.refund(&order, at);
            }
            self.announce_order(&order);
        }
        false
    }

    fn refund(&mut self, order: &Order, at: OffsetDateTime) {
        let terms = &order.draft.terms;
        let remarks = format!("refund of order {}", order.id);
        if let Some(id) = self.wallets.book(terms.wallet, terms.payable, None, remarks, at) {
            self.announce_transaction(id);
        }
    }
}

impl Order {
    /// Takes the next step; returns the one after it, if there is one.
    fn become_of(
        &mut self,
        outcome: Outcome,
        at: OffsetDateTime,
        pause: Duration,
    ) -> Option<(OffsetDateTime, Outcome)> {
        match outcome {
            Outcome::Pending => return None,
            Outcome::PartiallyDelivered(codes) if self.draft.quantity > 1 => {
                self.status = Status::PartiallyDelivered;
                self.delivered = codes.min(self.draft.quantity - 1);
                return Some((after(at, pause), Outcome::Delivered));
            }
            Outcome::Delivered | Outcome::PartiallyDelivered(_) => {
                self.status = Status::Delivered;
                self.delivered = self.draft.quantity;
            }
            Outcome::Failed { code, reason, user_fixable } => {
                self.status = Status::Failed;
                self.failure = Some(Failure { code, reason, user_fixable });
            }
            Outcome::Cancelled => self.status = Status::Cancelled,
        }
        self.completed = Some(at);
        None
    }
}

fn check_reference(reference: &str) -> Result<(), Refusal> {
    let printable = reference.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !printable || reference.is_empty() || reference.len() > 255 {
        return Err(Refusal::validation(
            "client_reference must be printable ASCII of at most 255 characters",
        ));
    }
    Ok(())
}
