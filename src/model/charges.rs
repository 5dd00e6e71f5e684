//! The price of an order, before it is placed.

use rust_decimal::Decimal;
use serde::Serialize;

use super::members::{Members, Model, ReadError, deserialize_models};
use super::money;

/// The price of an order, quoted before it is placed. A quote reserves nothing.
///
/// A server may leave out any field except `total_payable`. `net_amount` and `handling_fee_amount` are `None` unless
/// the currencies of wallet and product differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Charges {
    /// The amount to pay, in the wallet's currency. Compare this with the wallet's balance.
    #[serde(serialize_with = "money::text")]
    pub total_payable: Decimal,
    /// The price after the discount and before an exchange, in the product's currency.
    #[serde(serialize_with = "money::text_or_null")]
    pub total_amount: Option<Decimal>,
    /// The face value times the quantity, in the product's currency.
    #[serde(serialize_with = "money::text_or_null")]
    pub non_discounted_total: Option<Decimal>,
    /// The discount as an amount, in the product's currency.
    #[serde(serialize_with = "money::text_or_null")]
    pub discount_amount: Option<Decimal>,
    /// The discount in percent.
    #[serde(serialize_with = "money::text_or_null")]
    pub discount: Option<Decimal>,
    /// The tax as an amount.
    #[serde(serialize_with = "money::text_or_null")]
    pub gst_amount: Option<Decimal>,
    /// `total_amount` after the exchange, in the wallet's currency.
    #[serde(serialize_with = "money::text_or_null")]
    pub net_amount: Option<Decimal>,
    /// The fixed fee of an exchange, in the wallet's currency.
    #[serde(serialize_with = "money::text_or_null")]
    pub handling_fee_amount: Option<Decimal>,
    /// The largest quantity that this client can order at once. Gift cards only.
    pub max_quantity: Option<u32>,
    /// The two currencies and the exchange between them.
    #[serde(rename = "charges_details")]
    pub details: Option<ChargesDetails>,
}

/// The two currencies of a quote and the exchange between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChargesDetails {
    /// The product's currency, ISO 4217.
    pub source_currency: Option<String>,
    /// The wallet's currency, ISO 4217.
    pub destination_currency: Option<String>,
    /// The price of one unit of the product's currency, in the wallet's currency. `None` without an exchange.
    #[serde(serialize_with = "money::text_or_null")]
    pub forex_rate: Option<Decimal>,
    /// The cost of the exchange, in the wallet's currency. `None` without an exchange.
    #[serde(serialize_with = "money::text_or_null")]
    pub conversion_fee: Option<Decimal>,
}

deserialize_models! { Charges ChargesDetails }

impl Model for Charges {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(Charges {
            total_payable: from.required("total_payable", Members::amount)?,
            total_amount: from.amount("total_amount"),
            non_discounted_total: from.amount("non_discounted_total"),
            discount_amount: from.amount("discount_amount"),
            discount: from.amount("discount"),
            gst_amount: from.amount("gst_amount"),
            net_amount: from.amount("net_amount"),
            handling_fee_amount: from.amount("handling_fee_amount"),
            max_quantity: from.number("max_quantity"),
            details: from.object("charges_details"),
        })
    }
}

impl Model for ChargesDetails {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(ChargesDetails {
            source_currency: from.text("source_currency"),
            destination_currency: from.text("destination_currency"),
            forex_rate: from.amount("forex_rate"),
            conversion_fee: from.amount("conversion_fee"),
        })
    }
}
