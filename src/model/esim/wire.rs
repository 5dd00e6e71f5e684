//! An order of an eSIM as servers of all generations write it.

use rust_decimal::Decimal;
use serde::Deserialize;
use time::OffsetDateTime;

use super::{ActivationStatus, EsimOrder, EsimOrderStatus};
use crate::http::json_text;
use crate::model::{lenient, money};
use crate::{EsimOrderId, EsimProductId, Secret, TransactionId};

#[derive(Deserialize)]
pub(super) struct Wire {
    id: EsimOrderId,
    #[serde(default, deserialize_with = "lenient::or_none")]
    product_id: Option<EsimProductId>,
    #[serde(default, deserialize_with = "lenient::text")]
    product_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    variant_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    country_code: Option<String>,
    #[serde(default, deserialize_with = "money::optional")]
    data_amount_gb: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    validity_days: Option<u32>,
    #[serde(deserialize_with = "money::required")]
    amount: Decimal,
    #[serde(default, deserialize_with = "lenient::text")]
    currency: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    client_reference: Option<String>,
    #[serde(default, rename = "ref", deserialize_with = "lenient::text")]
    own_reference: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    reference_code: Option<String>,
    status: EsimOrderStatus,
    #[serde(default, deserialize_with = "lenient::text")]
    status_text: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    activation_status: Option<ActivationStatus>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    is_installed: Option<bool>,
    #[serde(default, deserialize_with = "lenient::timestamp")]
    installed_at: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "lenient::timestamp")]
    activated_at: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "json_text::optional")]
    activation_code: Option<Secret>,
    #[serde(default, deserialize_with = "lenient::text")]
    iccid: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    transaction_id: Option<TransactionId>,
    #[serde(default, deserialize_with = "lenient::timestamp")]
    created_at: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "lenient::timestamp")]
    placed_at: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "lenient::timestamp")]
    completed_at: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "lenient::text")]
    failure_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    failure_reason: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    is_user_fixable: Option<bool>,
}

impl From<Wire> for EsimOrder {
    fn from(wire: Wire) -> Self {
        EsimOrder {
            id: wire.id,
            product_id: wire.product_id,
            product_name: wire.product_name,
            variant_name: wire.variant_name,
            country_code: wire.country_code,
            data_amount_gb: wire.data_amount_gb,
            validity_days: wire.validity_days,
            amount: wire.amount,
            currency: wire.currency,
            client_reference: wire.client_reference.or(wire.own_reference).or(wire.reference_code),
            status: wire.status,
            status_text: wire.status_text,
            activation_status: wire.activation_status,
            is_installed: wire.is_installed,
            installed_at: wire.installed_at,
            activated_at: wire.activated_at,
            activation_code: wire.activation_code,
            iccid: wire.iccid,
            transaction_id: wire.transaction_id,
            created_at: wire.created_at.or(wire.placed_at),
            completed_at: wire.completed_at,
            failure_code: wire.failure_code,
            failure_reason: wire.failure_reason,
            is_user_fixable: wire.is_user_fixable,
        }
    }
}
