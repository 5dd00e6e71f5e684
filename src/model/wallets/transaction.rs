//! What moved money in or out of a wallet.

use rust_decimal::Decimal;
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::model::members::{Members, Model, Odd, deserialize_models};
use crate::model::money;
use crate::model::text_enum::text_enum;
use crate::{CurrencyId, TransactionId, WalletId};

/// What moved money in or out of a wallet: a deposit, an order, a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Transaction {
    /// Its id.
    pub id: TransactionId,
    /// The wallet.
    pub wallet_id: WalletId,
    /// The wallet's currency.
    pub currency_id: Option<CurrencyId>,
    /// How much, in the wallet's currency, never below zero; the type tells the direction.
    #[serde(serialize_with = "money::text")]
    pub amount: Decimal,
    /// In which direction.
    pub transaction_type: TransactionType,
    /// How far it is.
    pub status: TransactionStatus,
    /// The currency money was exchanged from, ISO 4217; none without an exchange.
    pub source_currency: Option<String>,
    /// The currency money was exchanged to, ISO 4217; none without an exchange.
    pub destination_currency: Option<String>,
    /// How many units of the one currency a unit of the other cost; none without an exchange.
    #[serde(serialize_with = "money::text_or_null")]
    pub forex_rate: Option<Decimal>,
    /// What the exchange cost, in the wallet's currency; none without an exchange.
    #[serde(serialize_with = "money::text_or_null")]
    pub conversion_charges: Option<Decimal>,
    /// What it was for, as free text.
    pub remarks: Option<String>,
    /// When it happened.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub created_at: Option<OffsetDateTime>,
}

deserialize_models! { Transaction }

impl Model for Transaction {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(Transaction {
            id: from.needed("id", Members::number)?,
            wallet_id: from.needed("wallet_id", Members::number)?,
            currency_id: from.number("currency_id"),
            // Some servers write what leaves a wallet with a minus sign and some do not.
            amount: from.needed("amount", Members::amount)?.abs(),
            transaction_type: from.kind("transaction_type"),
            status: from.kind("status"),
            source_currency: from.text("source_currency"),
            destination_currency: from.text("destination_currency"),
            forex_rate: from.amount("forex_rate"),
            conversion_charges: from.amount("conversion_charges"),
            remarks: from.text("remarks"),
            created_at: from.time("created_at"),
        })
    }
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
