//! Reference data: countries, currencies, categories and subcategories.

use serde::Serialize;

use super::members::{Members, Model, Odd, deserialize_models};
use crate::{CategoryId, CountryId, CurrencyId, SubcategoryId};

/// A country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Country {
    /// Its id, as filters take it.
    pub id: CountryId,
    /// Its usual name in English.
    pub name: String,
    /// Its official name in English.
    pub official_name: String,
    /// Its two-letter code, ISO 3166-1 alpha-2.
    pub alpha_2: String,
    /// Its three-letter code, ISO 3166-1 alpha-3.
    pub alpha_3: String,
    /// Its three digits, ISO 3166-1 numeric; text, because of leading zeros.
    pub numeric_code: String,
    /// Its telephone prefix, with the plus.
    pub dialing_prefix: String,
}

/// A currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Currency {
    /// Its id, as filters and wallets name it.
    pub id: CurrencyId,
    /// Its name in English.
    pub name: String,
    /// Its three-letter code, ISO 4217.
    pub currency: String,
    /// How many decimal places its amounts have: 2 for the US dollar, 0 for the yen.
    ///
    /// Unit prices can have more.
    pub precision: u32,
}

/// A category of voucher products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// Its name, as [`ListProducts::category`](crate::ListProducts::category) takes it.
    pub name: String,
}

/// A subcategory of voucher products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Subcategory {
    /// Its id.
    pub id: SubcategoryId,
    /// Its name.
    pub name: String,
}

deserialize_models! { Country Currency Category Subcategory }

impl Model for Country {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        let text = |name| from.text(name).unwrap_or_default();
        Ok(Country {
            id: from.needed("id", Members::number)?,
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
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(Currency {
            id: from.needed("id", Members::number)?,
            name: from.text("name").unwrap_or_default(),
            currency: from.text("currency").unwrap_or_default(),
            precision: from.needed("precision", Members::number)?,
        })
    }
}

impl Model for Category {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        let name = from.text("name").unwrap_or_default();
        Ok(Category { id: from.needed("id", Members::number)?, name })
    }
}

impl Model for Subcategory {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        let name = from.text("name").unwrap_or_default();
        Ok(Subcategory { id: from.needed("id", Members::number)?, name })
    }
}
