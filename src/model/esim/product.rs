//! A travel data plan on an eSIM.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::{lenient, money};
use crate::{EsimProductId, EsimVariantId};

/// A family of data plans for one country or for everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EsimProduct {
    /// Its id, as quotes and orders take it.
    pub id: EsimProductId,
    /// Its name, as the customer knows it.
    pub name: String,
    /// Its country, ISO 3166-1 alpha-3, or `GLO` for everywhere.
    #[serde(default, deserialize_with = "lenient::text")]
    pub country_code: Option<String>,
    /// The currency of its amounts, ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency_code: Option<String>,
    /// A picture of it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub image_url: Option<String>,
    /// Its plans; lists of products leave them out.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub variants: Vec<EsimVariant>,
}

/// One data plan. An order names the product and repeats the plan's amount exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EsimVariant {
    /// Its id. Orders name the product and the amount, not the variant.
    pub id: EsimVariantId,
    /// The product it belongs to.
    #[serde(default, deserialize_with = "lenient::or_none")]
    pub esim_product_id: Option<EsimProductId>,
    /// Its name.
    pub name: String,
    /// What it holds, in words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// The currency of its amount, ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency_code: Option<String>,
    /// Its price before the discount, in its currency. It selects the plan: repeat it, never compute it.
    #[serde(deserialize_with = "money::required", serialize_with = "money::text")]
    pub amount: Decimal,
    /// The data in gigabytes; 0 means unlimited, or paid by the minute.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub data_amount_gb: Option<Decimal>,
    /// How many days it lasts.
    #[serde(default, deserialize_with = "lenient::or_none")]
    pub validity_days: Option<u32>,
    /// This client's discount in percent.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub client_discount: Option<Decimal>,
}
