//! Orders of eSIMs as servers of all generations write them.

use super::EsimOrder;
use crate::model::members::{Members, Model, Odd, deserialize_models};

deserialize_models! { EsimOrder }

impl Model for EsimOrder {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(EsimOrder {
            id: from.needed("id", Members::number)?,
            product_id: from.number("product_id"),
            product_name: from.text("product_name"),
            variant_name: from.text("variant_name"),
            country_code: from.text("country_code"),
            data_amount_gb: from.amount("data_amount_gb"),
            validity_days: from.number("validity_days"),
            amount: from.amount("amount").unwrap_or_default(),
            currency: from.text("currency"),
            client_reference: from.reference(),
            status: from.kind("status"),
            status_text: from.text("status_text"),
            activation_status: from.kind_if_any("activation_status"),
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
