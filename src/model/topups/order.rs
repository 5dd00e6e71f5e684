//! A top-up order and its status.

use rust_decimal::Decimal;
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::NewTopupOrder;
use crate::model::members::{Members, Model, ReadError, deserialize_models};
use crate::model::money;
use crate::model::placed::{contradicts_call, matches_call, placed};
use crate::model::text_enum::text_enum;
use crate::{TopupOrderId, TopupProductId, TransactionId};

/// A top-up order.
///
/// It is paid as soon as it exists, even while it is pending. If it fails, it is refunded automatically.
///
/// Only the id is required. Any other field is `None`, or has the value stated below, if its member is missing or
/// cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TopupOrder {
    /// The order's id.
    pub id: TopupOrderId,
    /// The product's id.
    pub product_id: Option<TopupProductId>,
    /// The product's name.
    pub product_name: Option<String>,
    /// The name of the variant that the amount selected.
    pub variant_name: Option<String>,
    /// The product's country, ISO 3166-1 alpha-3, or `GLO` for global.
    pub country_code: Option<String>,
    /// The price after the discount, in `currency`. The amount of the request was the price before it. 0 if the
    /// server does not say.
    #[serde(serialize_with = "money::text")]
    pub amount: Decimal,
    /// The currency of `amount`, ISO 4217.
    pub currency: Option<String>,
    /// The order's client reference.
    pub client_reference: Option<String>,
    /// The status. Act on this, not on whether a call succeeded. `Unknown` if the server does not say.
    pub status: TopupOrderStatus,
    /// A description of the status to show to the customer.
    pub status_text: Option<String>,
    /// The id of the transaction that debited the wallet.
    pub transaction_id: Option<TransactionId>,
    /// Time of placement.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub created_at: Option<OffsetDateTime>,
    /// Time of delivery, failure or cancellation.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub completed_at: Option<OffsetDateTime>,
    /// The code of the reason for a failure.
    pub failure_code: Option<String>,
    /// The reason for a failure, to show to the customer.
    pub failure_reason: Option<String>,
    /// Whether the customer can fix the cause of a failure, such as a mistyped number.
    pub is_user_fixable: Option<bool>,
}

placed!(TopupOrder, NewTopupOrder, is_same_order, is_other_order);

fn is_same_order(order: &TopupOrder, new: &NewTopupOrder, since: Option<OffsetDateTime>) -> bool {
    matches_call(order.product_id, new.product(), order.created_at, since)
}

fn is_other_order(order: &TopupOrder, new: &NewTopupOrder, since: Option<OffsetDateTime>) -> bool {
    contradicts_call(order.product_id, new.product(), order.created_at, since)
}

deserialize_models! { TopupOrder }

impl Model for TopupOrder {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(TopupOrder {
            id: from.required("id", Members::number)?,
            product_id: from.number("product_id"),
            product_name: from.text("product_name"),
            variant_name: from.text("variant_name"),
            country_code: from.text("country_code"),
            amount: from.amount("amount").unwrap_or_default(),
            currency: from.text("currency"),
            client_reference: from.reference(),
            status: from.text_enum("status"),
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
    /// The status of a top-up order.
    TopupOrderStatus {
        /// Paid, and not delivered yet. This can take hours.
        Pending = "PENDING",
        /// The account is topped up.
        Delivered = "DELIVERED",
        /// The account was not topped up and the wallet was refunded.
        Failed = "FAILED",
        /// Cancelled, and the wallet was refunded.
        Cancelled = "CANCELLED" | "CANCELED",
        /// The account is topped up. This is the operator's term.
        Recharged = "RECHARGED",
    }
}

impl TopupOrderStatus {
    /// Whether the status is final: delivered, recharged, failed or cancelled. A status that this version does not
    /// know may still change.
    ///
    /// The API's documentation does not say when a server sends `RECHARGED`. It counts as a success, because credit
    /// that reached an account is not returned.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        use TopupOrderStatus::{Cancelled, Delivered, Failed, Recharged};
        matches!(self, Delivered | Recharged | Failed | Cancelled)
    }
}
