//! What can be topped up.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;

use super::input_field::TopupInputField;
use crate::model::members::{Members, Model, Odd, deserialize_models};
use crate::model::money;
use crate::model::text_enum::text_enum;
use crate::{TopupProductId, TopupVariantId};

/// An operator, a game or a utility whose accounts can be topped up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TopupProduct {
    /// Its id, as quotes and orders take it.
    pub id: TopupProductId,
    /// Its name, as the customer knows it.
    pub name: String,
    /// What kind of account is topped up.
    pub topup_type: TopupType,
    /// Its country, ISO 3166-1 alpha-3, or `GLO` for everywhere.
    pub country_code: Option<String>,
    /// The currency of its amounts, ISO 4217.
    pub currency_code: Option<String>,
    /// A picture of it.
    pub image_url: Option<String>,
    /// What an order has to say about the account; lists leave it out.
    pub input_fields: Vec<TopupInputField>,
}

/// One amount, or range of amounts, that a product can be topped up by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TopupVariant {
    /// Its id. Orders name the product and the amount, not the variant.
    pub id: TopupVariantId,
    /// Its name.
    pub name: String,
    /// Which kind of credit it is, for mobile products.
    pub category: Option<TopupCategory>,
    /// The currency of its amounts, ISO 4217.
    pub currency_code: Option<String>,
    /// The smallest amount of a range; none for fixed amounts, and where one of the two ends cannot be read.
    #[serde(serialize_with = "money::text_or_null")]
    pub min_amount: Option<Decimal>,
    /// The largest amount of a range; none for fixed amounts, and where one of the two ends cannot be read.
    #[serde(serialize_with = "money::text_or_null")]
    pub max_amount: Option<Decimal>,
    /// The fixed amounts; empty for a range. An order repeats one of them exactly.
    #[serde(serialize_with = "money::texts")]
    pub fixed_amounts: Vec<Decimal>,
    /// Where it can be used.
    pub available_in: Vec<TopupRegion>,
    /// Further facts by name, such as `par_value`, `delivery_time` and `validity_days`.
    pub fields: BTreeMap<String, String>,
}

impl TopupVariant {
    /// Whether an amount is one of the fixed ones or inside the range.
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
    /// Its code, usually ISO 3166-1 alpha-3.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// A product that a phone number may belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MobileMatch {
    /// The product that tops up this operator.
    pub product_id: TopupProductId,
    /// The operator's name.
    pub name: String,
    /// The operator's country, ISO 3166-1 alpha-3.
    pub country_code: Option<String>,
    /// Whether the number is known to be this operator's; otherwise it is a guess.
    pub identified: bool,
}

deserialize_models! { TopupProduct TopupVariant TopupRegion MobileMatch }

impl Model for TopupProduct {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(TopupProduct {
            id: from.needed("id", Members::number)?,
            name: from.name()?,
            topup_type: from.kind("topup_type"),
            country_code: from.text("country_code"),
            currency_code: from.text("currency_code"),
            image_url: from.text("image_url"),
            input_fields: from.input_fields("input_fields"),
        })
    }
}

impl Model for TopupVariant {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        let (min_amount, max_amount) = match (from.bound("min_amount"), from.bound("max_amount")) {
            (Ok(smallest), Ok(largest)) => (smallest, largest),
            _ => (None, None),
        };
        Ok(TopupVariant {
            id: from.needed("id", Members::number)?,
            name: from.name()?,
            category: from.kind_if_any("category"),
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
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        let [code, name] = ["code", "name"].map(|member| from.text(member).unwrap_or_default());
        if code.is_empty() && name.is_empty() {
            Err(Odd::Member("code"))
        } else {
            Ok(TopupRegion { code, name })
        }
    }
}

impl Model for MobileMatch {
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(MobileMatch {
            product_id: from.needed("product_id", Members::number)?,
            name: from.text("name").unwrap_or_default(),
            country_code: from.text("country_code"),
            identified: from.flag("identified").unwrap_or_default(),
        })
    }
}

text_enum! {
    /// What kind of account a top-up product tops up.
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
    /// Which kind of mobile credit a top-up is.
    TopupCategory {
        /// Money for calls and texts.
        Airtime = "Airtime",
        /// An allowance of data.
        Data = "Data",
        /// Several allowances together.
        Bundle = "Bundle",
    }
}
