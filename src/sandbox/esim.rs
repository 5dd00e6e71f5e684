//! eSIM products: one for each country and one for the world, each in four sizes.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::charges::Terms;
use super::paging::Paging;
use super::reference::{COUNTRIES, currency_of};
use super::reply::{Answer, Refusal, Reply};
use super::state::State;
use super::wire::Amount;

#[derive(Serialize)]
pub(super) struct EsimProduct {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) country_code: &'static str,
    currency_code: &'static str,
    image_url: String,
    #[serde(skip)]
    variants: Vec<Variant>,
}

#[derive(Serialize)]
pub(super) struct Variant {
    id: i64,
    esim_product_id: i64,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
    currency_code: &'static str,
    amount: Amount,
    pub(super) data_amount_gb: Amount,
    pub(super) validity_days: u32,
    client_discount: Amount,
}

/// Price in cents, data in GB (0 is without limit), days, description.
static SIZES: [(i64, i64, u32, Option<&str>); 4] = [
    (450, 1, 7, None),
    (900, 3, 30, None),
    (1500, 5, 30, Some("For a long stay")),
    (2600, 0, 15, Some("Data without limit")),
];

/// All eSIM products, by id, the lowest first.
static PRODUCTS: LazyLock<Vec<EsimProduct>> = LazyLock::new(|| {
    let countries = COUNTRIES.iter().map(|country| (country.alpha_3, country.name));
    (601..).zip(countries.chain([("GLO", "Global")])).map(|(id, place)| product(id, place)).collect()
});

fn product(id: i64, (country_code, country): (&'static str, &str)) -> EsimProduct {
    let variants = (1..).zip(SIZES).map(|(nth, (cents, data, days, description))| Variant {
        id: id * 10 + nth,
        esim_product_id: id,
        name: if data == 0 {
            format!("{country} unlimited, {days} days")
        } else {
            format!("{country} {data} GB, {days} days")
        },
        description,
        currency_code: "USD",
        amount: Amount(Decimal::new(cents, 2)),
        data_amount_gb: Amount(Decimal::from(data)),
        validity_days: days,
        client_discount: Amount(DISCOUNT),
    });
    EsimProduct {
        id,
        name: format!("{country} eSIM"),
        country_code,
        currency_code: "USD",
        image_url: String::new(),
        variants: variants.collect(),
    }
}

/// In percent, for every eSIM.
const DISCOUNT: Decimal = Decimal::TWO;

pub(super) fn find(id: i64) -> Result<&'static EsimProduct, Refusal> {
    let found = PRODUCTS.iter().find(|product| product.id == id);
    found.ok_or_else(|| Refusal::not_found("Product not found"))
}

impl EsimProduct {
    /// The variant an amount selects; it has to be the very amount.
    pub(super) fn variant(&self, amount: Decimal) -> Result<&Variant, Refusal> {
        let found = self.variants.iter().find(|variant| variant.amount.0 == amount);
        found.ok_or_else(|| Refusal::validation("amount does not match a variant of this product"))
    }

    pub(super) fn terms(
        &self,
        state: &State,
        amount: Decimal,
        wallet: Option<i64>,
    ) -> Result<Terms, Refusal> {
        Terms::new(&state.wallets, currency_of(self.currency_code), amount, DISCOUNT, wallet)
    }
}

pub(super) fn list(_: &mut State, call: &Call) -> Answer {
    let paging = Paging::read(call, "per_page", 500)?;
    let search = call.query("search").map(str::to_lowercase);
    let found = PRODUCTS
        .iter()
        .rev()
        .filter(|it| call.query("country_code").is_none_or(|code| code == it.country_code))
        .filter(|it| search.as_ref().is_none_or(|text| it.name.to_lowercase().contains(text)));
    Ok(paging.reply(&found.collect::<Vec<_>>(), |product| *product))
}

pub(super) fn get(_: &mut State, call: &Call) -> Answer {
    #[derive(Serialize)]
    struct Detail {
        #[serde(flatten)]
        product: &'static EsimProduct,
        variants: &'static [Variant],
    }
    let product = find(call.id("product")?)?;
    Ok(Reply::ok(&Detail { product, variants: &product.variants }))
}

pub(super) fn variants(_: &mut State, call: &Call) -> Answer {
    Ok(Reply::ok(&find(call.id("product")?)?.variants))
}

pub(super) fn variant(_: &mut State, call: &Call) -> Answer {
    let id = call.id("variant")?;
    let found = PRODUCTS.iter().flat_map(|product| &product.variants).find(|variant| variant.id == id);
    found.map(Reply::ok).ok_or_else(|| Refusal::not_found("Variant not found"))
}

pub(super) fn charges(state: &mut State, call: &Call) -> Answer {
    #[derive(Deserialize)]
    struct Body {
        product_id: i64,
        amount: Amount,
        wallet_id: Option<i64>,
    }
    let body: Body = call.json()?;
    let product = find(body.product_id)?;
    product.variant(body.amount.0)?;
    Ok(Reply::ok(&product.terms(state, body.amount.0, body.wallet_id)?.body(None)))
}
