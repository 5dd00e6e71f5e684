//! Top-ups as servers of all generations write them.

use super::TopupOrder;
use crate::model::members::{Members, Model, Odd, deserialize_models};

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
