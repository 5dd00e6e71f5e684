//! What can be topped up.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::input_field::{self, TopupInputField};
use crate::model::text_enum::text_enum;
use crate::model::{lenient, money};
use crate::{TopupProductId, TopupVariantId};

/// An operator, a game or a utility whose accounts can be topped up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopupProduct {
    /// Its id, as quotes and orders take it.
    pub id: TopupProductId,
    /// Its name, as the customer knows it.
    pub name: String,
    /// What kind of account is topped up.
    pub topup_type: TopupType,
    /// Its country, ISO 3166-1 alpha-3, or `GLO` for everywhere.
    #[serde(default, deserialize_with = "lenient::text")]
    pub country_code: Option<String>,
    /// The currency of its amounts, ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency_code: Option<String>,
    /// A picture of it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub image_url: Option<String>,
    /// What an order has to say about the account; lists leave it out.
    #[serde(default, deserialize_with = "input_field::list")]
    pub input_fields: Vec<TopupInputField>,
}

/// One amount, or range of amounts, that a product can be topped up by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopupVariant {
    /// Its id. Orders name the product and the amount, not the variant.
    pub id: TopupVariantId,
    /// Its name.
    pub name: String,
    /// Which kind of credit it is, for mobile products.
    #[serde(default, deserialize_with = "category")]
    pub category: Option<TopupCategory>,
    /// The currency of its amounts, ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency_code: Option<String>,
    /// The smallest amount of a range; none for fixed amounts.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub min_amount: Option<Decimal>,
    /// The largest amount of a range; none for fixed amounts.
    #[serde(default, deserialize_with = "money::optional", serialize_with = "money::text_or_null")]
    pub max_amount: Option<Decimal>,
    /// The fixed amounts; empty for a range. An order repeats one of them exactly.
    #[serde(default, deserialize_with = "money::list", serialize_with = "money::texts")]
    pub fixed_amounts: Vec<Decimal>,
    /// Where it can be used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub available_in: Vec<TopupRegion>,
    /// Further facts by name, such as `par_value`, `delivery_time` and `validity_days`.
    #[serde(default, deserialize_with = "lenient::texts")]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopupRegion {
    /// Its code, usually ISO 3166-1 alpha-3.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub code: String,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
}

/// A product that a phone number may belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MobileMatch {
    /// The product that tops up this operator.
    pub product_id: TopupProductId,
    /// The operator's name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The operator's country, ISO 3166-1 alpha-3.
    #[serde(default, deserialize_with = "lenient::text")]
    pub country_code: Option<String>,
    /// Whether the number is known to be this operator's; otherwise it is a guess.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub identified: bool,
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

/// The category of a variant; the server writes none as an empty text.
fn category<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<TopupCategory>, D::Error> {
    Ok(lenient::text(deserializer)?.as_deref().map(TopupCategory::from))
}
