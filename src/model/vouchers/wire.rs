//! Orders of gift cards as servers of all generations write them.

use super::{Order, Voucher};
use crate::model::members::{Members, Model, Odd, deserialize_models};

deserialize_models! { Order Voucher }

impl Model for Order {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        let (email, wallet_id) = (from.text("email"), from.number("wallet_id"));
        Ok(Order {
            id: from.needed("id", Members::number)?,
            product_id: from.number("product_id").unwrap_or(0.into()),
            product_name: from.text("product_name"),
            denomination: from.amount("denomination").unwrap_or_default(),
            quantity: from.number("quantity").unwrap_or_default(),
            amount: from.amount("amount"),
            discount: from.amount("discount"),
            client_reference: from.reference(),
            is_doubtful: from.has("email") && email.is_none() || from.has("wallet_id") && wallet_id.is_none(),
            wallet_id,
            status: from.kind("status"),
            message: from.text("message"),
            email,
            base_currency: from.text("base_currency").or_else(|| from.text("currency")),
            deduction_currency: from.text("deduction_currency"),
            transaction_id: from.number("transaction_id"),
            created_at: from.placed_at(),
            vouchers: from.list("vouchers"),
        })
    }
}

impl Model for Voucher {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(Voucher {
            card_number: from.code("card_number"),
            pin_code: from.code("pin_code"),
            claim_url: from.code("claim_url"),
            voucher_reference_number: from.text("voucher_reference_number"),
            expires_at: from.end("expires_at"),
        })
    }
}
