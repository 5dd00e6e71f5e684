//! A gift card product and its denominations.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::model::members::{Members, Model, ReadError, deserialize_models};
use crate::model::money;
use crate::{CountryId, CurrencyId, ProductId};

/// A gift card product.
///
/// Lists contain only products that are active, in stock and allowed for this client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Product {
    /// The product's id, which orders refer to.
    pub id: ProductId,
    /// The name that customers know.
    pub name: String,
    /// The category's name, such as `Gaming`.
    pub category: String,
    /// The subcategory's name.
    pub sub_category: Option<String>,
    /// The country of redemption, ISO 3166-1 alpha-3.
    pub country_code: Option<String>,
    /// The currency of the denominations, ISO 4217.
    pub currency_code: Option<String>,
    /// The id of the country of redemption. `None` if the server does not send it.
    pub country_id: Option<CountryId>,
    /// The id of the currency of the denominations. `None` if the server does not send it.
    pub currency_id: Option<CurrencyId>,
    /// The URL of a picture.
    pub image_url: Option<String>,
    /// The mode of delivery, such as `Digital`.
    pub delivery_mode: Option<String>,
    /// What is delivered, such as `code_with_pin`. `None` if the server does not say.
    pub delivery_type: Option<String>,
    /// The time until delivery, such as `Instant`.
    pub delivery_time: Option<String>,
    /// The period of validity in words, such as `12 months`.
    pub validity: Option<String>,
    /// The available face values, without those whose bounds cannot be read.
    pub available_denominations: Vec<Denomination>,
}

/// A face value of a product, or a range of face values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Denomination {
    /// The smallest face value, in the product's currency.
    #[serde(serialize_with = "money::text_or_null")]
    pub min_value: Option<Decimal>,
    /// The largest face value, in the product's currency. A fixed face value is both the smallest and the largest.
    #[serde(serialize_with = "money::text_or_null")]
    pub max_value: Option<Decimal>,
    /// The discount in percent: the better of the general discount and this client's.
    #[serde(serialize_with = "money::text_or_null")]
    pub discount: Option<Decimal>,
}

impl Denomination {
    /// Whether this is a single face value, not a range.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.min_value.is_some() && self.min_value == self.max_value
    }

    /// Whether `value` equals this face value or lies within this range.
    ///
    /// A missing bound does not limit the range, but a denomination without any bound contains nothing.
    ///
    /// ```
    /// # fn demo(product: &popup_rewards::Product, twenty: rust_decimal::Decimal) -> bool {
    /// product.available_denominations.iter().any(|denomination| denomination.contains(twenty))
    /// # }
    /// ```
    #[must_use]
    pub fn contains(&self, value: Decimal) -> bool {
        (self.min_value.is_some() || self.max_value.is_some())
            && self.min_value.is_none_or(|smallest| smallest <= value)
            && self.max_value.is_none_or(|largest| value <= largest)
    }
}

deserialize_models! { Product Denomination }

impl Model for Product {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(Product {
            id: from.required("id", Members::number)?,
            name: from.name()?,
            category: from.text("category").unwrap_or_default(),
            sub_category: from.text("sub_category"),
            country_code: from.text("country_code"),
            currency_code: from.text("currency_code"),
            country_id: from.number("country_id"),
            currency_id: from.number("currency_id"),
            image_url: from.text("image_url"),
            delivery_mode: from.text("delivery_mode"),
            delivery_type: from.text("delivery_type"),
            delivery_time: from.text("delivery_time"),
            validity: from.text("validity"),
            available_denominations: from.list("available_denominations"),
        })
    }
}

impl Model for Denomination {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(Denomination {
            min_value: from.bound("min_value")?,
            max_value: from.bound("max_value")?,
            discount: from.amount("discount"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denomination(json: &str) -> Denomination {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_fixed_denomination_contains_its_value_however_it_is_written() {
        let fixed = denomination(r#"{"min_value":20.0,"max_value":"20.00","discount":2.5}"#);
        assert!(fixed.is_fixed());
        assert!(fixed.contains(Decimal::new(20, 0)));
        assert!(!fixed.contains(Decimal::new(2001, 2)));
    }

    #[test]
    fn a_range_contains_both_ends() {
        let range = denomination(r#"{"min_value":25,"max_value":200,"discount":null}"#);
        assert!(!range.is_fixed());
        for (cents, contained) in [(2499, false), (2500, true), (20000, true), (20001, false)] {
            assert_eq!(range.contains(Decimal::new(cents, 2)), contained, "{cents}");
        }
    }

    #[test]
    fn a_missing_bound_does_not_limit_the_range() {
        let open = denomination(r#"{"min_value":5}"#);
        assert!(open.contains(Decimal::new(5, 0)) && !open.contains(Decimal::new(4, 0)) && !open.is_fixed());
        let none = denomination(r#"{"min_value":null,"max_value":null}"#);
        assert!(!none.contains(Decimal::ONE) && !none.is_fixed());
    }
}
