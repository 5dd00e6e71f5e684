//! Voucher orders on the wire.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::ledger::{Draft, Order, Status};
use super::paging::Paging;
use super::products;
use super::reply::{Answer, Refusal, Reply};
use super::routes::Vertical;
use super::state::State;
use super::wire::{Amount, after};

/// Up to this many cards come with the answer; more come later.
const INLINE: u32 = 5;

/// How long a card is good for.
const VALIDITY: Duration = Duration::from_secs(365 * 86_400);

#[derive(Serialize)]
struct OrderBody {
    id: i64,
    product_id: i64,
    product_name: String,
    denomination: Amount,
    quantity: u32,
    amount: Amount,
    discount: Amount,
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
    vouchers: Option<Vec<Voucher>>,
}

#[derive(Serialize)]
struct Voucher {
    card_number: Option<String>,
    pin_code: Option<String>,
    claim_url: Option<String>,
    expires_at: Option<String>,
    #[serde(rename = "voucher_reference_number")]
    reference_number: Option<String>,
}

impl Order {
    fn body(&self, state: &State) -> OrderBody {
        let Draft { terms, .. } = &self.draft;
        OrderBody {
            id: self.id,
            product_id: self.draft.product_id,
            product_name: self.draft.product_name.clone(),
            denomination: Amount(self.draft.denomination),
            quantity: self.draft.quantity,
            amount: Amount(terms.face),
            discount: Amount(terms.discount),
            client_reference: self.draft.reference.clone(),
            wallet_id: terms.wallet,
            transaction_id: self.transaction,
            status: self.status.name(),
            base_currency: terms.source.code,
            deduction_currency: terms.destination.code,
            message: self.failure.as_ref().map(|failure| failure.reason.clone()).unwrap_or_default(),
            email: self.draft.email.clone(),
            created_at: state.stamp(self.created),
            vouchers: None,
        }
    }

    fn full(&self, state: &State) -> OrderBody {
        let vouchers = (1..=self.delivered).map(|number| self.voucher(number, state)).collect();
        OrderBody { vouchers: Some(vouchers), ..self.body(state) }
    }

    /// One product in five is a link, the others are a number and a PIN.
    fn voucher(&self, number: u32, state: &State) -> Voucher {
        let linked = self.draft.product_id % 5 == 0;
        let code = format!("CARD-{}-{number:04}", self.id);
        let pin = (self.id * 7919 + i64::from(number) * 104_729) % 1_000_000;
        Voucher {
            claim_url: linked.then(|| format!("https://claim.example.com/{code}-{pin:06}")),
            card_number: (!linked).then_some(code),
            pin_code: (!linked).then(|| format!("{pin:06}")),
            expires_at: Some(state.stamp(after(self.created, VALIDITY))),
            reference_number: number.is_multiple_of(2).then(|| format!("VRN-{}-{number}", self.id)),
        }
    }

    pub(super) fn event_name(&self) -> &'static str {
        match self.status {
            Status::Pending => "order.pending",
            Status::Delivered => "order.delivered",
            Status::PartiallyDelivered => "order.partially_delivered",
            Status::Failed => "order.failed",
            Status::Cancelled => "order.cancelled",
        }
    }

    /// What an event tells about the order: no codes.
    pub(super) fn event(&self, state: &State) -> impl Serialize + use<> {
        #[derive(Serialize)]
        struct Data {
            id: i64,
            reference_code: Option<String>,
            status: &'static str,
            product_name: String,
            denomination: Amount,
            quantity: u32,
            amount: Amount,
            delivered_quantity: u32,
            delivered_on: Option<String>,
            created_at: String,
        }
        Data {
            id: self.id,
            reference_code: self.draft.reference.clone(),
            status: self.status.name(),
            product_name: self.draft.product_name.clone(),
            denomination: Amount(self.draft.denomination),
            quantity: self.draft.quantity,
            amount: Amount(self.draft.terms.face),
            delivered_quantity: self.delivered,
            delivered_on: self.completed.filter(|_| self.delivered > 0).map(|at| state.stamp(at)),
            created_at: state.stamp(self.created),
        }
    }
}

pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    #[derive(Deserialize)]
    struct Body {
        product_id: i64,
        denomination: Amount,
        quantity: u32,
        wallet_id: Option<i64>,
        client_reference: Option<String>,
        email: Option<String>,
    }
    let body: Body = call.json()?;
    body.email.as_deref().map_or(Ok(()), check_email)?;
    let product = products::find(body.product_id)?;
    let terms = products::terms(state, product, body.denomination.0, body.quantity, body.wallet_id)?;
    let draft = Draft {
        product_id: product.id,
        product_name: product.name.clone(),
        variant_name: String::new(),
        country_code: "",
        plan: None,
        denomination: body.denomination.0,
        quantity: body.quantity,
        reference: body.client_reference,
        email: body.email,
        terms,
    };
    let usual = if body.quantity <= INLINE { Duration::ZERO } else { state.fulfil_after };
    let order = state.place(Vertical::Voucher, draft, usual)?;
    Ok(Reply::json(StatusCode::CREATED, &order.full(state)))
}

pub(super) fn check_email(email: &str) -> Result<(), Refusal> {
    let valid = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if !valid || email.len() > 254 {
        return Err(Refusal::validation("email must be a valid address of at most 254 characters"));
    }
    Ok(())
}

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let paging = Paging::read(call, "limit", 10_000)?;
    let product = call.query_number("product_id")?;
    let orders = state.orders.newest(Vertical::Voucher).filter(|it| it.matches(call, product));
    Ok(paging.reply(&orders.collect::<Vec<_>>(), |order| order.body(state)))
}

impl Order {
    /// Whether the filters all order lists share let it through.
    pub(super) fn matches(&self, call: &Call, product: Option<i64>) -> bool {
        let reference = self.draft.reference.as_deref();
        call.query("client_reference").is_none_or(|wanted| Some(wanted) == reference)
            && call.query("status").is_none_or(|wanted| wanted.eq_ignore_ascii_case(self.status.name()))
            && product.is_none_or(|wanted| wanted == self.draft.product_id)
    }
}

pub(super) fn get(state: &mut State, call: &Call) -> Answer {
    let order = state.orders.find(Vertical::Voucher, call.id("order")?)?;
    Ok(Reply::ok(&order.full(state)))
}
