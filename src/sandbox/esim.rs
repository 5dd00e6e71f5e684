//! eSIM products and their routes: one product for each country and a global one, each in four sizes.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

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
    ApiRoute::get("GET /api/v1/esim/products", list),
    ApiRoute::get("GET /api/v1/esim/products/:id", get),
    ApiRoute::get("GET /api/v1/esim/products/:id/variants", variants),
    ApiRoute::get("GET /api/v1/esim/variants/:id", variant),
    ApiRoute::new("POST /api/v1/esim/charges", QuotaClass::Charges(Vertical::Esim), charges),
];

#[derive(Serialize)]
pub(super) struct EsimProductRecord {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) country_code: &'static str,
    currency_code: &'static str,
    image_url: String,
    #[serde(skip)]
    variants: Vec<EsimVariantRecord>,
}

#[derive(Serialize)]
pub(super) struct EsimVariantRecord {
    id: i64,
    esim_product_id: i64,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
    currency_code: &'static str,
    amount: JsonAmount,
    pub(super) data_amount_gb: JsonAmount,
    pub(super) validity_days: u32,
    client_discount: JsonAmount,
}

/// Price in cents, data in GB (0 means unlimited), days, description.
static SIZES: [(i64, i64, u32, Option<&str>); 4] = [
    (450, 1, 7, None),
    (900, 3, 30, None),
    (1500, 5, 30, Some("For a long stay")),
    (2600, 0, 15, Some("Data without limit")),
];

/// All eSIM products in ascending order of id.
static PRODUCTS: LazyLock<Vec<EsimProductRecord>> = LazyLock::new(|| {
    let countries = COUNTRIES.iter().map(|country| (country.alpha_3, country.name));
    (601..).zip(countries.chain([("GLO", "Global")])).map(|(id, country)| product(id, country)).collect()
});

fn product(id: i64, (country_code, country): (&'static str, &str)) -> EsimProductRecord {
    let variants = (1..).zip(SIZES).map(|(nth, (cents, data, days, description))| EsimVariantRecord {
        id: id * 10 + nth,
        esim_product_id: id,
        name: if data == 0 {
            format!("{country} unlimited, {days} days")
        } else {
            format!("{country} {data} GB, {days} days")
        },
        description,
        currency_code: "USD",
        amount: JsonAmount(Decimal::new(cents, 2)),
        data_amount_gb: JsonAmount(Decimal::from(data)),
        validity_days: days,
        client_discount: JsonAmount(DISCOUNT),
    });
    EsimProductRecord {
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

pub(super) fn find(id: i64) -> Result<&'static EsimProductRecord, ApiError> {
    let found = PRODUCTS.iter().find(|product| product.id == id);
    found.ok_or_else(|| ApiError::not_found("Product not found"))
}

impl EsimProductRecord {
    /// Returns the variant with exactly this amount.
    pub(super) fn variant(&self, amount: Decimal) -> Result<&EsimVariantRecord, ApiError> {
        let found = self.variants.iter().find(|variant| variant.amount.0 == amount);
        found.ok_or_else(|| ApiError::validation("amount does not match a variant of this product"))
    }

    pub(super) fn quote(
        &self,
        state: &ServerState,
        amount: Decimal,
        wallet: Option<i64>,
    ) -> Result<PriceQuote, ApiError> {
        PriceQuote::new(&state.wallets, currency_of(self.currency_code), amount, DISCOUNT, wallet)
    }
}

fn list(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let page = PageParams::read(request, "per_page", 500)?;
    let found = PRODUCTS
        .iter()
        .rev()
        .filter(|it| request.query("country_code").is_none_or(|code| code == it.country_code))
        .filter(|it| request.search(&it.name));
    Ok(page.response(&found.collect::<Vec<_>>(), |product| *product))
}

fn get(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    #[derive(Serialize)]
    struct EsimProductResponse {
        #[serde(flatten)]
        product: &'static EsimProductRecord,
        variants: &'static [EsimVariantRecord],
    }
    let product = find(request.id("product")?)?;
    Ok(ServerResponse::ok(&EsimProductResponse { product, variants: &product.variants }))
}

fn variants(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    Ok(ServerResponse::ok(&find(request.id("product")?)?.variants))
}

fn variant(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let variants = PRODUCTS.iter().flat_map(|product| &product.variants);
    request.row_response(variants, |variant| variant.id, "Variant")
}

fn charges(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    #[derive(Deserialize)]
    struct EsimChargesRequest {
        product_id: i64,
        amount: JsonAmount,
        wallet_id: Option<i64>,
    }
    let input: EsimChargesRequest = request.json()?;
    let product = find(input.product_id)?;
    product.variant(input.amount.0)?;
    Ok(ServerResponse::ok(&product.quote(state, input.amount.0, input.wallet_id)?.charges(None)))
}
