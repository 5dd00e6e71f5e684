//! Gift card orders: routes, responses and webhook event data.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::api_error::ApiError;
use super::json_amount::JsonAmount;
use super::order_ledger::{OrderDraft, OrderRecord};
use super::page_params::PageParams;
use super::products;
use super::routes::{ApiRoute, QuotaClass};
use super::server_request::ServerRequest;
use super::server_response::{HandlerResult, ServerResponse};
use super::server_state::ServerState;
use super::timestamps::after;
use crate::http::Vertical;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute::new("POST /api/v1/orders", QuotaClass::Order(Vertical::Voucher), create),
    ApiRoute::get("GET /api/v1/orders", list),
    ApiRoute::get("GET /api/v1/orders/:id", get),
];

/// Orders of up to this many cards are delivered at once, larger ones later.
const MAX_DELIVERED_AT_ONCE: u32 = 5;

/// How long a card is valid.
const VALIDITY: Duration = Duration::from_secs(365 * 86_400);

#[derive(Serialize)]
struct OrderResponse {
    id: i64,
    product_id: i64,
    product_name: String,
    denomination: JsonAmount,
    quantity: u32,
    amount: JsonAmount,
    discount: JsonAmount,
    client_reference: Option<String>,
    wallet_id: i64,
    transaction_id: i64,
    status: &'static str,
    base_currency: &'static str,
    deduction_currency: &'static str,
    message: String,
    email: Option<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vouchers: Option<Vec<VoucherRecord>>,
}

#[derive(Serialize)]
struct VoucherRecord {
    card_number: Option<String>,
    pin_code: Option<String>,
    claim_url: Option<String>,
    expires_at: Option<String>,
    #[serde(rename = "voucher_reference_number")]
    reference_number: Option<String>,
}

impl OrderRecord {
    fn without_vouchers(&self, state: &ServerState) -> OrderResponse {
        let quote = &self.draft.quote;
        OrderResponse {
            id: self.id,
            product_id: self.draft.product_id,
            product_name: self.draft.product_name.clone(),
            denomination: JsonAmount(self.draft.denomination),
            quantity: self.draft.quantity,
            amount: JsonAmount(quote.face),
            discount: JsonAmount(quote.discount),
            client_reference: self.draft.reference.clone(),
            wallet_id: quote.wallet,
            transaction_id: self.transaction,
            status: self.status.name(),
            base_currency: quote.source.code,
            deduction_currency: quote.destination.code,
            message: self.failure.as_ref().map(|failure| failure.reason.clone()).unwrap_or_default(),
            email: self.draft.email.clone(),
            created_at: state.timestamp(self.created),
            vouchers: None,
        }
    }

    fn with_vouchers(&self, state: &ServerState) -> OrderResponse {
        let vouchers = (1..=self.delivered).map(|number| self.voucher(number, state)).collect();
        OrderResponse { vouchers: Some(vouchers), ..self.without_vouchers(state) }
    }

    /// One product in five is redeemed by a link, the others by a card number and PIN.
    fn voucher(&self, number: u32, state: &ServerState) -> VoucherRecord {
        let linked = self.draft.product_id % 5 == 0;
        let code = format!("CARD-{}-{number:04}", self.id);
        let pin = (self.id * 7919 + i64::from(number) * 104_729) % 1_000_000;
        VoucherRecord {
            claim_url: linked.then(|| format!("https://claim.example.com/{code}-{pin:06}")),
            card_number: (!linked).then_some(code),
            pin_code: (!linked).then(|| format!("{pin:06}")),
            expires_at: Some(state.timestamp(after(self.created, VALIDITY))),
            reference_number: number.is_multiple_of(2).then(|| format!("VRN-{}-{number}", self.id)),
        }
    }

    pub(super) fn event_type(&self) -> String {
        format!("order.{}", self.status.name().to_lowercase())
    }

    /// Returns the `data` of a webhook event. It contains no codes.
    pub(super) fn event_data(&self, state: &ServerState) -> impl Serialize + use<> {
        #[derive(Serialize)]
        struct OrderEventData {
            id: i64,
            reference_code: Option<String>,
            status: &'static str,
            product_name: String,
            denomination: JsonAmount,
            quantity: u32,
            amount: JsonAmount,
            delivered_quantity: u32,
            delivered_on: Option<String>,
            created_at: String,
        }
        OrderEventData {
            id: self.id,
            reference_code: self.draft.reference.clone(),
            status: self.status.name(),
            product_name: self.draft.product_name.clone(),
            denomination: JsonAmount(self.draft.denomination),
            quantity: self.draft.quantity,
            amount: JsonAmount(self.draft.quote.face),
            delivered_quantity: self.delivered,
            delivered_on: self.completed.filter(|_| self.delivered > 0).map(|at| state.timestamp(at)),
            created_at: state.timestamp(self.created),
        }
    }
}

fn create(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    #[derive(Deserialize)]
    struct CreateOrderRequest {
        product_id: i64,
        denomination: JsonAmount,
        quantity: u32,
        wallet_id: Option<i64>,
        client_reference: Option<String>,
        email: Option<String>,
    }
    let input: CreateOrderRequest = request.json()?;
    input.email.as_deref().map_or(Ok(()), check_email)?;
    let product = products::find(input.product_id)?;
    let quote = products::quote(state, product, input.denomination.0, input.quantity, input.wallet_id)?;
    let draft = OrderDraft {
        product_id: product.id,
        product_name: product.name.clone(),
        variant_name: String::new(),
        country_code: "",
        plan: None,
        denomination: input.denomination.0,
        quantity: input.quantity,
        reference: input.client_reference,
        email: input.email,
        quote,
    };
    let pending = if input.quantity <= MAX_DELIVERED_AT_ONCE { Duration::ZERO } else { state.fulfil_after };
    let order = state.place(Vertical::Voucher, draft, pending)?;
    Ok(ServerResponse::json(StatusCode::CREATED, &order.with_vouchers(state)))
}

pub(super) fn check_email(email: &str) -> Result<(), ApiError> {
    let valid = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if !valid || email.len() > 254 {
        return Err(ApiError::validation("email must be a valid address of at most 254 characters"));
    }
    Ok(())
}

fn list(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let page = PageParams::read(request, "limit", 10_000)?;
    let product = request.query_number("product_id")?;
    let orders = state.orders.newest_first(Vertical::Voucher).filter(|it| it.matches(request, product));
    Ok(page.response(&orders.collect::<Vec<_>>(), |order| order.without_vouchers(state)))
}

impl OrderRecord {
    /// Whether the order passes the filters that all order lists share.
    pub(super) fn matches(&self, request: &ServerRequest, product: Option<i64>) -> bool {
        let reference = self.draft.reference.as_deref();
        request.query("client_reference").is_none_or(|wanted| Some(wanted) == reference)
            && request.filter("status", self.status.name())
            && product.is_none_or(|wanted| wanted == self.draft.product_id)
    }
}

fn get(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let order = state.orders.find(Vertical::Voucher, request.id("order")?)?;
    Ok(ServerResponse::ok(&order.with_vouchers(state)))
}
