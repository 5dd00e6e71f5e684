//! What moved money in or out of a wallet.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::model::text_enum::text_enum;
use crate::model::{lenient, money};
use crate::{CurrencyId, TransactionId, WalletId};

/// What moved money in or out of a wallet: a deposit, an order, a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Transaction {
    /// Its id.
    pub id: TransactionId,
    /// The wallet.
    pub wallet_id: WalletId,
    /// The wallet's currency.
    #[serde(default, deserialize_with = "lenient::or_none")]
    pub currency_id: Option<CurrencyId>,
    /// How much, in the wallet's currency, never below zero; the type tells the direction.
    #[serde(deserialize_with = "size", serialize_with = "money::text")]
    pub amount: Decimal,
    /// In which direction.
    pub transaction_type: TransactionType,
    /// How far it is.
    pub status: TransactionStatus,
    /// The currency money was exchanged from, ISO 4217; none without an exchange.
    #[serde(default, deserialize_with = "lenient::text")]
    pub source_currency: Option<String>,
    /// The currency money was exchanged to, ISO 4217; none without an exchange.
    #[serde(default, deserialize_with = "lenient::text")]
    pub destination_currency: Option<String>,
    /// How many units of the one currency a unit of the other cost; none without an exchange.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub forex_rate: Option<Decimal>,
    /// What the exchange cost, in the wallet's currency; none without an exchange.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub conversion_charges: Option<Decimal>,
    /// What it was for, as free text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub remarks: Option<String>,
    /// When it happened.
    #[serde(default, deserialize_with = "lenient::timestamp", serialize_with = "rfc3339::option::serialize")]
    pub created_at: Option<OffsetDateTime>,
}

/// Some servers write what leaves a wallet with a minus sign and some do not.
fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    Ok(money::required(deserializer)?.abs())
}

text_enum! {
    /// In which direction a transaction moved money.
    TransactionType {
        /// Into the wallet.
        Credit = "CREDIT",
        /// Out of the wallet.
        Debit = "DEBIT",
    }
}

text_enum! {
    /// How far a transaction is.
    TransactionStatus {
        /// Done.
        Completed = "COMPLETED",
        /// Under way.
        Pending = "PENDING",
        /// It did not happen.
        Failed = "FAILED",
    }
}
