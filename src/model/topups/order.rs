//! An order that tops up an account.

use rust_decimal::Decimal;
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::NewTopupOrder;
use crate::model::members::{Members, Model, Odd, deserialize_models};
use crate::model::money;
use crate::model::placed::{is_new, is_old, placed};
use crate::model::text_enum::text_enum;
use crate::{TopupOrderId, TopupProductId, TransactionId};

/// An order that tops up an account.
///
/// It is paid as soon as it exists, even while it is pending; an order that fails is refunded by itself.
///
/// It can be read as long as it has an id. Any other member that the server leaves out, or writes in a way that cannot be
/// read, is none, or what its field says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TopupOrder {
    /// Its id.
    pub id: TopupOrderId,
    /// The product that was ordered.
    pub product_id: Option<TopupProductId>,
    /// The name of the product.
    pub product_name: Option<String>,
    /// The name of the variant that the amount stood for.
    pub variant_name: Option<String>,
    /// The country of the product, ISO 3166-1 alpha-3, or `GLO` for everywhere.
    pub country_code: Option<String>,
    /// The price after the discount, in `currency`: less than the amount that was asked for. 0 if the server does not
    /// say.
    #[serde(serialize_with = "money::text")]
    pub amount: Decimal,
    /// The currency of the amount, ISO 4217.
    pub currency: Option<String>,
    /// The client reference of the order.
    pub client_reference: Option<String>,
    /// How far it is. Branch on this, not on how the call ended.
    pub status: TopupOrderStatus,
    /// How far it is in words for the customer.
    pub status_text: Option<String>,
    /// The transaction that debited the wallet.
    pub transaction_id: Option<TransactionId>,
    /// When it was placed.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub created_at: Option<OffsetDateTime>,
    /// When it was delivered, failed or was called off.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub completed_at: Option<OffsetDateTime>,
    /// Why it failed, as a code.
    pub failure_code: Option<String>,
    /// Why it failed, in words for the customer.
    pub failure_reason: Option<String>,
    /// Whether the customer can put right what made it fail, such as a mistyped number.
    pub is_user_fixable: Option<bool>,
}

placed!(TopupOrder, NewTopupOrder, is_it, is_another);

fn is_it(order: &TopupOrder, asked: &NewTopupOrder, since: Option<OffsetDateTime>) -> bool {
    is_new(order.product_id, asked.product(), order.created_at, since)
}

fn is_another(order: &TopupOrder, asked: &NewTopupOrder, since: Option<OffsetDateTime>) -> bool {
    is_old(order.product_id, asked.product(), order.created_at, since)
}

deserialize_models! { TopupOrder }

impl Model for TopupOrder {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(TopupOrder {
            id: from.needed("id", Members::number)?,
            product_id: from.number("product_id"),
            product_name: from.text("product_name"),
            variant_name: from.text("variant_name"),
            country_code: from.text("country_code"),
            amount: from.amount("amount").unwrap_or_default(),
            currency: from.text("currency"),
            client_reference: from.reference(),
            status: from.kind("status"),
            status_text: from.text("status_text"),
            transaction_id: from.number("transaction_id"),
            created_at: from.placed_at(),
            completed_at: from.time("completed_at"),
            failure_code: from.text("failure_code"),
            failure_reason: from.text("failure_reason"),
            is_user_fixable: from.flag("is_user_fixable"),
        })
    }
}

text_enum! {
    /// How far a top-up is.
    TopupOrderStatus {
        /// Paid, and being delivered. It can stay so for hours without being stuck.
        Pending = "PENDING",
        /// The account is topped up.
        Delivered = "DELIVERED",
        /// The account was not topped up and the wallet was refunded.
        Failed = "FAILED",
        /// Called off, and the wallet was refunded.
        Cancelled = "CANCELLED" | "CANCELED",
        /// The account is topped up, in the operator's own words.
        Recharged = "RECHARGED",
    }
}

impl TopupOrderStatus {
    /// Whether it stays as it is: delivered, recharged, failed or cancelled. A status this version does not
    /// know may still change.
    ///
    /// When a server says `RECHARGED` is not documented; it is taken for a success, because credit that
    /// reached an account does not come back.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        use TopupOrderStatus::{Cancelled, Delivered, Failed, Recharged};
        matches!(self, Delivered | Recharged | Failed | Cancelled)
    }
}
