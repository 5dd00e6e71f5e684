//! Top-up orders on the wire.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::Call;
use super::ledger::{Draft, Order, Status};
use super::orders::check_email;
use super::paging::Paging;
use super::reply::{Answer, Refusal, Reply};
use super::routes::Vertical::{self, Topup};
use super::state::State;
use super::topups::{self, TopupProduct};
use super::wire::Amount;

#[derive(Serialize)]
struct OrderBody {
    product_id: i64,
    variant_name: String,
    status_text: &'static str,
    #[serde(flatten)]
    common: Common,
}

/// What top-up and eSIM orders have in common. A member that does not apply is left out, not null.
#[derive(Serialize)]
pub(super) struct Common {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_reference: Option<String>,
    product_name: String,
    country_code: &'static str,
    /// Net of discount, as the API has it.
    amount: Amount,
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

impl Order {
    pub(super) fn common(&self, state: &State) -> Common {
        let failure = self.failure.as_ref();
        Common {
            id: self.id,
            client_reference: self.draft.reference.clone(),
            product_name: self.draft.product_name.clone(),
            country_code: self.draft.country_code,
            amount: Amount(self.draft.terms.total),
            currency: self.draft.terms.source.code,
            status: self.status.name(),
            transaction_id: self.transaction,
            created_at: state.stamp(self.created),
            completed_at: self.completed.map(|at| state.stamp(at)),
            failure_code: failure.map(|failure| failure.code.clone()),
            failure_reason: failure.map(|failure| failure.reason.clone()),
            is_user_fixable: failure.map(|failure| failure.user_fixable),
        }
    }

    fn topup(&self, state: &State) -> impl Serialize + use<> {
        OrderBody {
            product_id: self.draft.product_id,
            variant_name: self.draft.variant_name.clone(),
            status_text: self.status_text(),
            common: self.common(state),
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

pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    #[derive(Deserialize)]
    struct Body {
        product_id: i64,
        amount: Amount,
        #[serde(default)]
        input_data: BTreeMap<String, String>,
        client_reference: Option<String>,
        category: Option<String>,
        wallet_id: Option<i64>,
    }
    let body: Body = call.json()?;
    let product = topups::find(body.product_id)?;
    check_inputs(product, &body.input_data)?;
    let variant = product.variant(body.amount.0, body.category.as_deref())?;
    let draft = Draft {
        product_id: product.id,
        product_name: product.name.clone(),
        variant_name: variant.name.clone(),
        country_code: product.country_code,
        plan: None,
        denomination: body.amount.0,
        quantity: 1,
        reference: body.client_reference,
        email: None,
        terms: product.terms(state, body.amount.0, body.wallet_id)?,
    };
    let order = state.place(Topup, draft, state.fulfil_after)?;
    Ok(Reply::json(StatusCode::CREATED, &order.topup(state)))
}

/// The keys have to be exactly those the product asks for.
fn check_inputs(product: &TopupProduct, inputs: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if let Some(missing) = product.inputs.iter().find(|key| inputs.get(**key).is_none_or(String::is_empty)) {
        return Err(Refusal::validation(format!("input_data.{missing} is required")));
    }
    if inputs.len() > product.inputs.len() {
        return Err(Refusal::validation("input_data has a key this product does not ask for"));
    }
    Ok(())
}

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let paging = Paging::read(call, "per_page", 500)?;
    let product = call.query_number("product_id")?;
    let orders = state
        .orders
        .newest(Topup)
        .filter(|it| it.matches(call, product))
        .filter(|it| call.query("country").is_none_or(|code| code == it.draft.country_code));
    Ok(paging.reply(&orders.collect::<Vec<_>>(), |order| order.topup(state)))
}

pub(super) fn get(state: &mut State, call: &Call) -> Answer {
    let order = state.orders.find(Topup, call.id("order")?)?;
    Ok(Reply::ok(&order.topup(state)))
}

pub(super) fn notify(state: &mut State, call: &Call) -> Answer {
    set_email(state, call, Topup)
}

/// Keeps the address a top-up or eSIM order is to be reported to.
pub(super) fn set_email(state: &mut State, call: &Call, vertical: Vertical) -> Answer {
    #[derive(Deserialize)]
    struct Body {
        email: String,
    }
    let body: Body = call.json()?;
    check_email(&body.email)?;
    let order = state.orders.find_mut(vertical, call.id("order")?)?;
    order.draft.email = Some(body.email.clone());
    Ok(Reply::ok(&json!({ "id": order.id, "email": body.email })))
}
