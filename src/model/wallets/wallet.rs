//! What orders are paid from.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::model::members::{Members, Model, Odd, deserialize_models};
use crate::model::money;
use crate::model::text_enum::text_enum;
use crate::{CurrencyId, WalletId};

/// What orders are paid from. There is one wallet per currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Wallet {
    /// Its id.
    pub id: WalletId,
    /// Its currency; [`Session::currencies`](crate::Session::currencies) has the code.
    pub currency_id: CurrencyId,
    /// What can be spent, in its currency. Never decide on an old balance: ask again.
    #[serde(serialize_with = "money::text")]
    pub amount: Decimal,
    /// Whether it is filled before or settled after.
    #[serde(rename = "type")]
    pub wallet_type: WalletType,
}

deserialize_models! { Wallet }

impl Model for Wallet {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(Wallet {
            id: from.needed("id", Members::number)?,
            currency_id: from.needed("currency_id", Members::number)?,
            amount: from.needed("amount", Members::amount)?,
            wallet_type: from.kind("type"),
        })
    }
}

text_enum! {
    /// Whether a wallet is filled before it is used or settled afterwards.
    WalletType {
        /// Filled before.
        Prepaid = "PREPAID",
        /// Settled after.
        Postpaid = "POSTPAID",
    }
}
