//! Top-up orders: routes and responses.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::api_error::ApiError;
use super::json_amount::JsonAmount;
use super::order_ledger::{OrderDraft, OrderRecord, Status};
use super::orders::check_email;
use super::page_params::PageParams;
use super::routes::{ApiRoute, QuotaClass};
use super::server_request::ServerRequest;
use super::server_response::{HandlerResult, ServerResponse};
use super::server_state::ServerState;
use super::topups::{self, TopupProductRecord};
use crate::http::Vertical::{self, Topup};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute::new("POST /api/v1/topups/orders", QuotaClass::Order(Topup), create),
    ApiRoute::get("GET /api/v1/topups/orders", list),
    ApiRoute::get("GET /api/v1/topups/orders/:id", get),
    ApiRoute::new("PATCH /api/v1/topups/orders/:id/notification-email", QuotaClass::Unlimited, notify),
];

#[derive(Serialize)]
struct TopupOrderResponse {
    product_id: i64,
    variant_name: String,
    status_text: &'static str,
    #[serde(flatten)]
    common: CommonOrderFields,
}

/// The fields that top-up and eSIM orders share. A field that does not apply is left out instead of null.
#[derive(Serialize)]
pub(super) struct CommonOrderFields {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_reference: Option<String>,
    product_name: String,
    country_code: &'static str,
    /// Net of the discount, as in the API.
    amount: JsonAmount,
    currency: &'static str,
    status: &'static str,
    transaction_id: i64,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_user_fixable: Option<bool>,
}

impl OrderRecord {
    pub(super) fn common_fields(&self, state: &ServerState) -> CommonOrderFields {
        let failure = self.failure.as_ref();
        CommonOrderFields {
            id: self.id,
            client_reference: self.draft.reference.clone(),
            product_name: self.draft.product_name.clone(),
            country_code: self.draft.country_code,
            amount: JsonAmount(self.draft.quote.total),
            currency: self.draft.quote.source.code,
            status: self.status.name(),
            transaction_id: self.transaction,
            created_at: state.timestamp(self.created),
            completed_at: self.completed.map(|at| state.timestamp(at)),
            failure_code: failure.map(|failure| failure.code.clone()),
            failure_reason: failure.map(|failure| failure.reason.clone()),
            is_user_fixable: failure.map(|failure| failure.user_fixable),
        }
    }

    fn topup_response(&self, state: &ServerState) -> impl Serialize + use<> {
        TopupOrderResponse {
            product_id: self.draft.product_id,
            variant_name: self.draft.variant_name.clone(),
            status_text: self.status_text(),
            common: self.common_fields(state),
        }
    }

    fn status_text(&self) -> &'static str {
        match self.status {
            Status::Pending => "In progress",
            Status::Delivered | Status::PartiallyDelivered => "Completed",
            Status::Failed => "Failed",
            Status::Cancelled => "Cancelled",
        }
    }
}

fn create(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    #[derive(Deserialize)]
    struct CreateTopupOrderRequest {
        product_id: i64,
        amount: JsonAmount,
        #[serde(default)]
        input_data: BTreeMap<String, String>,
        client_reference: Option<String>,
        category: Option<String>,
        wallet_id: Option<i64>,
    }
    let input: CreateTopupOrderRequest = request.json()?;
    let product = topups::find(input.product_id)?;
    check_inputs(product, &input.input_data)?;
    let variant = product.variant(input.amount.0, input.category.as_deref())?;
    let draft = OrderDraft {
        product_id: product.id,
        product_name: product.name.clone(),
        variant_name: variant.name.clone(),
        country_code: product.country_code,
        plan: None,
        denomination: input.amount.0,
        quantity: 1,
        reference: input.client_reference,
        email: None,
        quote: product.quote(state, input.amount.0, input.wallet_id)?,
    };
    let order = state.place(Topup, draft, state.fulfil_after)?;
    Ok(ServerResponse::json(StatusCode::CREATED, &order.topup_response(state)))
}

/// Checks that the keys are exactly the product's input fields.
fn check_inputs(product: &TopupProductRecord, inputs: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if let Some(missing) = product.inputs.iter().find(|key| inputs.get(**key).is_none_or(String::is_empty)) {
        return Err(ApiError::validation(format!("input_data.{missing} is required")));
    }
    if inputs.len() > product.inputs.len() {
        return Err(ApiError::validation("input_data has a key this product does not ask for"));
    }
    Ok(())
}

fn list(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let page = PageParams::read(request, "per_page", 500)?;
    let product = request.query_number("product_id")?;
    let orders = state
        .orders
        .newest_first(Topup)
        .filter(|it| it.matches(request, product))
        .filter(|it| request.query("country").is_none_or(|code| code == it.draft.country_code));
    Ok(page.response(&orders.collect::<Vec<_>>(), |order| order.topup_response(state)))
}

fn get(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let order = state.orders.find(Topup, request.id("order")?)?;
    Ok(ServerResponse::ok(&order.topup_response(state)))
}

fn notify(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    set_email(state, request, Topup)
}

/// Sets the notification email of a top-up or eSIM order.
pub(super) fn set_email(
    state: &mut ServerState,
    request: &ServerRequest,
    vertical: Vertical,
) -> HandlerResult {
    #[derive(Deserialize)]
    struct NotificationEmailRequest {
        email: String,
    }
    let NotificationEmailRequest { email } = request.json()?;
    check_email(&email)?;
    let order = state.orders.find_mut(vertical, request.id("order")?)?;
    order.draft.email = Some(email.clone());
    Ok(ServerResponse::ok(&json!({ "id": order.id, "email": email })))
}
