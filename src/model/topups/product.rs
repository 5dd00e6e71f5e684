//! A top-up product and its variants.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;

use super::input_field::TopupInputField;
use crate::model::members::{Members, Model, ReadError, deserialize_models};
use crate::model::money;
use crate::model::text_enum::text_enum;
use crate::{TopupProductId, TopupVariantId};

/// An operator, a game or a utility whose accounts can be topped up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TopupProduct {
    /// The product's id, which quotes and orders refer to.
    pub id: TopupProductId,
    /// The name that customers know.
    pub name: String,
    /// The kind of account.
    pub topup_type: TopupType,
    /// The country, ISO 3166-1 alpha-3, or `GLO` for global.
    pub country_code: Option<String>,
    /// The currency of the amounts, ISO 4217.
    pub currency_code: Option<String>,
    /// The URL of a picture.
    pub image_url: Option<String>,
    /// The inputs about the account that an order contains. Empty in lists of products.
    pub input_fields: Vec<TopupInputField>,
}

/// One kind of top-up, with its fixed amounts or its range of amounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TopupVariant {
    /// The variant's id. Orders refer to the product and the amount instead.
    pub id: TopupVariantId,
    /// The name.
    pub name: String,
    /// The kind of credit, for mobile products.
    pub category: Option<TopupCategory>,
    /// The currency of the amounts, ISO 4217.
    pub currency_code: Option<String>,
    /// The smallest amount of the range. `None` for fixed amounts, or if either bound cannot be read.
    #[serde(serialize_with = "money::text_or_null")]
    pub min_amount: Option<Decimal>,
    /// The largest amount of the range. `None` for fixed amounts, or if either bound cannot be read.
    #[serde(serialize_with = "money::text_or_null")]
    pub max_amount: Option<Decimal>,
    /// The fixed amounts. An order must repeat one of them exactly. Empty for a range.
    #[serde(serialize_with = "money::texts")]
    pub fixed_amounts: Vec<Decimal>,
    /// The places where the top-up can be used.
    pub available_in: Vec<TopupRegion>,
    /// Further properties by name, such as `par_value`, `delivery_time` and `validity_days`.
    pub fields: BTreeMap<String, String>,
}

impl TopupVariant {
    /// Whether `amount` is one of the fixed amounts or lies within the range.
    #[must_use]
    pub fn contains(&self, amount: Decimal) -> bool {
        let in_range = (self.min_amount.is_some() || self.max_amount.is_some())
            && self.min_amount.is_none_or(|smallest| smallest <= amount)
            && self.max_amount.is_none_or(|largest| amount <= largest);
        in_range || self.fixed_amounts.contains(&amount)
    }
}

/// A place where a top-up can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TopupRegion {
    /// The code, usually ISO 3166-1 alpha-3.
    pub code: String,
    /// The name.
    pub name: String,
}

/// A product that may fit a phone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MobileMatch {
    /// The id of the operator's product.
    pub product_id: TopupProductId,
    /// The operator's name.
    pub name: String,
    /// The operator's country, ISO 3166-1 alpha-3.
    pub country_code: Option<String>,
    /// Whether the number is known to belong to this operator. Otherwise the match is a guess.
    pub identified: bool,
}

deserialize_models! { TopupProduct TopupVariant TopupRegion MobileMatch }

impl Model for TopupProduct {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(TopupProduct {
            id: from.required("id", Members::number)?,
            name: from.name()?,
            topup_type: from.text_enum("topup_type"),
            country_code: from.text("country_code"),
            currency_code: from.text("currency_code"),
            image_url: from.text("image_url"),
            input_fields: from.input_fields("input_fields"),
        })
    }
}

impl Model for TopupVariant {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        let (min_amount, max_amount) = match (from.bound("min_amount"), from.bound("max_amount")) {
            (Ok(smallest), Ok(largest)) => (smallest, largest),
            _ => (None, None),
        };
        Ok(TopupVariant {
            id: from.required("id", Members::number)?,
            name: from.name()?,
            category: from.optional_text_enum("category"),
            currency_code: from.text("currency_code"),
            min_amount,
            max_amount,
            fixed_amounts: from.amounts("fixed_amounts"),
            available_in: from.list("available_in"),
            fields: from.texts("fields"),
        })
    }
}

impl Model for TopupRegion {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        let [code, name] = ["code", "name"].map(|member| from.text(member).unwrap_or_default());
        if code.is_empty() && name.is_empty() {
            Err(ReadError::Member("code"))
        } else {
            Ok(TopupRegion { code, name })
        }
    }
}

impl Model for MobileMatch {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(MobileMatch {
            product_id: from.required("product_id", Members::number)?,
            name: from.text("name").unwrap_or_default(),
            country_code: from.text("country_code"),
            identified: from.flag("identified").unwrap_or_default(),
        })
    }
}

text_enum! {
    /// The kind of account that a product tops up.
    TopupType {
        /// A player's account in a game.
        Gaming = "GAMING",
        /// A mobile phone.
        Mobile = "MOBILE",
        /// An account with a utility, such as electricity.
        Utility = "UTILITY",
    }
}

text_enum! {
    /// A kind of mobile credit.
    TopupCategory {
        /// Money for calls and texts.
        Airtime = "Airtime",
        /// A data allowance.
        Data = "Data",
        /// Several allowances in one.
        Bundle = "Bundle",
    }
}
