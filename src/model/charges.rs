//! What an order would cost.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{lenient, money};

/// What an order would cost, asked before it is placed. It reserves nothing.
///
/// Shorter answers leave members out, and the two amounts of a currency exchange are only there when the
/// wallet's currency differs from the product's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Charges {
    /// What leaves the wallet, in the wallet's currency. Compare this with the wallet's balance.
    #[serde(deserialize_with = "money::required", serialize_with = "money::text")]
    pub total_payable: Decimal,
    /// The price after the discount and before any exchange, in the product's currency.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub total_amount: Option<Decimal>,
    /// Face value times quantity, in the product's currency.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub non_discounted_total: Option<Decimal>,
    /// The discount as an amount, in the product's currency.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub discount_amount: Option<Decimal>,
    /// The discount in percent.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub discount: Option<Decimal>,
    /// The tax, as an amount.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub gst_amount: Option<Decimal>,
    /// `total_amount` after the exchange, in the wallet's currency.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub net_amount: Option<Decimal>,
    /// The fixed fee of an exchange, in the wallet's currency.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub handling_fee_amount: Option<Decimal>,
    /// The most cards this client can put into one order; vouchers only.
    #[serde(default, deserialize_with = "lenient::or_none")]
    pub max_quantity: Option<u32>,
    /// The two currencies and the exchange between them.
    #[serde(default, rename = "charges_details")]
    pub details: Option<ChargesDetails>,
}

/// The two currencies of a quote and the exchange between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChargesDetails {
    /// The product's currency, ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub source_currency: Option<String>,
    /// The wallet's currency, ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub destination_currency: Option<String>,
    /// How many units of the wallet's currency one unit of the product's costs; none without an exchange.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub forex_rate: Option<Decimal>,
    /// What the exchange costs, in the wallet's currency; none without an exchange.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub conversion_fee: Option<Decimal>,
}
