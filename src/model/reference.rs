//! Reference data: countries, currencies, categories and subcategories.

use serde::{Deserialize, Serialize};

use super::lenient;
use crate::{CategoryId, CountryId, CurrencyId, SubcategoryId};

/// A country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Country {
    /// Its id, as filters take it.
    pub id: CountryId,
    /// Its usual name in English.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Its official name in English.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub official_name: String,
    /// Its two-letter code, ISO 3166-1 alpha-2.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub alpha_2: String,
    /// Its three-letter code, ISO 3166-1 alpha-3.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub alpha_3: String,
    /// Its three digits, ISO 3166-1 numeric; text, because of leading zeros.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub numeric_code: String,
    /// Its telephone prefix, with the plus.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub dialing_prefix: String,
}

/// A currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Currency {
    /// Its id, as filters and wallets name it.
    pub id: CurrencyId,
    /// Its name in English.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Its three-letter code, ISO 4217.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
    /// How many decimal places its amounts have: 2 for the US dollar, 0 for the yen.
    ///
    /// Unit prices can have more.
    pub precision: u32,
}

/// A category of voucher products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// Its name, as [`ListProducts::category`](crate::ListProducts::category) takes it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
}

/// A subcategory of voucher products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subcategory {
    /// Its id.
    pub id: SubcategoryId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
}
