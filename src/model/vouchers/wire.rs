//! An order of gift cards as servers of all generations write it.

use rust_decimal::Decimal;
use serde::Deserialize;
use time::OffsetDateTime;

use super::{Order, OrderStatus, Voucher};
use crate::model::{lenient, money};
use crate::{OrderId, ProductId, TransactionId, WalletId};

#[derive(Deserialize)]
pub(super) struct Wire {
    id: OrderId,
    product_id: ProductId,
    #[serde(default, deserialize_with = "lenient::text")]
    product_name: Option<String>,
    #[serde(deserialize_with = "money::required")]
    denomination: Decimal,
    quantity: u32,
    #[serde(default, deserialize_with = "money::optional")]
    amount: Option<Decimal>,
    #[serde(default, deserialize_with = "money::optional")]
    discount: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::text")]
    client_reference: Option<String>,
    #[serde(default, rename = "ref", deserialize_with = "lenient::text")]
    own_reference: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    reference_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    wallet_id: Option<WalletId>,
    status: OrderStatus,
    #[serde(default, deserialize_with = "lenient::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    email: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    base_currency: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    currency: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    deduction_currency: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    transaction_id: Option<TransactionId>,
    #[serde(default, deserialize_with = "lenient::timestamp")]
    created_at: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "lenient::timestamp")]
    placed_at: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    vouchers: Vec<Voucher>,
}

impl From<Wire> for Order {
    fn from(wire: Wire) -> Self {
        Order {
            id: wire.id,
            product_id: wire.product_id,
            product_name: wire.product_name,
            denomination: wire.denomination,
            quantity: wire.quantity,
            amount: wire.amount,
            discount: wire.discount,
            client_reference: wire.client_reference.or(wire.own_reference).or(wire.reference_code),
            wallet_id: wire.wallet_id,
            status: wire.status,
            message: wire.message,
            email: wire.email,
            base_currency: wire.base_currency.or(wire.currency),
            deduction_currency: wire.deduction_currency,
            transaction_id: wire.transaction_id,
            created_at: wire.created_at.or(wire.placed_at),
            vouchers: wire.vouchers,
        }
    }
}
