//! The voucher products: 100 invented brands in twelve countries, the same in every sandbox.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde::Serialize;

use super::reference::{COUNTRIES, Country, Currency, currency_of};
use super::wire::{Amount, tidy};

#[derive(Serialize)]
pub(super) struct Product {
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
    pub(super) available_denominations: Vec<Denomination>,
    #[serde(skip)]
    pub(super) country_id: i64,
    #[serde(skip)]
    pub(super) currency: &'static Currency,
}

/// The values a card can have: one value if both ends are equal, else all between them.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Denomination {
    min_value: Option<Amount>,
    max_value: Option<Amount>,
    pub(super) discount: Option<Amount>,
}

impl Denomination {
    pub(super) fn contains(&self, value: Decimal) -> bool {
        let (Some(Amount(min)), Some(Amount(max))) = (self.min_value, self.max_value) else { return false };
        (min..=max).contains(&value)
    }
}

/// All products, by id, the lowest first.
pub(super) static PRODUCTS: LazyLock<Vec<Product>> = LazyLock::new(|| {
    let countries = || MARKETS.iter().filter_map(Market::country);
    let brands = (0..BRANDS.len() * KINDS.len()).flat_map(|brand| countries().map(move |it| (brand, it)));
    (0_i64..).zip(brands).filter_map(|(index, (brand, country))| product(index, brand, country)).collect()
});

const FIRST_ID: i64 = 3001;

static BRANDS: [&str; 20] = [
    "Acme", "Birch", "Cobalt", "Dune", "Ember", "Fjord", "Glade", "Harbor", "Indigo", "Juniper", "Kestrel",
    "Lumen", "Maple", "Nimbus", "Orchard", "Pebble", "Quartz", "Raven", "Saffron", "Tundra",
];

/// What each brand sells: a word for the name, its category and its subcategory.
static KINDS: [(&str, &str, &str); 5] = [
    ("Play", "Gaming", "Console"),
    ("Market", "Shopping", "Groceries"),
    ("Table", "Food", "Restaurants"),
    ("Stream", "Entertainment", "Streaming"),
    ("Stays", "Travel", "Hotels"),
];

/// A country, its currency, and how many units of it make a small card.
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
    fn country(&self) -> Option<(&'static Country, &'static Currency, i64)> {
        let country = COUNTRIES.iter().find(|country| country.alpha_3 == self.0)?;
        Some((country, currency_of(self.1), self.2))
    }
}

fn product(
    index: i64,
    brand: usize,
    (country, currency, unit): (&'static Country, &'static Currency, i64),
) -> Option<Product> {
    let name = BRANDS.get(brand / KINDS.len())?;
    let (kind, category, sub_category) = *KINDS.get(brand % KINDS.len())?;
    // Members the API may leave null are null now and then.
    let now_and_then = |every: i64| index % every != every - 1;
    Some(Product {
        id: FIRST_ID + index,
        name: format!("{name} {kind} {}", country.alpha_2),
        category,
        sub_category: now_and_then(7).then_some(sub_category),
        country_code: country.alpha_3,
        currency_code: currency.code,
        image_url: now_and_then(5).then(|| format!("https://images.example.com/{}.png", FIRST_ID + index)),
        delivery_mode: now_and_then(11).then_some("Digital"),
        delivery_time: now_and_then(13).then_some("Instant"),
        validity: now_and_then(19).then_some("12 months"),
        available_denominations: denominations(index, unit, currency),
        country_id: country.id,
        currency,
    })
}

/// Fixed values, a range, or both, by turns.
fn denominations(index: i64, unit: i64, currency: &Currency) -> Vec<Denomination> {
    let money = |amount: Decimal| Some(Amount(tidy(amount, currency.precision)));
    let discount = Decimal::new(index % 11 * 5, 1);
    let discount = if index % 17 == 16 { None } else { Some(Amount(discount)) };
    let between = |min: i64, max: i64| Denomination {
        min_value: money(Decimal::from(min * unit)),
        max_value: money(Decimal::from(max * unit)),
        discount,
    };
    // Every country gets all three, as its place among the twelve is added to the brand's.
    let mut all = match (index + index / 12) % 3 {
        0 => vec![between(10, 10), between(20, 20), between(50, 50), between(100, 100)],
        1 => vec![between(5, 500)],
        _ => vec![between(20, 20), between(25, 200)],
    };
    if index % 53 == 52 {
        all.push(Denomination { min_value: None, max_value: None, discount: None });
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
