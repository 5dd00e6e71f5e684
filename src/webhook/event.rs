//! Webhook events.

use std::fmt;

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::signature::{unauthorized, values};
use crate::model::Members;
use crate::{Error, OrderId, OrderStatus, Result, WalletId};

/// A webhook event from a verified delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The event's id. A repeated delivery has the same id: store it, and handle the event once.
    pub id: String,
    /// When the event happened. If the event has no readable time, when this delivery was sent (`X-Timestamp`).
    pub created_at: OffsetDateTime,
    /// The kind of event and its data.
    pub kind: EventKind,
}

/// The kind of a webhook [`Event`] and its data.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// `order.delivered`: all codes of a gift card order can be fetched.
    OrderDelivered(OrderEvent),
    /// `order.partially_delivered`: some codes can be fetched. The others are pending or failed.
    OrderPartiallyDelivered(OrderEvent),
    /// `order.failed`: the order failed. The wallet is refunded automatically, in a separate transaction.
    OrderFailed(OrderEvent),
    /// `order.cancelled`: the order was cancelled.
    OrderCancelled(OrderEvent),
    /// `wallet.credited`: a wallet was credited.
    WalletCredited(WalletEvent),
    /// `wallet.debited`: a wallet was debited.
    WalletDebited(WalletEvent),
    /// A kind this version does not know, or an order event without a readable order id. Respond with a 2xx status
    /// and ignore it, or read `data`.
    Unknown {
        /// The server's name for the kind, such as `topup.completed`.
        name: String,
        /// The JSON text of the event's `data`, as sent. `Debug` omits it, because its content is unknown.
        data: String,
    },
}

/// A gift card order at the time of an event. It contains no codes: fetch the order to read them.
///
/// Every field except the order's id is `None` if it is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderEvent {
    /// The order's id.
    pub order_id: OrderId,
    /// The client reference the order was created with.
    pub client_reference: Option<String>,
    /// The order's status.
    pub status: Option<OrderStatus>,
    /// The product's name.
    pub product_name: Option<String>,
    /// The face value of one card, in the product's currency.
    pub denomination: Option<Decimal>,
    /// How many cards were ordered.
    pub quantity: Option<u32>,
    /// The face value of all cards, in the product's currency.
    pub amount: Option<Decimal>,
    /// How many cards have been delivered.
    pub delivered_quantity: Option<u32>,
    /// When the order was delivered.
    pub delivered_on: Option<OffsetDateTime>,
    /// When the order was created.
    pub created_at: Option<OffsetDateTime>,
}

/// A credit or debit of a wallet.
///
/// The API does not document the data of these events. The usual fields are read if present, and `data` keeps the
/// text in full. To learn a wallet's balance, fetch the wallet instead of adding up events.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalletEvent {
    /// The wallet's id.
    pub wallet_id: Option<WalletId>,
    /// The amount in the wallet's currency. The [`EventKind`] says whether it was credited or debited.
    pub amount: Option<Decimal>,
    /// The currency, as an ISO 4217 code.
    pub currency: Option<String>,
    /// The JSON text of the event's `data`, as sent. `Debug` omits it.
    pub data: String,
}

/// Reads the event from a verified body, and compares the headers that repeat parts of it.
///
/// A malformed field is ignored without affecting the others.
pub(super) fn parse(
    body: &[u8],
    headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
    sent_at: OffsetDateTime,
) -> Result<Event> {
    let text = String::from_utf8_lossy(body);
    let members = Members::of(text.trim_start_matches('\u{feff}'))
        .ok_or_else(|| Error::invalid_response("the webhook's body is not an event"))?;
    let id = field_or_header(&members, "id", headers, "X-Event-ID")?;
    let name = field_or_header(&members, "type", headers, "X-Event-Type")?;
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
    Ok(Event { id, created_at: members.time("created_at").unwrap_or(sent_at), kind })
}

/// Returns a field of the body or, if the body has none, the header that repeats it.
fn field_or_header(
    members: &Members<'_>,
    field: &str,
    headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
    header: &str,
) -> Result<String> {
    let mut text = trimmed(members, field);
    for value in values(headers, header).filter(|value| !value.is_empty()) {
        let expected = text.get_or_insert_with(|| String::from_utf8_lossy(value).into_owned());
        if expected.as_bytes() != value {
            return Err(unauthorized(format!("the webhook's {header} header contradicts its body")));
        }
    }
    text.ok_or_else(|| Error::invalid_response(format!("the webhook's event has no {field}")))
}

/// Returns a field without surrounding blanks, or `None` if nothing is left.
fn trimmed(members: &Members<'_>, name: &str) -> Option<String> {
    members.text(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl OrderEvent {
    /// Returns `None` without a readable order id.
    fn parse(data: &str) -> Option<Self> {
        let members = Members::of(data)?;
        Some(OrderEvent {
            order_id: members.number::<i64>("id")?.into(),
            client_reference: members.reference(),
            status: members.optional_text_enum("status"),
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
    /// Cannot fail: the fields are undocumented, and `data` keeps the text.
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
