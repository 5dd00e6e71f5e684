//! Reference data: countries, currencies, categories and subcategories.

use serde::Serialize;

use super::members::{Members, Model, ReadError, deserialize_models};
use crate::{CategoryId, CountryId, CurrencyId, SubcategoryId};

/// A country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Country {
    /// The country's id, which filters refer to.
    pub id: CountryId,
    /// The usual name in English.
    pub name: String,
    /// The official name in English.
    pub official_name: String,
    /// The two-letter code, ISO 3166-1 alpha-2.
    pub alpha_2: String,
    /// The three-letter code, ISO 3166-1 alpha-3.
    pub alpha_3: String,
    /// The three-digit code, ISO 3166-1 numeric, as text because it can start with zeros.
    pub numeric_code: String,
    /// The dialing prefix, with the plus sign.
    pub dialing_prefix: String,
}

/// A currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Currency {
    /// The currency's id, which filters and wallets refer to.
    pub id: CurrencyId,
    /// The name in English.
    pub name: String,
    /// The three-letter code, ISO 4217.
    pub currency: String,
    /// The number of decimal places of an amount: 2 for the US dollar, 0 for the yen. Unit prices may have more.
    pub precision: u32,
}

/// A category of gift card products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Category {
    /// The id.
    pub id: CategoryId,
    /// The name to pass to [`ListProducts::category`](crate::ListProducts::category).
    pub name: String,
}

/// A subcategory of gift card products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Subcategory {
    /// The id.
    pub id: SubcategoryId,
    /// The name.
    pub name: String,
}

deserialize_models! { Country Currency Category Subcategory }

impl Model for Country {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        let text = |name| from.text(name).unwrap_or_default();
        Ok(Country {
            id: from.required("id", Members::number)?,
            name: text("name"),
            official_name: text("official_name"),
            alpha_2: text("alpha_2"),
            alpha_3: text("alpha_3"),
            numeric_code: text("numeric_code"),
            dialing_prefix: text("dialing_prefix"),
        })
    }
}

impl Model for Currency {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(Currency {
            id: from.required("id", Members::number)?,
            name: from.text("name").unwrap_or_default(),
            currency: from.text("currency").unwrap_or_default(),
            precision: from.required("precision", Members::number)?,
        })
    }
}

impl Model for Category {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        let name = from.text("name").unwrap_or_default();
        Ok(Category { id: from.required("id", Members::number)?, name })
    }
}

impl Model for Subcategory {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        let name = from.text("name").unwrap_or_default();
        Ok(Subcategory { id: from.required("id", Members::number)?, name })
    }
}
