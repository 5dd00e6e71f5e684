//! Top-up products and their routes: invented games, mobile operators in every country, a few utilities.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::api_error::ApiError;
use super::json_amount::JsonAmount;
use super::page_params::PageParams;
use super::price_quote::PriceQuote;
use super::reference::{COUNTRIES, currency_of};
use super::routes::{ApiRoute, QuotaClass};
use super::server_request::ServerRequest;
use super::server_response::{HandlerResult, ServerResponse};
use super::server_state::ServerState;
use crate::http::Vertical;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute::get("GET /api/v1/topups/products", list),
    ApiRoute::get("GET /api/v1/topups/products/:id", get),
    ApiRoute::get("GET /api/v1/topups/products/:id/variants", variants),
    ApiRoute::get("GET /api/v1/topups/variants/:id", variant),
    ApiRoute::new("POST /api/v1/topups/lookup", QuotaClass::Unlimited, lookup),
    ApiRoute::new("POST /api/v1/topups/charges", QuotaClass::Charges(Vertical::Topup), charges),
];

#[derive(Serialize)]
pub(super) struct TopupProductRecord {
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
    variants: Vec<TopupVariantRecord>,
}

#[derive(Serialize)]
pub(super) struct TopupVariantRecord {
    id: i64,
    pub(super) name: String,
    category: &'static str,
    currency_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_amount: Option<JsonAmount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_amount: Option<JsonAmount>,
    fixed_amounts: Vec<String>,
    available_in: Vec<TopupRegionRecord>,
    fields: TopupVariantFields,
}

#[derive(Serialize)]
struct TopupRegionRecord {
    code: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct TopupVariantFields {
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

/// All top-up products in ascending order of id.
static PRODUCTS: LazyLock<Vec<TopupProductRecord>> = LazyLock::new(|| {
    let games = GAMES.iter().map(|name| ProductTemplate {
        name: (*name).to_owned(),
        kind: "GAMING",
        country: TopupRegionRecord { code: "GLO", name: "Global" },
        prefix: "",
        inputs: &["player_id", "server"],
    });
    let operators = COUNTRIES.iter().flat_map(|country| {
        ["Mobile", "Telecom"].map(|word| ProductTemplate {
            name: format!("{} {word}", country.name),
            kind: "MOBILE",
            country: TopupRegionRecord { code: country.alpha_3, name: country.name },
            prefix: country.dialing_prefix,
            inputs: &["phone_number"],
        })
    });
    let utilities = COUNTRIES.iter().take(4).map(|country| ProductTemplate {
        name: format!("{} Power", country.name),
        kind: "UTILITY",
        country: TopupRegionRecord { code: country.alpha_3, name: country.name },
        prefix: "",
        inputs: &["meter_number"],
    });
    (401..).zip(games.chain(operators).chain(utilities)).map(|(id, template)| template.product(id)).collect()
});

struct ProductTemplate {
    name: String,
    kind: &'static str,
    country: TopupRegionRecord,
    prefix: &'static str,
    inputs: &'static [&'static str],
}

impl ProductTemplate {
    fn product(self, id: i64) -> TopupProductRecord {
        let variant =
            |nth: i64, name: &str, category, range: Option<(i64, i64)>, fixed: &[&str]| TopupVariantRecord {
                id: id * 10 + nth,
                name: format!("{} {name}", self.name),
                category,
                currency_code: "USD",
                min_amount: range.map(|(min, _)| JsonAmount(Decimal::from(min))),
                max_amount: range.map(|(_, max)| JsonAmount(Decimal::from(max))),
                fixed_amounts: fixed.iter().map(|amount| (*amount).to_owned()).collect(),
                available_in: vec![TopupRegionRecord { ..self.country }],
                fields: TopupVariantFields {
                    delivery_time: "Instant",
                    validity_days: (category == "Data").then_some("30"),
                },
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
        TopupProductRecord {
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

impl TopupVariantRecord {
    fn sells(&self, amount: Decimal) -> bool {
        let fixed = self.fixed_amounts.iter().any(|it| Decimal::from_str_exact(it) == Ok(amount));
        let range = self.min_amount.zip(self.max_amount);
        fixed || range.is_some_and(|(JsonAmount(min), JsonAmount(max))| (min..=max).contains(&amount))
    }
}

pub(super) fn find(id: i64) -> Result<&'static TopupProductRecord, ApiError> {
    let found = PRODUCTS.iter().find(|product| product.id == id);
    found.ok_or_else(|| ApiError::not_found("Product not found"))
}

impl TopupProductRecord {
    /// Returns the variant that sells this amount, in the given category if there is one.
    pub(super) fn variant(
        &self,
        amount: Decimal,
        category: Option<&str>,
    ) -> Result<&TopupVariantRecord, ApiError> {
        let in_category =
            |it: &&TopupVariantRecord| category.is_none_or(|name| name.eq_ignore_ascii_case(it.category));
        let found = self.variants.iter().filter(in_category).find(|it| it.sells(amount));
        found.ok_or_else(|| ApiError::validation("amount is not available for this product"))
    }

    pub(super) fn quote(
        &self,
        state: &ServerState,
        amount: Decimal,
        wallet: Option<i64>,
    ) -> Result<PriceQuote, ApiError> {
        let percent = if self.topup_type == "GAMING" { Decimal::from(5) } else { Decimal::new(25, 1) };
        PriceQuote::new(&state.wallets, currency_of(self.currency_code), amount, percent, wallet)
    }
}

fn list(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let page = PageParams::read(request, "per_page", 500)?;
    let found =
        PRODUCTS.iter().rev().filter(|it| request.filter("type", it.topup_type) && request.search(&it.name));
    Ok(page.response(&found.collect::<Vec<_>>(), |product| *product))
}

fn get(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    #[derive(Serialize)]
    struct TopupProductResponse {
        #[serde(flatten)]
        product: &'static TopupProductRecord,
        input_fields: Vec<serde_json::Value>,
    }
    let product = find(request.id("product")?)?;
    let field =
        |key: &&str| json!({ "key": key, "label": key.replace('_', " "), "type": "text", "required": true });
    Ok(ServerResponse::ok(&TopupProductResponse {
        product,
        input_fields: product.inputs.iter().map(field).collect(),
    }))
}

fn variants(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    Ok(ServerResponse::ok(&find(request.id("product")?)?.variants))
}

fn variant(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let variants = PRODUCTS.iter().flat_map(|product| &product.variants);
    request.row_response(variants, |variant| variant.id, "Variant")
}

fn lookup(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    #[derive(Deserialize)]
    struct LookupRequest {
        #[serde(default)]
        mobile_number: String,
    }
    let LookupRequest { mobile_number: number } = request.json()?;
    if number.is_empty() {
        return Err(ApiError::validation("mobile_number is required"));
    }
    let digits = number.strip_prefix('+').unwrap_or_default();
    if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::validation("mobile_number must be in E.164 format"));
    }
    let operators = PRODUCTS.iter().filter(|it| !it.dialing_prefix.is_empty());
    let matches = operators.filter(|it| number.starts_with(it.dialing_prefix)).enumerate().map(|(index, it)| {
        json!({ "product_id": it.id, "name": it.name, "country_code": it.country_code, "identified": index == 0 })
    });
    Ok(ServerResponse::ok(&matches.collect::<Vec<_>>()))
}

fn charges(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    #[derive(Deserialize)]
    struct TopupChargesRequest {
        product_id: i64,
        amount: JsonAmount,
        wallet_id: Option<i64>,
        category: Option<String>,
    }
    let input: TopupChargesRequest = request.json()?;
    let product = find(input.product_id)?;
    product.variant(input.amount.0, input.category.as_deref())?;
    Ok(ServerResponse::ok(&product.quote(state, input.amount.0, input.wallet_id)?.charges(None)))
}
