//! The gift card routes: list, lookup by id, availability and charges.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;

use super::api_error::ApiError;
use super::catalogue::{DenominationRecord, PRODUCTS, ProductRecord};
use super::json_amount::JsonAmount;
use super::page_params::PageParams;
use super::price_quote::PriceQuote;
use super::routes::{ApiRoute, QuotaClass};
use super::server_request::ServerRequest;
use super::server_response::{HandlerResult, ServerResponse};
use super::server_state::ServerState;
use crate::http::Vertical;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute::get("GET /api/v1/products", list),
    ApiRoute::get("GET /api/v1/products/:id", get),
    ApiRoute::new("POST /api/v1/products/:id/availability", QuotaClass::Unlimited, availability),
    ApiRoute::new("POST /api/v1/products/:id/charges", QuotaClass::Charges(Vertical::Voucher), charges),
];

fn list(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let page = PageParams::read(request, "limit", 10_000)?;
    let country = request.query_number("country_id")?;
    let currency = request.query_number("currency_id")?;
    let mut found: Vec<&ProductRecord> = PRODUCTS
        .iter()
        .filter(|it| country.is_none_or(|id| id == it.country_id))
        .filter(|it| currency.is_none_or(|id| id == it.currency.id))
        .filter(|it| request.filter("category", it.category) && request.search(&it.name))
        .collect();
    let (by_name, ascending) = sort_order(request)?;
    if by_name {
        found.sort_by(|one, other| one.name.cmp(&other.name));
    }
    if !ascending {
        found.reverse();
    }
    Ok(page.response(&found, |product| *product))
}

/// Returns whether to sort by name instead of id, and whether to sort ascending. The default is newest first.
fn sort_order(request: &ServerRequest) -> Result<(bool, bool), ApiError> {
    #[derive(Deserialize)]
    struct SortParams {
        #[serde(alias = "Field")]
        field: String,
        #[serde(alias = "Direction")]
        direction: String,
    }
    let sort = if let Some(sort) = request.query("sort") {
        serde_json::from_str(sort).map_err(|_| ApiError::query())?
    } else {
        let field = request.query("sort_by").unwrap_or("id");
        let direction = request.query("sort_dir").unwrap_or(if field == "id" { "desc" } else { "asc" });
        SortParams { field: field.to_owned(), direction: direction.to_owned() }
    };
    match (sort.field.as_str(), sort.direction.to_lowercase().as_str()) {
        (field @ ("id" | "name"), direction @ ("asc" | "desc")) => Ok((field == "name", direction == "asc")),
        _ => Err(ApiError::query()),
    }
}

fn get(_: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    Ok(ServerResponse::ok(find(request.id("product")?)?))
}

pub(super) fn find(id: i64) -> Result<&'static ProductRecord, ApiError> {
    let index = PRODUCTS.binary_search_by_key(&id, |product| product.id).ok();
    let found = index.and_then(|index| PRODUCTS.get(index));
    found.ok_or_else(|| ApiError::not_found("Product not found"))
}

#[derive(Deserialize)]
struct QuoteRequest {
    denomination: JsonAmount,
    quantity: u32,
    wallet_id: Option<i64>,
}

fn availability(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let input: QuoteRequest = request.json()?;
    let product = PRODUCTS.iter().find(|product| request.id("product").is_ok_and(|id| id == product.id));
    let product = product.ok_or_else(|| ApiError::bad_request("Invalid product ID"))?;
    if input.denomination.0 <= Decimal::ZERO || input.quantity == 0 {
        return Err(ApiError::validation("denomination and quantity must be greater than 0"));
    }
    let valid = denomination(product, input.denomination.0).is_ok();
    Ok(ServerResponse::ok(&json!({ "is_available": valid && input.quantity <= state.order_limit })))
}

fn charges(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let input: QuoteRequest = request.json()?;
    let product = find(request.id("product")?)?;
    let quote = quote(state, product, input.denomination.0, input.quantity, input.wallet_id)?;
    Ok(ServerResponse::ok(&quote.charges(Some(state.order_limit))))
}

/// Returns the price of an order, or an error if the product is not sold in this denomination or quantity.
pub(super) fn quote(
    state: &ServerState,
    product: &ProductRecord,
    value: Decimal,
    quantity: u32,
    wallet: Option<i64>,
) -> Result<PriceQuote, ApiError> {
    if quantity == 0 || quantity > state.order_limit {
        return Err(ApiError::validation(format!("quantity must be between 1 and {}", state.order_limit)));
    }
    let percent = denomination(product, value)?.discount.map_or(Decimal::ZERO, |discount| discount.0);
    PriceQuote::new(&state.wallets, product.currency, value * Decimal::from(quantity), percent, wallet)
}

fn denomination(product: &ProductRecord, value: Decimal) -> Result<DenominationRecord, ApiError> {
    let found = product.available_denominations.iter().find(|denomination| denomination.contains(value));
    found.copied().ok_or_else(|| ApiError::validation("denomination is not available for this product"))
}
