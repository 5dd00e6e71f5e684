//! A transaction of a wallet.

use rust_decimal::Decimal;
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::model::members::{Members, Model, ReadError, deserialize_models};
use crate::model::money;
use crate::model::text_enum::text_enum;
use crate::{CurrencyId, TransactionId, WalletId};

/// A transaction that moved money into or out of a wallet, such as a deposit, an order or a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Transaction {
    /// The transaction's id.
    pub id: TransactionId,
    /// The wallet's id.
    pub wallet_id: WalletId,
    /// The id of the wallet's currency.
    pub currency_id: Option<CurrencyId>,
    /// The amount in the wallet's currency, never negative. `transaction_type` states the direction.
    #[serde(serialize_with = "money::text")]
    pub amount: Decimal,
    /// The direction.
    pub transaction_type: TransactionType,
    /// The status.
    pub status: TransactionStatus,
    /// The currency before the exchange, ISO 4217. `None` without an exchange.
    pub source_currency: Option<String>,
    /// The currency after the exchange, ISO 4217. `None` without an exchange.
    pub destination_currency: Option<String>,
    /// The exchange rate: the price of one unit of one currency in the other. `None` without an exchange.
    #[serde(serialize_with = "money::text_or_null")]
    pub forex_rate: Option<Decimal>,
    /// The cost of the exchange, in the wallet's currency. `None` without an exchange.
    #[serde(serialize_with = "money::text_or_null")]
    pub conversion_charges: Option<Decimal>,
    /// The purpose, as free text.
    pub remarks: Option<String>,
    /// Time of the transaction.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub created_at: Option<OffsetDateTime>,
}

deserialize_models! { Transaction }

impl Model for Transaction {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(Transaction {
            id: from.required("id", Members::number)?,
            wallet_id: from.required("wallet_id", Members::number)?,
            currency_id: from.number("currency_id"),
            // Some servers send a debit as a negative amount.
            amount: from.required("amount", Members::amount)?.abs(),
            transaction_type: from.text_enum("transaction_type"),
            status: from.text_enum("status"),
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
    /// The direction of a transaction.
    TransactionType {
        /// Into the wallet.
        Credit = "CREDIT",
        /// Out of the wallet.
        Debit = "DEBIT",
    }
}

text_enum! {
    /// The status of a transaction.
    TransactionStatus {
        /// Executed.
        Completed = "COMPLETED",
        /// Not executed yet.
        Pending = "PENDING",
        /// Not executed.
        Failed = "FAILED",
    }
}
