//! The gift card catalogue: 100 invented brands in twelve countries, the same in every sandbox.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde::Serialize;

use super::json_amount::{JsonAmount, tidy};
use super::reference::{COUNTRIES, CountryRecord, CurrencyRecord, currency_of};

#[derive(Serialize)]
pub(super) struct ProductRecord {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) category: &'static str,
    sub_category: Option<&'static str>,
    country_code: &'static str,
    currency_code: &'static str,
    image_url: Option<String>,
    delivery_mode: Option<&'static str>,
    delivery_time: Option<&'static str>,
    validity: Option<&'static str>,
    pub(super) available_denominations: Vec<DenominationRecord>,
    #[serde(skip)]
    pub(super) country_id: i64,
    #[serde(skip)]
    pub(super) currency: &'static CurrencyRecord,
}

/// The values a card can have: one value if both ends are equal, otherwise all between them.
#[derive(Clone, Copy, Serialize)]
pub(super) struct DenominationRecord {
    min_value: Option<JsonAmount>,
    max_value: Option<JsonAmount>,
    pub(super) discount: Option<JsonAmount>,
}

impl DenominationRecord {
    pub(super) fn contains(&self, value: Decimal) -> bool {
        let (Some(JsonAmount(min)), Some(JsonAmount(max))) = (self.min_value, self.max_value) else {
            return false;
        };
        (min..=max).contains(&value)
    }
}

/// All products in ascending order of id.
pub(super) static PRODUCTS: LazyLock<Vec<ProductRecord>> = LazyLock::new(|| {
    let countries = || MARKETS.iter().filter_map(Market::country);
    let brands = (0..BRANDS.len() * KINDS.len()).flat_map(|brand| countries().map(move |it| (brand, it)));
    (0_i64..).zip(brands).filter_map(|(index, (brand, country))| product(index, brand, country)).collect()
});

const FIRST_ID: i64 = 3001;

static BRANDS: [&str; 20] = [
    "Acme", "Birch", "Cobalt", "Dune", "Ember", "Fjord", "Glade", "Harbor", "Indigo", "Juniper", "Kestrel",
    "Lumen", "Maple", "Nimbus", "Orchard", "Pebble", "Quartz", "Raven", "Saffron", "Tundra",
];

/// The kinds of product of each brand: a word for the name, the category and the subcategory.
static KINDS: [(&str, &str, &str); 5] = [
    ("Play", "Gaming", "Console"),
    ("Market", "Shopping", "Groceries"),
    ("Table", "Food", "Restaurants"),
    ("Stream", "Entertainment", "Streaming"),
    ("Stays", "Travel", "Hotels"),
];

/// A country, its currency, and the factor that scales card values to that currency.
struct Market(&'static str, &'static str, i64);

static MARKETS: [Market; 12] = [
    Market("USA", "USD", 1),
    Market("GBR", "GBP", 1),
    Market("DEU", "EUR", 1),
    Market("FRA", "EUR", 1),
    Market("JPN", "JPY", 100),
    Market("IND", "INR", 50),
    Market("ARE", "AED", 4),
    Market("AUS", "AUD", 1),
    Market("SGP", "SGD", 1),
    Market("BRA", "BRL", 5),
    Market("MEX", "MXN", 20),
    Market("KWT", "KWD", 1),
];

impl Market {
    fn country(&self) -> Option<(&'static CountryRecord, &'static CurrencyRecord, i64)> {
        let country = COUNTRIES.iter().find(|country| country.alpha_3 == self.0)?;
        Some((country, currency_of(self.1), self.2))
    }
}

fn product(
    index: i64,
    brand: usize,
    (country, currency, unit): (&'static CountryRecord, &'static CurrencyRecord, i64),
) -> Option<ProductRecord> {
    let name = BRANDS.get(brand / KINDS.len())?;
    let (kind, category, sub_category) = *KINDS.get(brand % KINDS.len())?;
    // Fields that the API may send as null are null in some products.
    let usually = |every: i64| index % every != every - 1;
    Some(ProductRecord {
        id: FIRST_ID + index,
        name: format!("{name} {kind} {}", country.alpha_2),
        category,
        sub_category: usually(7).then_some(sub_category),
        country_code: country.alpha_3,
        currency_code: currency.code,
        image_url: usually(5).then(|| format!("https://images.example.com/{}.png", FIRST_ID + index)),
        delivery_mode: usually(11).then_some("Digital"),
        delivery_time: usually(13).then_some("Instant"),
        validity: usually(19).then_some("12 months"),
        available_denominations: denominations(index, unit, currency),
        country_id: country.id,
        currency,
    })
}

/// Alternates between fixed values, a range, and both.
fn denominations(index: i64, unit: i64, currency: &CurrencyRecord) -> Vec<DenominationRecord> {
    let money = |amount: Decimal| Some(JsonAmount(tidy(amount, currency.precision)));
    let discount = Decimal::new(index % 11 * 5, 1);
    let discount = if index % 17 == 16 { None } else { Some(JsonAmount(discount)) };
    let between = |min: i64, max: i64| DenominationRecord {
        min_value: money(Decimal::from(min * unit)),
        max_value: money(Decimal::from(max * unit)),
        discount,
    };
    // `index / 12` is the brand. Without it, all brands of a country would have the same kind.
    let mut all = match (index + index / 12) % 3 {
        0 => vec![between(10, 10), between(20, 20), between(50, 50), between(100, 100)],
        1 => vec![between(5, 500)],
        _ => vec![between(20, 20), between(25, 200)],
    };
    if index % 53 == 52 {
        all.push(DenominationRecord { min_value: None, max_value: None, discount: None });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_1200_products_in_12_countries_with_ids_in_order() {
        assert_eq!(PRODUCTS.len(), 1200);
        assert!(PRODUCTS.windows(2).all(|pair| pair[0].id + 1 == pair[1].id));
        assert_eq!(PRODUCTS.iter().filter(|product| product.country_id == 1).count(), 100);
    }

    #[test]
    fn the_first_product_has_fixed_values_and_the_second_a_range() {
        let sells = |index: usize, value: i64| {
            let denominations = &PRODUCTS[index].available_denominations;
            denominations.iter().any(|denomination| denomination.contains(Decimal::from(value)))
        };
        assert!(sells(0, 20) && !sells(0, 21));
        assert!(sells(1, 20) && sells(1, 21) && !sells(1, 501));
    }
}
