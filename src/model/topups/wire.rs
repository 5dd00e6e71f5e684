//! A top-up as servers of all generations write it.

use rust_decimal::Decimal;
use serde::Deserialize;
use time::OffsetDateTime;

use super::{TopupOrder, TopupOrderStatus};
use crate::model::{lenient, money};
use crate::{TopupOrderId, TopupProductId, TransactionId};

#[derive(Deserialize)]
pub(super) struct Wire {
    id: TopupOrderId,
    #[serde(default, deserialize_with = "lenient::or_none")]
    product_id: Option<TopupProductId>,
    #[serde(default, deserialize_with = "lenient::text")]
    product_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    variant_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    country_code: Option<String>,
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
    status: TopupOrderStatus,
    #[serde(default, deserialize_with = "lenient::text")]
    status_text: Option<String>,
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

impl From<Wire> for TopupOrder {
    fn from(wire: Wire) -> Self {
        TopupOrder {
            id: wire.id,
            product_id: wire.product_id,
            product_name: wire.product_name,
            variant_name: wire.variant_name,
            country_code: wire.country_code,
            amount: wire.amount,
            currency: wire.currency,
            client_reference: wire.client_reference.or(wire.own_reference).or(wire.reference_code),
            status: wire.status,
            status_text: wire.status_text,
            transaction_id: wire.transaction_id,
            created_at: wire.created_at.or(wire.placed_at),
            completed_at: wire.completed_at,
            failure_code: wire.failure_code,
            failure_reason: wire.failure_reason,
            is_user_fixable: wire.is_user_fixable,
        }
    }
}
