//! An eSIM order, its status and its activation code.

use std::fmt;

use rust_decimal::Decimal;
use time::OffsetDateTime;

use super::NewEsimOrder;
use crate::model::members::{Members, Model, ReadError, deserialize_models};
use crate::model::placed::{contradicts_call, matches_call, placed};
use crate::model::text_enum::text_enum;
use crate::{EsimOrderId, EsimProductId, Secret, TransactionId};

/// An eSIM order.
///
/// It is paid as soon as it exists, even while it is pending. If it fails, it is refunded automatically.
///
/// Only the id is required. Any other field is `None`, or has the value stated below, if its member is missing or
/// cannot be read.
#[derive(Clone)]
#[non_exhaustive]
pub struct EsimOrder {
    /// The order's id.
    pub id: EsimOrderId,
    /// The product's id.
    pub product_id: Option<EsimProductId>,
    /// The product's name.
    pub product_name: Option<String>,
    /// The name of the plan that the amount selected.
    pub variant_name: Option<String>,
    /// The product's country, ISO 3166-1 alpha-3, or `GLO` for global.
    pub country_code: Option<String>,
    /// The data allowance in gigabytes. 0 means unlimited, or paid by the minute. `None` if it is not a number, such
    /// as `Unlimited`.
    pub data_amount_gb: Option<Decimal>,
    /// The validity of the plan, in days.
    pub validity_days: Option<u32>,
    /// The price after the discount, in `currency`. The amount of the request was the price before it. 0 if the
    /// server does not say.
    pub amount: Decimal,
    /// The currency of `amount`, ISO 4217.
    pub currency: Option<String>,
    /// The order's client reference.
    pub client_reference: Option<String>,
    /// The status. Act on this, not on whether a call succeeded. `Unknown` if the server does not say.
    pub status: EsimOrderStatus,
    /// A description of the status to show to the customer.
    pub status_text: Option<String>,
    /// Whether the eSIM is in use.
    pub activation_status: Option<ActivationStatus>,
    /// Whether the eSIM is on a device. The server checks this with the operator if you get a single order, but not in
    /// lists.
    pub is_installed: Option<bool>,
    /// Time of installation.
    pub installed_at: Option<OffsetDateTime>,
    /// Time of first use.
    pub activated_at: Option<OffsetDateTime>,
    /// The code that installs the eSIM (`LPA:1$...`). `None` before delivery, after installation, and in lists.
    pub activation_code: Option<Secret>,
    /// The number of the eSIM's profile (the ICCID). `None` before delivery.
    pub iccid: Option<String>,
    /// The id of the transaction that debited the wallet.
    pub transaction_id: Option<TransactionId>,
    /// Time of placement.
    pub created_at: Option<OffsetDateTime>,
    /// Time of delivery, failure or cancellation.
    pub completed_at: Option<OffsetDateTime>,
    /// The code of the reason for a failure.
    pub failure_code: Option<String>,
    /// The reason for a failure, to show to the customer.
    pub failure_reason: Option<String>,
    /// Whether the customer can fix the cause of a failure.
    pub is_user_fixable: Option<bool>,
}

placed!(EsimOrder, NewEsimOrder, is_same_order, is_other_order);

fn is_same_order(order: &EsimOrder, new: &NewEsimOrder, since: Option<OffsetDateTime>) -> bool {
    matches_call(order.product_id, new.product(), order.created_at, since)
}

fn is_other_order(order: &EsimOrder, new: &NewEsimOrder, since: Option<OffsetDateTime>) -> bool {
    contradicts_call(order.product_id, new.product(), order.created_at, since)
}

/// Not derived, so a new field is not printed by accident.
impl fmt::Debug for EsimOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EsimOrder")
            .field("id", &self.id)
            .field("product_id", &self.product_id)
            .field("product_name", &self.product_name)
            .field("variant_name", &self.variant_name)
            .field("country_code", &self.country_code)
            .field("data_amount_gb", &self.data_amount_gb)
            .field("validity_days", &self.validity_days)
            .field("amount", &self.amount)
            .field("currency", &self.currency)
            .field("client_reference", &self.client_reference)
            .field("status", &self.status)
            .field("status_text", &self.status_text)
            .field("activation_status", &self.activation_status)
            .field("is_installed", &self.is_installed)
            .field("activation_code", &self.activation_code)
            .field("transaction_id", &self.transaction_id)
            .field("created_at", &self.created_at)
            .field("completed_at", &self.completed_at)
            .field("failure_code", &self.failure_code)
            .field("failure_reason", &self.failure_reason)
            .field("is_user_fixable", &self.is_user_fixable)
            .finish_non_exhaustive()
    }
}

deserialize_models! { EsimOrder }

impl Model for EsimOrder {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(EsimOrder {
            id: from.required("id", Members::number)?,
            product_id: from.number("product_id"),
            product_name: from.text("product_name"),
            variant_name: from.text("variant_name"),
            country_code: from.text("country_code"),
            data_amount_gb: from.amount("data_amount_gb"),
            validity_days: from.number("validity_days"),
            amount: from.amount("amount").unwrap_or_default(),
            currency: from.text("currency"),
            client_reference: from.reference(),
            status: from.text_enum("status"),
            status_text: from.text("status_text"),
            activation_status: from.optional_text_enum("activation_status"),
            is_installed: from.flag("is_installed"),
            installed_at: from.time("installed_at"),
            activated_at: from.time("activated_at"),
            activation_code: from.code("activation_code"),
            iccid: from.text("iccid"),
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
    /// The status of an eSIM order.
    EsimOrderStatus {
        /// Paid, and not delivered yet.
        Pending = "PENDING",
        /// The activation code was delivered.
        Delivered = "DELIVERED",
        /// Nothing was delivered and the wallet was refunded.
        Failed = "FAILED",
        /// Cancelled, and the wallet was refunded.
        Cancelled = "CANCELLED" | "CANCELED",
    }
}

impl EsimOrderStatus {
    /// Whether the status is final: delivered, failed or cancelled. A status that this version does not know may
    /// still change.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, EsimOrderStatus::Delivered | EsimOrderStatus::Failed | EsimOrderStatus::Cancelled)
    }
}

text_enum! {
    /// Whether an eSIM is in use.
    ActivationStatus {
        /// Not on a device yet.
        NotInstalled = "NOT_INSTALLED",
        /// On a device, and its plan is running.
        Active = "ACTIVE",
        /// Its plan has ended.
        Expired = "EXPIRED",
    }
}
