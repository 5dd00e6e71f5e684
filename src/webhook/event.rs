//! What happened: the event in an authentic delivery.

use std::fmt;

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::signature::{refused, values};
use crate::model::Members;
use crate::{Error, OrderId, OrderStatus, Result, WalletId};

/// One event, from a delivery that was found authentic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Names the event. A delivery that is repeated has the same one: keep it, and handle it once.
    pub id: String,
    /// When it happened; where the event has no time that can be read, when this delivery was sent (`X-Timestamp`).
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
    /// A kind this version does not know, or an order event that does not say which order it is about. Answer 2xx
    /// and ignore it, or read `data`.
    Unknown {
        /// The server's name for the kind, such as `topup.completed`.
        name: String,
        /// The JSON text of the event's `data`, as sent. `Debug` leaves it out: nobody knows what is in it.
        data: String,
    },
}

/// A voucher order at the time of an event. The codes are not in it: fetch the order.
///
/// All but the order's id is as far as it could be read: whatever is odd is `None`, and does not cost the event.
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

/// Reads the event of a body whose signature was found right, and holds the headers that repeat parts of it
/// against it. Whatever is odd about one member voids that member alone.
pub(super) fn parse(
    body: &[u8],
    headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
    sent: OffsetDateTime,
) -> Result<Event> {
    let text = String::from_utf8_lossy(body);
    let members = Members::of(text.trim_start_matches('\u{feff}'))
        .ok_or_else(|| Error::invalid_response("the webhook's body is not an event"))?;
    let id = named(&members, "id", headers, "x-event-id")
        .map_err(|_| refused("the webhook's X-Event-ID header contradicts its body"))?
        .ok_or_else(|| Error::invalid_response("the webhook's event has no id"))?;
    let name = named(&members, "type", headers, "x-event-type")
        .map_err(|_| refused("the webhook's X-Event-Type header contradicts its body"))?
        .ok_or_else(|| Error::invalid_response("the webhook's event has no type"))?;
    let data = members.last("data").map_or("null", RawValue::get);
    let order = || OrderEvent::parse(data);
    let kind = match name.as_str() {
        "order.delivered" => order().map(EventKind::OrderDelivered),
        "order.partially_delivered" => order().map(EventKind::OrderPartiallyDelivered),
        "order.failed" => order().map(EventKind::OrderFailed),
        "order.cancelled" => order().map(EventKind::OrderCancelled),
        "wallet.credited" => Some(EventKind::WalletCredited(WalletEvent::parse(data))),
        "wallet.debited" => Some(EventKind::WalletDebited(WalletEvent::parse(data))),
        _ => None,
    };
    let kind = kind.unwrap_or_else(|| EventKind::Unknown { name, data: data.to_owned() });
    Ok(Event { id, created_at: members.time("created_at").unwrap_or(sent), kind })
}

/// A header contradicts the body.
struct Contradiction;

/// A text that names the event, from the body or, where that has none, from the header that repeats it.
fn named(
    members: &Members<'_>,
    member: &str,
    headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
    header: &str,
) -> Result<Option<String>, Contradiction> {
    let mut name = text(members, member);
    for value in values(headers, header).filter(|value| !value.is_empty()) {
        let said = name.get_or_insert_with(|| String::from_utf8_lossy(value).into_owned());
        if said.as_bytes() != value {
            return Err(Contradiction);
        }
    }
    Ok(name)
}

/// A text without the blanks around it.
fn text(members: &Members<'_>, name: &str) -> Option<String> {
    members.text(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl OrderEvent {
    /// Nothing if it does not say which order it is about.
    fn parse(data: &str) -> Option<Self> {
        let members = Members::of(data)?;
        Some(OrderEvent {
            order_id: members.number::<i64>("id")?.into(),
            client_reference: members.reference(),
            status: members.kind_if_any("status"),
            product_name: members.text("product_name"),
            denomination: members.amount("denomination"),
            quantity: members.number("quantity"),
            amount: members.amount("amount"),
            delivered_quantity: members.number("delivered_quantity"),
            delivered_on: members.time("delivered_on"),
            created_at: members.time("created_at"),
        })
    }
}

impl WalletEvent {
    /// Never fails: the members are guesses, and the text is kept.
    fn parse(data: &str) -> Self {
        let members = Members::of(data).unwrap_or_default();
        WalletEvent {
            wallet_id: members.number::<i64>("wallet_id").map(WalletId::from),
            amount: members.amount("amount"),
            currency: members.text("currency"),
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
