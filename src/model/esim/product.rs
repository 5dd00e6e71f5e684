//! A travel data plan on an eSIM.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::model::members::{Members, Model, Odd, deserialize_models};
use crate::model::money;
use crate::{EsimProductId, EsimVariantId};

/// A family of data plans for one country or for everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EsimProduct {
    /// Its id, as quotes and orders take it.
    pub id: EsimProductId,
    /// Its name, as the customer knows it.
    pub name: String,
    /// Its country, ISO 3166-1 alpha-3, or `GLO` for everywhere.
    pub country_code: Option<String>,
    /// The currency of its amounts, ISO 4217.
    pub currency_code: Option<String>,
    /// A picture of it.
    pub image_url: Option<String>,
    /// Its plans; lists of products leave them out. A plan that cannot be read is left out too.
    pub variants: Vec<EsimVariant>,
}

/// One data plan. An order names the product and repeats the plan's amount exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EsimVariant {
    /// Its id. Orders name the product and the amount, not the variant.
    pub id: EsimVariantId,
    /// The product it belongs to.
    pub esim_product_id: Option<EsimProductId>,
    /// Its name.
    pub name: String,
    /// What it holds, in words.
    pub description: Option<String>,
    /// The currency of its amount, ISO 4217.
    pub currency_code: Option<String>,
    /// Its price before the discount, in its currency. It selects the plan: repeat it, never compute it.
    #[serde(serialize_with = "money::text")]
    pub amount: Decimal,
    /// The data in gigabytes; 0 means unlimited, or paid by the minute. None if it is not a number, such as
    /// `Unlimited`.
    #[serde(serialize_with = "money::text_or_null")]
    pub data_amount_gb: Option<Decimal>,
    /// How many days it lasts.
    pub validity_days: Option<u32>,
    /// This client's discount in percent.
    #[serde(serialize_with = "money::text_or_null")]
    pub client_discount: Option<Decimal>,
}

deserialize_models! { EsimProduct EsimVariant }

impl Model for EsimProduct {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(EsimProduct {
            id: from.needed("id", Members::number)?,
            name: from.name()?,
            country_code: from.text("country_code"),
            currency_code: from.text("currency_code"),
            image_url: from.text("image_url"),
            variants: from.list("variants"),
        })
    }
}

impl Model for EsimVariant {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(EsimVariant {
            id: from.needed("id", Members::number)?,
            esim_product_id: from.number("esim_product_id"),
            name: from.name()?,
            description: from.text("description"),
            currency_code: from.text("currency_code"),
            amount: from.needed("amount", Members::amount)?,
            data_amount_gb: from.amount("data_amount_gb"),
            validity_days: from.number("validity_days"),
            client_discount: from.amount("client_discount"),
        })
    }
}
