//! What happened: the event in an authentic delivery.

use std::{fmt, str};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::signature::{refused, values};
use crate::model::{lenient, money};
use crate::{Error, OrderId, OrderStatus, Result, WalletId};

/// One event, from a delivery that was found authentic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Names the event. A delivery that is repeated has the same one: keep it, and handle it once.
    pub id: String,
    /// When it happened.
    pub created_at: OffsetDateTime,
    /// What happened.
    pub kind: EventKind,
}

/// What happened, and to what.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// `order.delivered`: all codes of a voucher order are there to fetch.
    OrderDelivered(OrderEvent),
    /// `order.partially_delivered`: some codes are there; the others are pending or failed.
    OrderPartiallyDelivered(OrderEvent),
    /// `order.failed`: the order failed; the refund comes by itself, as a transaction of its own.
    OrderFailed(OrderEvent),
    /// `order.cancelled`: the order was cancelled.
    OrderCancelled(OrderEvent),
    /// `wallet.credited`: money came into a wallet.
    WalletCredited(WalletEvent),
    /// `wallet.debited`: money left a wallet.
    WalletDebited(WalletEvent),
    /// A kind this version does not know. Answer 2xx and ignore it, or read `data`.
    Unknown {
        /// The server's name for the kind, such as `topup.completed`.
        name: String,
        /// The JSON text of the event's `data`, as sent. `Debug` leaves it out: nobody knows what is in it.
        data: String,
    },
}

/// A voucher order at the time of an event. The codes are not in it: fetch the order.
///
/// All but the order's id is as far as it could be read: an oddity there does not cost the event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderEvent {
    /// The order.
    pub order_id: OrderId,
    /// The reference it was created under.
    pub client_reference: Option<String>,
    /// Its status.
    pub status: Option<OrderStatus>,
    /// The product's name.
    pub product_name: Option<String>,
    /// The face value of one card, in the product's currency.
    pub denomination: Option<Decimal>,
    /// How many cards were ordered.
    pub quantity: Option<u32>,
    /// The face value of all cards, in the product's currency.
    pub amount: Option<Decimal>,
    /// How many cards were delivered so far.
    pub delivered_quantity: Option<u32>,
    /// When it was delivered.
    pub delivered_on: Option<OffsetDateTime>,
    /// When the order was created.
    pub created_at: Option<OffsetDateTime>,
}

/// A movement of a wallet.
///
/// The server does not document what these events hold, so the usual members are read if they are there, and
/// the whole text is kept. Ask for the wallet's balance rather than computing it from events.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalletEvent {
    /// The wallet.
    pub wallet_id: Option<WalletId>,
    /// How much moved, in the wallet's currency; the kind of the event tells the direction.
    pub amount: Option<Decimal>,
    /// The currency, as an ISO 4217 code.
    pub currency: Option<String>,
    /// The JSON text of the event's `data`, as sent. `Debug` leaves it out.
    pub data: String,
}

#[derive(Deserialize)]
struct Wire<'a> {
    id: String,
    #[serde(rename = "type")]
    name: String,
    #[serde(deserialize_with = "time::serde::rfc3339::deserialize")]
    created_at: OffsetDateTime,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireOrder {
    id: OrderId,
    #[serde(default, deserialize_with = "lenient::text")]
    client_reference: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    r#ref: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    reference_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    status: Option<OrderStatus>,
    #[serde(default, deserialize_with = "lenient::text")]
    product_name: Option<String>,
    #[serde(default, deserialize_with = "money::optional")]
    denomination: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    quantity: Option<u32>,
    #[serde(default, deserialize_with = "money::optional")]
    amount: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    delivered_quantity: Option<u32>,
    #[serde(default, deserialize_with = "lenient::timestamp")]
    delivered_on: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "lenient::timestamp")]
    created_at: Option<OffsetDateTime>,
}

#[derive(Deserialize)]
struct WireWallet {
    wallet_id: Option<WalletId>,
    #[serde(default, deserialize_with = "money::optional")]
    amount: Option<Decimal>,
    currency: Option<String>,
}

/// Reads the event of a body whose signature was found right, and holds the headers that repeat parts of it
/// against it.
pub(super) fn parse(body: &[u8], headers: &[(impl AsRef<str>, impl AsRef<[u8]>)]) -> Result<Event> {
    let text =
        str::from_utf8(body).map_err(|_| Error::invalid_response("the webhook's body is not UTF-8"))?;
    let wire: Wire<'_> = serde_json::from_str(text)
        .map_err(|_| Error::invalid_response("the webhook's body is not an event"))?;
    if values(headers, "x-event-id").any(|id| id != wire.id.as_bytes()) {
        return Err(refused("the webhook's X-Event-ID header contradicts its body"));
    }
    if values(headers, "x-event-type").any(|name| name != wire.name.as_bytes()) {
        return Err(refused("the webhook's X-Event-Type header contradicts its body"));
    }
    if wire.id.is_empty() {
        return Err(Error::invalid_response("the webhook's event has no id"));
    }
    let data = wire.data.map_or("null", RawValue::get);
    let kind = match wire.name.as_str() {
        "order.delivered" => EventKind::OrderDelivered(OrderEvent::parse(data)?),
        "order.partially_delivered" => EventKind::OrderPartiallyDelivered(OrderEvent::parse(data)?),
        "order.failed" => EventKind::OrderFailed(OrderEvent::parse(data)?),
        "order.cancelled" => EventKind::OrderCancelled(OrderEvent::parse(data)?),
        "wallet.credited" => EventKind::WalletCredited(WalletEvent::parse(data)),
        "wallet.debited" => EventKind::WalletDebited(WalletEvent::parse(data)),
        _ => EventKind::Unknown { name: wire.name, data: data.to_owned() },
    };
    Ok(Event { id: wire.id, created_at: wire.created_at, kind })
}

impl OrderEvent {
    fn parse(data: &str) -> Result<Self> {
        let wire: WireOrder = serde_json::from_str(data)
            .map_err(|_| Error::invalid_response("the webhook's order event has no readable order"))?;
        Ok(OrderEvent {
            order_id: wire.id,
            client_reference: wire.client_reference.or(wire.r#ref).or(wire.reference_code),
            status: wire.status,
            product_name: wire.product_name,
            denomination: wire.denomination,
            quantity: wire.quantity,
            amount: wire.amount,
            delivered_quantity: wire.delivered_quantity,
            delivered_on: wire.delivered_on,
            created_at: wire.created_at,
        })
    }
}

impl WalletEvent {
    /// Never fails: the members are guesses, and the text is kept.
    fn parse(data: &str) -> Self {
        let wire = serde_json::from_str(data).unwrap_or(WireWallet {
            wallet_id: None,
            amount: None,
            currency: None,
        });
        WalletEvent {
            wallet_id: wire.wallet_id,
            amount: wire.amount,
            currency: wire.currency,
            data: data.to_owned(),
        }
    }
}

impl fmt::Debug for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, inner): (_, &dyn fmt::Debug) = match self {
            EventKind::OrderDelivered(order) => ("OrderDelivered", order),
            EventKind::OrderPartiallyDelivered(order) => ("OrderPartiallyDelivered", order),
            EventKind::OrderFailed(order) => ("OrderFailed", order),
            EventKind::OrderCancelled(order) => ("OrderCancelled", order),
            EventKind::WalletCredited(wallet) => ("WalletCredited", wallet),
            EventKind::WalletDebited(wallet) => ("WalletDebited", wallet),
            EventKind::Unknown { name, .. } => {
                return f.debug_struct("Unknown").field("name", name).finish_non_exhaustive();
            }
        };
        f.debug_tuple(name).field(inner).finish()
    }
}

impl fmt::Debug for WalletEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WalletEvent")
            .field("wallet_id", &self.wallet_id)
            .field("amount", &self.amount)
            .field("currency", &self.currency)
            .finish_non_exhaustive()
    }
}
