//! A wallet and its balance.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::model::members::{Members, Model, ReadError, deserialize_models};
use crate::model::money;
use crate::model::text_enum::text_enum;
use crate::{CurrencyId, WalletId};

/// A wallet, from which orders are paid. There is one per currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Wallet {
    /// The wallet's id.
    pub id: WalletId,
    /// The currency's id. [`Session::currencies`](crate::Session::currencies) returns its code.
    pub currency_id: CurrencyId,
    /// The available balance, in the wallet's currency. Fetch it again before each decision.
    #[serde(serialize_with = "money::text")]
    pub amount: Decimal,
    /// Whether the wallet is prepaid or postpaid.
    #[serde(rename = "type")]
    pub wallet_type: WalletType,
}

deserialize_models! { Wallet }

impl Model for Wallet {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(Wallet {
            id: from.required("id", Members::number)?,
            currency_id: from.required("currency_id", Members::number)?,
            amount: from.required("amount", Members::amount)?,
            wallet_type: from.text_enum("type"),
        })
    }
}

text_enum! {
    /// How a wallet is funded.
    WalletType {
        /// Funded in advance.
        Prepaid = "PREPAID",
        /// Settled afterwards.
        Postpaid = "POSTPAID",
    }
}
