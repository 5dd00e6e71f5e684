//! Top-up products: invented games, mobile operators of every country, a few utilities.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::Call;
use super::charges::Terms;
use super::paging::Paging;
use super::reference::{COUNTRIES, currency_of};
use super::reply::{Answer, Refusal, Reply};
use super::state::State;
use super::wire::Amount;

#[derive(Serialize)]
pub(super) struct TopupProduct {
    pub(super) id: i64,
    pub(super) name: String,
    topup_type: &'static str,
    pub(super) country_code: &'static str,
    currency_code: &'static str,
    image_url: String,
    #[serde(skip)]
    dialing_prefix: &'static str,
    #[serde(skip)]
    pub(super) inputs: &'static [&'static str],
    #[serde(skip)]
    variants: Vec<Variant>,
}

#[derive(Serialize)]
pub(super) struct Variant {
    id: i64,
    pub(super) name: String,
    category: &'static str,
    currency_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_amount: Option<Amount>,
    fixed_amounts: Vec<String>,
    available_in: Vec<Place>,
    fields: Fields,
}

#[derive(Serialize)]
struct Place {
    code: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Fields {
    delivery_time: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    validity_days: Option<&'static str>,
}

static GAMES: [&str; 12] = [
    "Castle Siege",
    "Dragon Road",
    "Frost Arena",
    "Galaxy Farm",
    "Hidden Oasis",
    "Iron Racers",
    "Jade Empire",
    "Kite Runners",
    "Lost Harbor",
    "Moon Miners",
    "Night Chess",
    "Ocean Quest",
];

/// All top-up products, by id, the lowest first.
static PRODUCTS: LazyLock<Vec<TopupProduct>> = LazyLock::new(|| {
    let games = GAMES.iter().map(|name| Seed {
        name: (*name).to_owned(),
        kind: "GAMING",
        country: Place { code: "GLO", name: "Global" },
        prefix: "",
        inputs: &["player_id", "server"],
    });
    let operators = COUNTRIES.iter().flat_map(|country| {
        ["Mobile", "Telecom"].map(|word| Seed {
            name: format!("{} {word}", country.name),
            kind: "MOBILE",
            country: Place { code: country.alpha_3, name: country.name },
            prefix: country.dialing_prefix,
            inputs: &["phone_number"],
        })
    });
    let utilities = COUNTRIES.iter().take(4).map(|country| Seed {
        name: format!("{} Power", country.name),
        kind: "UTILITY",
        country: Place { code: country.alpha_3, name: country.name },
        prefix: "",
        inputs: &["meter_number"],
    });
    (401..).zip(games.chain(operators).chain(utilities)).map(|(id, seed)| seed.product(id)).collect()
});

struct Seed {
    name: String,
    kind: &'static str,
    country: Place,
    prefix: &'static str,
    inputs: &'static [&'static str],
}

impl Seed {
    fn product(self, id: i64) -> TopupProduct {
        let variant = |nth: i64, name: &str, category, range: Option<(i64, i64)>, fixed: &[&str]| Variant {
            id: id * 10 + nth,
            name: format!("{} {name}", self.name),
            category,
            currency_code: "USD",
            min_amount: range.map(|(min, _)| Amount(Decimal::from(min))),
            max_amount: range.map(|(_, max)| Amount(Decimal::from(max))),
            fixed_amounts: fixed.iter().map(|amount| (*amount).to_owned()).collect(),
            available_in: vec![Place { ..self.country }],
            fields: Fields { delivery_time: "Instant", validity_days: (category == "Data").then_some("30") },
        };
        let variants = match self.kind {
            "MOBILE" => vec![
                variant(1, "Airtime", "Airtime", Some((1, 100)), &[]),
                variant(2, "Data 5 GB", "Data", None, &["12.50"]),
                variant(3, "Bundle", "Bundle", None, &["7.99", "15.99"]),
            ],
            "GAMING" => vec![
                variant(1, "Coins", "", None, &["4.99"]),
                variant(2, "Chest", "", None, &["19.99", "49.99"]),
            ],
            _ => vec![variant(1, "Credit", "", Some((5, 500)), &[])],
        };
        TopupProduct {
            id,
            image_url: if id % 4 == 0 {
                String::new()
            } else {
                format!("https://images.example.com/topup-{id}.png")
            },
            name: self.name,
            topup_type: self.kind,
            country_code: self.country.code,
            currency_code: "USD",
            dialing_prefix: self.prefix,
            inputs: self.inputs,
            variants,
        }
    }
}

impl Variant {
    fn sells(&self, amount: Decimal) -> bool {
        let fixed = self.fixed_amounts.iter().any(|it| Decimal::from_str_exact(it) == Ok(amount));
        let range = self.min_amount.zip(self.max_amount);
        fixed || range.is_some_and(|(Amount(min), Amount(max))| (min..=max).contains(&amount))
    }
}

pub(super) fn find(id: i64) -> Result<&'static TopupProduct, Refusal> {
    let found = PRODUCTS.iter().find(|product| product.id == id);
    found.ok_or_else(|| Refusal::not_found("Product not found"))
}

impl TopupProduct {
    /// The variant an amount selects, within a category if one is named.
    pub(super) fn variant(&self, amount: Decimal, category: Option<&str>) -> Result<&Variant, Refusal> {
        let in_category = |it: &&Variant| category.is_none_or(|name| name.eq_ignore_ascii_case(it.category));
        let found = self.variants.iter().filter(in_category).find(|it| it.sells(amount));
        found.ok_or_else(|| Refusal::validation("amount is not available for this product"))
    }

    /// What a top-up of this amount costs.
    pub(super) fn terms(
        &self,
        state: &State,
        amount: Decimal,
        wallet: Option<i64>,
    ) -> Result<Terms, Refusal> {
        let percent = if self.topup_type == "GAMING" { Decimal::from(5) } else { Decimal::new(25, 1) };
        Terms::new(&state.wallets, currency_of(self.currency_code), amount, percent, wallet)
    }
}

pub(super) fn list(_: &mut State, call: &Call) -> Answer {
    let paging = Paging::read(call, "per_page", 500)?;
    let search = call.query("search").map(str::to_lowercase);
    let found = PRODUCTS
        .iter()
        .rev()
        .filter(|it| call.query("type").is_none_or(|kind| kind.eq_ignore_ascii_case(it.topup_type)))
        .filter(|it| search.as_ref().is_none_or(|text| it.name.to_lowercase().contains(text)));
    Ok(paging.reply(&found.collect::<Vec<_>>(), |product| *product))
}

pub(super) fn get(_: &mut State, call: &Call) -> Answer {
    #[derive(Serialize)]
    struct Detail {
        #[serde(flatten)]
        product: &'static TopupProduct,
        input_fields: Vec<serde_json::Value>,
    }
    let product = find(call.id("product")?)?;
    let field =
        |key: &&str| json!({ "key": key, "label": key.replace('_', " "), "type": "text", "required": true });
    Ok(Reply::ok(&Detail { product, input_fields: product.inputs.iter().map(field).collect() }))
}

pub(super) fn variants(_: &mut State, call: &Call) -> Answer {
    Ok(Reply::ok(&find(call.id("product")?)?.variants))
}

pub(super) fn variant(_: &mut State, call: &Call) -> Answer {
    let id = call.id("variant")?;
    let found = PRODUCTS.iter().flat_map(|product| &product.variants).find(|variant| variant.id == id);
    found.map(Reply::ok).ok_or_else(|| Refusal::not_found("Variant not found"))
}

pub(super) fn lookup(_: &mut State, call: &Call) -> Answer {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        mobile_number: String,
    }
    let Body { mobile_number: number } = call.json()?;
    if number.is_empty() {
        return Err(Refusal::validation("mobile_number is required"));
    }
    let digits = number.strip_prefix('+').unwrap_or_default();
    if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::validation("mobile_number must be in E.164 format"));
    }
    let operators = PRODUCTS.iter().filter(|it| !it.dialing_prefix.is_empty());
    let matches = operators.filter(|it| number.starts_with(it.dialing_prefix)).enumerate().map(|(place, it)| {
        json!({ "product_id": it.id, "name": it.name, "country_code": it.country_code, "identified": place == 0 })
    });
    Ok(Reply::ok(&matches.collect::<Vec<_>>()))
}

pub(super) fn charges(state: &mut State, call: &Call) -> Answer {
    #[derive(Deserialize)]
    struct Body {
        product_id: i64,
        amount: Amount,
        wallet_id: Option<i64>,
        category: Option<String>,
    }
    let body: Body = call.json()?;
    let product = find(body.product_id)?;
    product.variant(body.amount.0, body.category.as_deref())?;
    Ok(Reply::ok(&product.terms(state, body.amount.0, body.wallet_id)?.body(None)))
}
