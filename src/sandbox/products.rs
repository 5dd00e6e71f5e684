//! Voucher products on the wire: list, one, stock and price.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::catalogue::{Denomination, PRODUCTS, Product};
use super::charges::Terms;
use super::paging::Paging;
use super::reply::{Answer, Refusal, Reply};
use super::state::State;
use super::wire::Amount;

pub(super) fn list(_: &mut State, call: &Call) -> Answer {
    let paging = Paging::read(call, "limit", 10_000)?;
    let country = call.query_number("country_id")?;
    let currency = call.query_number("currency_id")?;
    let search = call.query("search").map(str::to_lowercase);
    let mut found: Vec<&Product> = PRODUCTS
        .iter()
        .filter(|it| country.is_none_or(|id| id == it.country_id))
        .filter(|it| currency.is_none_or(|id| id == it.currency.id))
        .filter(|it| call.query("category").is_none_or(|name| name.eq_ignore_ascii_case(it.category)))
        .filter(|it| search.as_ref().is_none_or(|text| it.name.to_lowercase().contains(text)))
        .collect();
    let (by_name, ascending) = order(call)?;
    if by_name {
        found.sort_by(|one, other| one.name.cmp(&other.name));
    }
    if !ascending {
        found.reverse();
    }
    Ok(paging.reply(&found, |product| *product))
}

/// Whether to sort by name instead of id, and whether the smallest comes first. Without a wish: newest first.
fn order(call: &Call) -> Result<(bool, bool), Refusal> {
    #[derive(Deserialize)]
    struct Sort {
        #[serde(alias = "Field")]
        field: String,
        #[serde(alias = "Direction")]
        direction: String,
    }
    let sort = if let Some(sort) = call.query("sort") {
        serde_json::from_str(sort).map_err(|_| Refusal::query())?
    } else {
        let field = call.query("sort_by").unwrap_or("id");
        let direction = call.query("sort_dir").unwrap_or(if field == "id" { "desc" } else { "asc" });
        Sort { field: field.to_owned(), direction: direction.to_owned() }
    };
    match (sort.field.as_str(), sort.direction.to_lowercase().as_str()) {
        (field @ ("id" | "name"), direction @ ("asc" | "desc")) => Ok((field == "name", direction == "asc")),
        _ => Err(Refusal::query()),
    }
}

pub(super) fn get(_: &mut State, call: &Call) -> Answer {
    Ok(Reply::ok(find(call.id("product")?)?))
}

pub(super) fn find(id: i64) -> Result<&'static Product, Refusal> {
    let place = PRODUCTS.binary_search_by_key(&id, |product| product.id).ok();
    let found = place.and_then(|place| PRODUCTS.get(place));
    found.ok_or_else(|| Refusal::not_found("Product not found"))
}

#[derive(Deserialize)]
struct Ask {
    denomination: Amount,
    quantity: u32,
    wallet_id: Option<i64>,
}

pub(super) fn availability(state: &mut State, call: &Call) -> Answer {
    let ask: Ask = call.json()?;
    let product = PRODUCTS.iter().find(|product| call.id("product").is_ok_and(|id| id == product.id));
    let product = product.ok_or_else(|| Refusal::bad_request("Invalid product ID"))?;
    if ask.denomination.0 <= Decimal::ZERO || ask.quantity == 0 {
        return Err(Refusal::validation("denomination and quantity must be greater than 0"));
    }
    let sold = denomination(product, ask.denomination.0).is_ok();
    Ok(Reply::ok(&json!({ "is_available": sold && ask.quantity <= state.order_limit })))
}

pub(super) fn charges(state: &mut State, call: &Call) -> Answer {
    let ask: Ask = call.json()?;
    let product = find(call.id("product")?)?;
    let terms = terms(state, product, ask.denomination.0, ask.quantity, ask.wallet_id)?;
    Ok(Reply::ok(&terms.body(Some(state.order_limit))))
}

/// What an order of this many cards of this value costs; refuses what is not for sale.
pub(super) fn terms(
    state: &State,
    product: &Product,
    value: Decimal,
    quantity: u32,
    wallet: Option<i64>,
) -> Result<Terms, Refusal> {
    if quantity == 0 || quantity > state.order_limit {
        return Err(Refusal::validation(format!("quantity must be between 1 and {}", state.order_limit)));
    }
    let percent = denomination(product, value)?.discount.map_or(Decimal::ZERO, |discount| discount.0);
    Terms::new(&state.wallets, product.currency, value * Decimal::from(quantity), percent, wallet)
}

fn denomination(product: &Product, value: Decimal) -> Result<Denomination, Refusal> {
    let found = product.available_denominations.iter().find(|denomination| denomination.contains(value));
    found.copied().ok_or_else(|| Refusal::validation("denomination is not available for this product"))
}
