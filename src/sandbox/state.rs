//! Everything the server knows, behind one lock: a request is executed entirely or not at all.

use std::collections::HashMap;
use std::time::Duration;

use time::OffsetDateTime;

use super::auth::{self, Auth};
use super::call::Call;
use super::clock::SandboxClock;
use super::faults::{Fault, Faults};
use super::ledger::{Order, Orders};
use super::limits::Limits;
use super::outcome::Script;
use super::reply::{Answer, Refusal};
use super::routes::{Class, Vertical};
use super::wallets::Wallets;
use super::webhooks::Outbox;
use super::wire;
use crate::Clock;

pub(super) struct State {
    pub(super) clock: SandboxClock,
    /// How many seconds the server's own clock is ahead; only what it shows is wrong by it.
    pub(super) skew: i64,
    pub(super) date_header: bool,
    pub(super) denied: bool,
    pub(super) auth: Auth,
    pub(super) limits: Limits,
    pub(super) faults: Faults,
    pub(super) wallets: Wallets,
    pub(super) orders: Orders,
    pub(super) script: Script,
    pub(super) order_limit: u32,
    pub(super) fulfil_after: Duration,
    /// How long the next eSIM order is held before it is answered.
    pub(super) esim_hold: Option<Duration>,
    pub(super) accept_duplicates: bool,
    pub(super) outbox: Outbox,
    pub(super) calls: HashMap<&'static str, u64>,
    pub(super) all_calls: u64,
}

/// What is settled the moment a request has arrived.
pub(super) struct Arrival {
    pub(super) fault: Option<Fault>,
    /// The refresh token it presented for the first time.
    pub(super) presented: Option<String>,
    /// When, on the sandbox's clock: a test that has seen the request counted may move the clock at once.
    pub(super) at: Duration,
}

impl State {
    pub(super) fn new(clock: SandboxClock, outbox: Outbox) -> Self {
        let wallets = Wallets::new(clock.now());
        State {
            clock,
            skew: 0,
            date_header: true,
            denied: false,
            auth: Auth::new(),
            limits: Limits::default(),
            faults: Faults::default(),
            wallets,
            orders: Orders::default(),
            script: Script::default(),
            order_limit: 5000,
            fulfil_after: Duration::from_secs(10),
            esim_hold: None,
            accept_duplicates: false,
            outbox,
            calls: HashMap::new(),
            all_calls: 0,
        }
    }

    /// The true time. Everything is kept in it; [`shown`](State::shown) makes it the server's.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// A moment as the server's clock has it.
    pub(super) fn shown(&self, at: OffsetDateTime) -> OffsetDateTime {
        wire::shifted(at, self.skew)
    }

    /// A moment as the server writes it into a body.
    pub(super) fn stamp(&self, at: OffsetDateTime) -> String {
        wire::stamp(self.shown(at))
    }

    /// Counts a request and finds out what is to go wrong with it.
    pub(super) fn arrive(&mut self, call: &Call) -> Arrival {
        let route = call.route.map_or("", |route| route.name);
        self.all_calls += 1;
        let mut presented = None;
        if let Some(route) = call.route {
            *self.calls.entry(route.name).or_default() += 1;
            if !route.open && call.bearer().is_some_and(|token| !self.auth.is_live(token, self.now())) {
                self.auth.dead_token_calls += 1;
            }
            if route.class == Class::Refresh {
                presented = self.auth.present(call);
            }
        }
        Arrival { fault: self.faults.take(route), presented, at: self.clock.monotonic() }
    }

    /// Does what a request asks for.
    pub(super) fn execute(&mut self, call: &Call) -> Answer {
        self.settle();
        if self.denied {
            return Err(Refusal::forbidden());
        }
        let route = call.route.ok_or_else(|| Refusal::not_found("Route not found"))?;
        self.limits.admit(route.class, self.clock.monotonic()).map_err(Refusal::too_many_requests)?;
        if !route.open {
            auth::authorize(self, call)?;
        }
        (route.handler)(self, call)
    }

    /// Tells the webhooks what became of an order. Only voucher orders have events.
    pub(super) fn announce_order(&mut self, order: &Order) {
        if order.vertical == Vertical::Voucher {
            let data = order.event(self);
            self.outbox.push(order.event_name(), self.stamp(self.now()), &data);
        }
    }

    /// Tells the webhooks that a wallet's balance changed.
    pub(super) fn announce_transaction(&mut self, id: i64) {
        if let Some(transaction) = self.wallets.transaction(id) {
            let name = if transaction.direction == "DEBIT" { "wallet.debited" } else { "wallet.credited" };
            let data = transaction.event(self);
            self.outbox.push(name, self.stamp(self.now()), &data);
        }
    }
}
