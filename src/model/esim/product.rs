//! An eSIM product and its data plans.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::model::members::{Members, Model, ReadError, deserialize_models};
use crate::model::money;
use crate::{EsimProductId, EsimVariantId};

/// A group of data plans for one country, or global ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EsimProduct {
    /// The product's id, which quotes and orders refer to.
    pub id: EsimProductId,
    /// The name that customers know.
    pub name: String,
    /// The country, ISO 3166-1 alpha-3, or `GLO` for global.
    pub country_code: Option<String>,
    /// The currency of the amounts, ISO 4217.
    pub currency_code: Option<String>,
    /// The URL of a picture.
    pub image_url: Option<String>,
    /// The plans, without those that cannot be read. Empty in lists of products.
    pub variants: Vec<EsimVariant>,
}

/// A data plan. An order selects it by the product and the plan's exact amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EsimVariant {
    /// The plan's id. Orders refer to the product and the amount instead.
    pub id: EsimVariantId,
    /// The id of the plan's product.
    pub esim_product_id: Option<EsimProductId>,
    /// The name.
    pub name: String,
    /// A description of the plan.
    pub description: Option<String>,
    /// The currency of the amount, ISO 4217.
    pub currency_code: Option<String>,
    /// The price before the discount, in `currency_code`. It selects the plan, so pass it on unchanged, and never
    /// compute it.
    #[serde(serialize_with = "money::text")]
    pub amount: Decimal,
    /// The data allowance in gigabytes. 0 means unlimited, or paid by the minute. `None` if it is not a number, such
    /// as `Unlimited`.
    #[serde(serialize_with = "money::text_or_null")]
    pub data_amount_gb: Option<Decimal>,
    /// The validity of the plan, in days.
    pub validity_days: Option<u32>,
    /// This client's discount in percent.
    #[serde(serialize_with = "money::text_or_null")]
    pub client_discount: Option<Decimal>,
}

deserialize_models! { EsimProduct EsimVariant }

impl Model for EsimProduct {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(EsimProduct {
            id: from.required("id", Members::number)?,
            name: from.name()?,
            country_code: from.text("country_code"),
            currency_code: from.text("currency_code"),
            image_url: from.text("image_url"),
            variants: from.list("variants"),
        })
    }
}

impl Model for EsimVariant {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(EsimVariant {
            id: from.required("id", Members::number)?,
            esim_product_id: from.number("esim_product_id"),
            name: from.name()?,
            description: from.text("description"),
            currency_code: from.text("currency_code"),
            amount: from.required("amount", Members::amount)?,
            data_amount_gb: from.amount("data_amount_gb"),
            validity_days: from.number("validity_days"),
            client_discount: from.amount("client_discount"),
        })
    }
}
