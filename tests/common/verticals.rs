//! The order calls of the three verticals behind one interface.

use std::time::Duration;

use popup_rewards::sandbox::Sandbox;
use popup_rewards::{
    ClientReference, EsimOrder, EsimOrderStatus, EsimProductId, NewEsimOrder, NewOrder, NewTopupOrder, Order,
    OrderStatus, ProductId, Result, RetryPolicy, Session, SessionBuilder, TopupOrder, TopupOrderStatus,
    TopupProductId,
};
use rust_decimal::Decimal;

use crate::common::clock::TestClock;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Vertical {
    Voucher,
    Topup,
    Esim,
}

pub(crate) const VERTICALS: [Vertical; 3] = [Vertical::Voucher, Vertical::Topup, Vertical::Esim];

/// An order of any vertical.
#[derive(Debug)]
pub(crate) struct AnyOrder {
    pub(crate) id: i64,
    pub(crate) reference: Option<String>,
    pub(crate) status: String,
    /// Whether it has the product and the amount of [`Vertical::create`], and all that only the full order shows.
    pub(crate) is_complete: bool,
}

impl Vertical {
    pub(crate) fn create_route(self) -> &'static str {
        match self {
            Vertical::Voucher => "POST /api/v1/orders",
            Vertical::Topup => "POST /api/v1/topups/orders",
            Vertical::Esim => "POST /api/v1/esim/orders",
        }
    }

    pub(crate) fn list_route(self) -> &'static str {
        match self {
            Vertical::Voucher => "GET /api/v1/orders",
            Vertical::Topup => "GET /api/v1/topups/orders",
            Vertical::Esim => "GET /api/v1/esim/orders",
        }
    }

    pub(crate) fn one_route(self) -> &'static str {
        match self {
            Vertical::Voucher => "GET /api/v1/orders/:id",
            Vertical::Topup => "GET /api/v1/topups/orders/:id",
            Vertical::Esim => "GET /api/v1/esim/orders/:id",
        }
    }

    /// Places an order with the default product.
    pub(crate) fn create(self, session: &Session, reference: &ClientReference) -> Result<AnyOrder> {
        self.create_of(session, reference, 0)
    }

    /// Places an order with another product.
    pub(crate) fn create_other(self, session: &Session, reference: &ClientReference) -> Result<AnyOrder> {
        self.create_of(session, reference, 3)
    }

    fn create_of(self, session: &Session, reference: &ClientReference, further: i64) -> Result<AnyOrder> {
        let reference = reference.clone();
        match self {
            Vertical::Voucher => {
                session.create_order(&gift_cards(3001 + further, 20, 2, reference)).map(AnyOrder::from)
            }
            Vertical::Topup => {
                let product = TopupProductId::from(401 + further);
                let order = NewTopupOrder::new(product, Decimal::new(499, 2), reference);
                session
                    .create_topup_order(&order.input("player_id", "p1").input("server", "eu"))
                    .map(AnyOrder::from)
            }
            Vertical::Esim => {
                let product = EsimProductId::from(601 + further);
                let order = NewEsimOrder::new(product, Decimal::new(450, 2), reference);
                session.create_esim_order(&order).map(AnyOrder::from)
            }
        }
    }

    pub(crate) fn get(self, session: &Session, id: i64) -> Result<AnyOrder> {
        match self {
            Vertical::Voucher => session.get_order(id.into()).map(AnyOrder::from),
            Vertical::Topup => session.get_topup_order(id.into()).map(AnyOrder::from),
            Vertical::Esim => session.get_esim_order(id.into()).map(AnyOrder::from),
        }
    }

    pub(crate) fn find(self, session: &Session, reference: &ClientReference) -> Result<Option<AnyOrder>> {
        Ok(match self {
            Vertical::Voucher => session.find_order(reference)?.map(AnyOrder::from),
            Vertical::Topup => session.find_topup_order(reference)?.map(AnyOrder::from),
            Vertical::Esim => session.find_esim_order(reference)?.map(AnyOrder::from),
        })
    }

    pub(crate) fn wait(self, session: &Session, id: i64, timeout: Duration) -> Result<AnyOrder> {
        match self {
            Vertical::Voucher => session.wait_for_order(id.into(), timeout).map(AnyOrder::from),
            Vertical::Topup => session.wait_for_topup_order(id.into(), timeout).map(AnyOrder::from),
            Vertical::Esim => session.wait_for_esim_order(id.into(), timeout).map(AnyOrder::from),
        }
    }

    /// Returns the number of calls that create, list and get an order.
    pub(crate) fn calls(self, sandbox: &Sandbox) -> [u64; 3] {
        [self.create_route(), self.list_route(), self.one_route()].map(|route| sandbox.calls(route))
    }
}

/// Builds a gift card order.
pub(crate) fn gift_cards(product: i64, value: i64, quantity: u32, reference: ClientReference) -> NewOrder {
    NewOrder::new(ProductId::from(product), Decimal::from(value), quantity, reference)
}

pub(crate) fn named(reference: &str) -> ClientReference {
    ClientReference::new(reference).unwrap_or_else(|_| ClientReference::generate())
}

/// Returns a builder of a session on whose clock pauses take no time, and that clock.
pub(crate) fn quick(sandbox: &Sandbox) -> (SessionBuilder, TestClock) {
    let pauses = TestClock::of(sandbox);
    let builder = Session::builder(&sandbox.url(), sandbox.credentials())
        .clock(pauses.clone())
        .retry(RetryPolicy::new().retries(3));
    (builder, pauses)
}

impl From<Order> for AnyOrder {
    fn from(order: Order) -> Self {
        let has_codes = order.vouchers.len() == 2
            && order.vouchers.iter().all(|it| it.card_number.is_some() || it.claim_url.is_some());
        AnyOrder {
            id: order.id.get(),
            is_complete: order.status == OrderStatus::Delivered
                && (order.product_id, order.quantity) == (3001.into(), 2)
                && order.denomination == Decimal::from(20)
                && has_codes,
            status: order.status.to_string(),
            reference: order.client_reference,
        }
    }
}

impl From<TopupOrder> for AnyOrder {
    fn from(order: TopupOrder) -> Self {
        AnyOrder {
            id: order.id.get(),
            is_complete: matches!(order.status, TopupOrderStatus::Pending | TopupOrderStatus::Delivered)
                && order.product_id == Some(401.into())
                && order.amount == Decimal::new(47_405, 4)
                && order.transaction_id.is_some(),
            status: order.status.to_string(),
            reference: order.client_reference,
        }
    }
}

impl From<EsimOrder> for AnyOrder {
    fn from(order: EsimOrder) -> Self {
        AnyOrder {
            id: order.id.get(),
            is_complete: order.status == EsimOrderStatus::Delivered
                && order.product_id == Some(601.into())
                && order.amount == Decimal::new(441, 2)
                && order.activation_code.is_some_and(|code| code.expose().starts_with("LPA:")),
            status: order.status.to_string(),
            reference: order.client_reference,
        }
    }
}
