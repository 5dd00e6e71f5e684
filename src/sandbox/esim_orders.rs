//! eSIM orders: routes and responses. The response to a create request can be delayed.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::esim;
use super::json_amount::JsonAmount;
use super::order_ledger::{OrderDraft, OrderRecord, Status};
use super::page_params::PageParams;
use super::routes::{ApiRoute, QuotaClass};
use super::server_request::ServerRequest;
use super::server_response::{DeferredResponse, HandlerResult, ServerResponse};
use super::server_state::ServerState;
use super::timestamps::after;
use super::topup_orders::{CommonOrderFields, set_email};
use crate::http::Vertical::Esim;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute::new("POST /api/v1/esim/orders", QuotaClass::Order(Esim), create),
    ApiRoute::get("GET /api/v1/esim/orders", list),
    ApiRoute::get("GET /api/v1/esim/orders/:id", get),
    ApiRoute::new("PATCH /api/v1/esim/orders/:id/notification-email", QuotaClass::Unlimited, notify),
];

/// After this duration the server responds, whatever the order's status.
const MAX_HOLD: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct EsimOrderResponse {
    #[serde(flatten)]
    common: CommonOrderFields,
    product_id: i64,
    data_amount_gb: JsonAmount,
    validity_days: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation_status: Option<&'static str>,
    is_installed: bool,
    installed_at: Option<String>,
    activated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iccid: Option<String>,
}

impl OrderRecord {
    fn esim_without_code(&self, state: &ServerState) -> EsimOrderResponse {
        let (data, days) = self.draft.plan.unwrap_or((Decimal::ZERO, 0));
        let installed = self.installed.map(|at| state.timestamp(at));
        let delivered = self.status == Status::Delivered;
        EsimOrderResponse {
            common: self.common_fields(state),
            product_id: self.draft.product_id,
            data_amount_gb: JsonAmount(data),
            validity_days: days,
            activation_status: delivered.then_some(if installed.is_some() {
                "ACTIVE"
            } else {
                "NOT_INSTALLED"
            }),
            is_installed: installed.is_some(),
            installed_at: installed.clone(),
            activated_at: installed,
            activation_code: None,
            iccid: None,
        }
    }

    /// The code is withheld once the eSIM is installed.
    fn esim_with_code(&self, state: &ServerState) -> EsimOrderResponse {
        let delivered = self.status == Status::Delivered;
        EsimOrderResponse {
            activation_code: (delivered && self.installed.is_none())
                .then(|| format!("LPA:1$smdp.example.com$ACT-{:08}-{:08}", self.id, self.id * 7919)),
            iccid: delivered.then(|| format!("8900000000{:09}", self.id)),
            ..self.esim_without_code(state)
        }
    }
}

fn create(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    #[derive(Deserialize)]
    struct CreateEsimOrderRequest {
        product_id: i64,
        amount: JsonAmount,
        client_reference: Option<String>,
        wallet_id: Option<i64>,
    }
    let input: CreateEsimOrderRequest = request.json()?;
    let product = esim::find(input.product_id)?;
    let variant = product.variant(input.amount.0)?;
    let draft = OrderDraft {
        product_id: product.id,
        product_name: product.name.clone(),
        variant_name: variant.name.clone(),
        country_code: product.country_code,
        plan: Some((variant.data_amount_gb.0, variant.validity_days)),
        denomination: input.amount.0,
        quantity: 1,
        reference: input.client_reference,
        email: None,
        quote: product.quote(state, input.amount.0, input.wallet_id)?,
    };
    let hold = state.esim_hold.take().unwrap_or_default();
    let order = state.place(Esim, draft, hold)?;
    let mut response = ServerResponse::ok(&order.esim_with_code(state));
    if !hold.is_zero() {
        response.deferred = Some(DeferredResponse {
            at: after(order.created, hold.min(MAX_HOLD)),
            complete: Box::new(move |state| show(state, order.id)),
        });
    }
    Ok(response)
}

fn show(state: &mut ServerState, id: i64) -> HandlerResult {
    let order = state.orders.find(Esim, id)?;
    Ok(ServerResponse::ok(&order.esim_with_code(state)))
}

fn list(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let page = PageParams::read(request, "per_page", 500)?;
    let orders = state.orders.newest_first(Esim).filter(|it| it.matches(request, None));
    Ok(page.response(&orders.collect::<Vec<_>>(), |order| order.esim_without_code(state)))
}

fn get(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    show(state, request.id("order")?)
}

fn notify(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    set_email(state, request, Esim)
}
