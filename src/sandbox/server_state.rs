//! The server's state. One lock guards it, so a request is executed in full or not at all.

use std::collections::HashMap;
use std::time::Duration;

use time::OffsetDateTime;

use super::api_error::ApiError;
use super::auth::{self, Auth};
use super::clock::SandboxClock;
use super::faults::{Fault, Faults};
use super::order_ledger::{OrderLedger, OrderRecord};
use super::outcome::OutcomeQueue;
use super::quotas::Quotas;
use super::routes::QuotaClass;
use super::server_request::ServerRequest;
use super::server_response::HandlerResult;
use super::timestamps;
use super::wallets::Wallets;
use super::webhooks::Outbox;
use crate::Clock;
use crate::http::Vertical;

pub(super) struct ServerState {
    pub(super) clock: SandboxClock,
    /// Seconds the server's clock is ahead. Affects only the times it sends.
    pub(super) skew_seconds: i64,
    pub(super) date_header: bool,
    pub(super) deny_addresses: bool,
    pub(super) auth: Auth,
    pub(super) quotas: Quotas,
    pub(super) faults: Faults,
    pub(super) wallets: Wallets,
    pub(super) orders: OrderLedger,
    pub(super) outcomes: OutcomeQueue,
    pub(super) order_limit: u32,
    pub(super) fulfil_after: Duration,
    /// How long the response to the next eSIM order is delayed.
    pub(super) esim_hold: Option<Duration>,
    pub(super) accept_duplicates: bool,
    pub(super) outbox: Outbox,
    pub(super) calls: HashMap<&'static str, u64>,
    pub(super) all_calls: u64,
}

/// What the server decides about a request before executing it.
pub(super) struct RequestContext {
    pub(super) fault: Option<Fault>,
    /// The refresh token in the request, if it was presented for the first time.
    pub(super) new_refresh_token: Option<String>,
    /// On the sandbox's clock. Read together with the count, because a test may move the clock as soon as it sees
    /// the request counted.
    pub(super) received_at: Duration,
}

impl ServerState {
    pub(super) fn new(clock: SandboxClock, outbox: Outbox) -> Self {
        let wallets = Wallets::new(clock.now());
        ServerState {
            clock,
            skew_seconds: 0,
            date_header: true,
            deny_addresses: false,
            auth: Auth::new(),
            quotas: Quotas::default(),
            faults: Faults::default(),
            wallets,
            orders: OrderLedger::default(),
            outcomes: OutcomeQueue::default(),
            order_limit: 5000,
            fulfil_after: Duration::from_secs(10),
            esim_hold: None,
            accept_duplicates: false,
            outbox,
            calls: HashMap::new(),
            all_calls: 0,
        }
    }

    /// The true time, without the skew. All instants in the state are true times.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Converts a true time to the server's skewed time. Returns `at` unchanged if the result leaves the calendar.
    pub(super) fn skewed(&self, at: OffsetDateTime) -> OffsetDateTime {
        at.checked_add(time::Duration::seconds(self.skew_seconds)).unwrap_or(at)
    }

    /// Formats a true time for a body, in the server's skewed time.
    pub(super) fn timestamp(&self, at: OffsetDateTime) -> String {
        timestamps::rfc3339(self.skewed(at))
    }

    /// Counts a request and picks its fault.
    pub(super) fn receive(&mut self, request: &ServerRequest) -> RequestContext {
        let route = request.route.map_or("", |route| route.name);
        self.all_calls += 1;
        let mut new_refresh_token = None;
        if let Some(route) = request.route {
            *self.calls.entry(route.name).or_default() += 1;
            if !route.open && request.bearer().is_some_and(|token| !self.auth.is_live(token, self.now())) {
                self.auth.dead_token_calls += 1;
            }
            if route.quota == QuotaClass::Refresh {
                new_refresh_token = self.auth.record_presented(request);
            }
        }
        RequestContext {
            fault: self.faults.take(route),
            new_refresh_token,
            received_at: self.clock.monotonic(),
        }
    }

    pub(super) fn execute(&mut self, request: &ServerRequest) -> HandlerResult {
        self.settle();
        if self.deny_addresses {
            return Err(ApiError::forbidden());
        }
        let route = request.route.ok_or_else(|| ApiError::not_found("Route not found"))?;
        self.quotas.admit(route.quota, self.clock.monotonic()).map_err(ApiError::too_many_requests)?;
        if !route.open {
            auth::authorize(self, request)?;
        }
        (route.handler)(self, request)
    }

    /// Queues the webhook event for an order's new status. Only gift card orders have events.
    pub(super) fn announce_order(&mut self, order: &OrderRecord) {
        if order.vertical == Vertical::Voucher {
            let data = order.event_data(self);
            self.outbox.push(&order.event_type(), self.timestamp(self.now()), &data);
        }
    }

    /// Queues the webhook event for a transaction.
    pub(super) fn announce_transaction(&mut self, id: i64) {
        if let Some(transaction) = self.wallets.transaction(id) {
            let event_type =
                if transaction.direction == "DEBIT" { "wallet.debited" } else { "wallet.credited" };
            let data = transaction.event_data(self);
            self.outbox.push(event_type, self.timestamp(self.now()), &data);
        }
    }
}
