//! A gift card that can be ordered.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::model::members::{Members, Model, Odd, deserialize_models};
use crate::model::money;
use crate::{CountryId, CurrencyId, ProductId};

/// A gift card that can be ordered.
///
/// Lists hold only products that are active, in stock and allowed for this client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Product {
    /// Its id, as orders take it.
    pub id: ProductId,
    /// Its name, as the customer knows it.
    pub name: String,
    /// The name of its category, such as `Gaming`.
    pub category: String,
    /// The name of its subcategory.
    pub sub_category: Option<String>,
    /// The country it can be redeemed in, ISO 3166-1 alpha-3.
    pub country_code: Option<String>,
    /// The currency of its denominations, ISO 4217.
    pub currency_code: Option<String>,
    /// The country it can be redeemed in, on servers that name it by id.
    pub country_id: Option<CountryId>,
    /// The currency of its denominations, on servers that name it by id.
    pub currency_id: Option<CurrencyId>,
    /// A picture of the card.
    pub image_url: Option<String>,
    /// How the card is delivered, such as `Digital`.
    pub delivery_mode: Option<String>,
    /// What is delivered, such as `code_with_pin`, on servers that say so.
    pub delivery_type: Option<String>,
    /// How fast the card is delivered, such as `Instant`.
    pub delivery_time: Option<String>,
    /// How long the card can be redeemed, in words, such as `12 months`.
    pub validity: Option<String>,
    /// The face values it comes in. One with a bound that cannot be read is left out.
    pub available_denominations: Vec<Denomination>,
}

/// A face value of a product, or a range of them, in the product's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Denomination {
    /// The smallest face value, in the product's currency.
    #[serde(serialize_with = "money::text_or_null")]
    pub min_value: Option<Decimal>,
    /// The largest face value, in the product's currency; equal to the smallest for a fixed one.
    #[serde(serialize_with = "money::text_or_null")]
    pub max_value: Option<Decimal>,
    /// The discount in percent: the better of the general and this client's own.
    #[serde(serialize_with = "money::text_or_null")]
    pub discount: Option<Decimal>,
}

impl Denomination {
    /// Whether it is one face value and not a range.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.min_value.is_some() && self.min_value == self.max_value
    }

    /// Whether a face value is this one or inside this range. A bound that the server left out does not bind,
    /// but one without any bound contains nothing.
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
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        Ok(Product {
            id: from.needed("id", Members::number)?,
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
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
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
    fn a_bound_that_is_missing_does_not_bind() {
        let open = denomination(r#"{"min_value":5}"#);
        assert!(open.contains(Decimal::new(5, 0)) && !open.contains(Decimal::new(4, 0)) && !open.is_fixed());
        let none = denomination(r#"{"min_value":null,"max_value":null}"#);
        assert!(!none.contains(Decimal::ONE) && !none.is_fixed());
    }
}
