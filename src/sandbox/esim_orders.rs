//! eSIM orders on the wire. Creating one can hold the request while the operator is asked.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::esim;
use super::ledger::{Draft, Order, Status};
use super::paging::Paging;
use super::reply::{Answer, Later, Reply};
use super::routes::Vertical::Esim;
use super::state::State;
use super::topup_orders::{Common, set_email};
use super::wire::{Amount, after};

/// The server answers after this time, with whatever status the order has.
const LONGEST_HOLD: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct OrderBody {
    #[serde(flatten)]
    common: Common,
    product_id: i64,
    data_amount_gb: Amount,
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

impl Order {
    /// The order as lists show it: no code.
    fn esim(&self, state: &State) -> OrderBody {
        let (data, days) = self.draft.plan.unwrap_or((Decimal::ZERO, 0));
        let installed = self.installed.map(|at| state.stamp(at));
        let delivered = self.status == Status::Delivered;
        OrderBody {
            common: self.common(state),
            product_id: self.draft.product_id,
            data_amount_gb: Amount(data),
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

    /// The order with its code, which is withheld once the eSIM is installed.
    fn full_esim(&self, state: &State) -> OrderBody {
        let delivered = self.status == Status::Delivered;
        OrderBody {
            activation_code: (delivered && self.installed.is_none())
                .then(|| format!("LPA:1$smdp.example.com$ACT-{:08}-{:08}", self.id, self.id * 7919)),
            iccid: delivered.then(|| format!("8900000000{:09}", self.id)),
            ..self.esim(state)
        }
    }
}

pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    #[derive(Deserialize)]
    struct Body {
        product_id: i64,
        amount: Amount,
        client_reference: Option<String>,
        wallet_id: Option<i64>,
    }
    let body: Body = call.json()?;
    let product = esim::find(body.product_id)?;
    let variant = product.variant(body.amount.0)?;
    let draft = Draft {
        product_id: product.id,
        product_name: product.name.clone(),
        variant_name: variant.name.clone(),
        country_code: product.country_code,
        plan: Some((variant.data_amount_gb.0, variant.validity_days)),
        denomination: body.amount.0,
        quantity: 1,
        reference: body.client_reference,
        email: None,
        terms: product.terms(state, body.amount.0, body.wallet_id)?,
    };
    let hold = state.esim_hold.take().unwrap_or_default();
    let order = state.place(Esim, draft, hold)?;
    let mut reply = Reply::ok(&order.full_esim(state));
    if !hold.is_zero() {
        reply.later = Some(Later {
            at: after(order.created, hold.min(LONGEST_HOLD)),
            then: Box::new(move |state| show(state, order.id)),
        });
    }
    Ok(reply)
}

fn show(state: &mut State, id: i64) -> Answer {
    let order = state.orders.find(Esim, id)?;
    Ok(Reply::ok(&order.full_esim(state)))
}

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let paging = Paging::read(call, "per_page", 500)?;
    let orders = state.orders.newest(Esim).filter(|it| it.matches(call, None));
    Ok(paging.reply(&orders.collect::<Vec<_>>(), |order| order.esim(state)))
}

pub(super) fn get(state: &mut State, call: &Call) -> Answer {
    show(state, call.id("order")?)
}

pub(super) fn notify(state: &mut State, call: &Call) -> Answer {
    set_email(state, call, Esim)
}
