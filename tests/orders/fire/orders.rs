//! The orders of a run, of alternating kinds.

use anyhow::{Result, ensure};
use popup_rewards::{
    ClientReference, Error, EsimOrder, EsimOrderStatus, NewEsimOrder, NewOrder, NewTopupOrder, Order,
    OrderStatus, Session, TopupOrder, WalletId,
};
use rust_decimal::Decimal;

use super::WALLET;

/// The requested order for a reference.
pub(super) enum Wanted {
    GiftCards(NewOrder),
    Topup(NewTopupOrder),
    Esim(NewEsimOrder),
}

/// An order that a call returned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Returned {
    pub(super) id: i64,
    /// Whether it is the requested order in full, as far as an order shows.
    pub(super) is_match: bool,
}

impl Wanted {
    /// Builds an order for one of two customers. Both use the same reference, and a response does not show
    /// all that differs between their orders.
    pub(super) fn new(number: u32, customer: &str) -> Result<Self> {
        let reference = ClientReference::new(format!("fire-{number}"))?;
        let (wallet, own) = (WalletId::from(WALLET), customer == "own");
        Ok(match number % 4 {
            0 => Wanted::Topup(
                NewTopupOrder::new(401.into(), Decimal::new(499, 2), reference)
                    .input("player_id", &format!("{customer}-{number}"))
                    .input("server", "eu")
                    .wallet(wallet),
            ),
            1 => {
                let cents = if own { 450 } else { 2600 };
                Wanted::Esim(NewEsimOrder::new(601.into(), Decimal::new(cents, 2), reference).wallet(wallet))
            }
            _ => {
                let value = Decimal::from(if number.is_multiple_of(3) { 50 } else { 20 });
                let order = NewOrder::new(3013.into(), value, 1 + number % 7, reference);
                Wanted::GiftCards(order.wallet(wallet).email(&format!("{customer}-{number}@example.org")))
            }
        })
    }

    pub(super) fn reference(&self) -> &ClientReference {
        match self {
            Wanted::GiftCards(order) => order.reference(),
            Wanted::Topup(order) => order.reference(),
            Wanted::Esim(order) => order.reference(),
        }
    }

    pub(super) fn create(&self, session: &Session) -> Result<Returned, Error> {
        match self {
            Wanted::GiftCards(order) => session.create_order(order).map(|found| gift_cards(order, &found)),
            Wanted::Topup(order) => session.create_topup_order(order).map(|found| topup(order, &found)),
            Wanted::Esim(order) => session.create_esim_order(order).map(|found| esim(order, &found)),
        }
    }

    /// Finds the order, or places it if there is none, as a program does after a crash.
    pub(super) fn resume(&self, session: &Session) -> Result<Returned, Error> {
        let reference = self.reference();
        let found = match self {
            Wanted::GiftCards(order) => session.find_order(reference)?.map(|found| gift_cards(order, &found)),
            Wanted::Topup(order) => session.find_topup_order(reference)?.map(|found| topup(order, &found)),
            Wanted::Esim(order) => session.find_esim_order(reference)?.map(|found| esim(order, &found)),
        };
        found.map_or_else(|| self.create(session), Ok)
    }
}

fn is_named(found: Option<&str>, reference: &ClientReference) -> bool {
    found == Some(reference.as_str())
}

fn gift_cards(wanted: &NewOrder, found: &Order) -> Returned {
    let has_codes = match found.status {
        OrderStatus::Delivered => u32::try_from(found.vouchers.len()) == Ok(wanted.quantity()),
        _ => found.vouchers.is_empty(),
    };
    let is_match = (found.product_id, found.denomination, found.quantity)
        == (wanted.product(), wanted.denomination(), wanted.quantity())
        && found.email.as_deref() == wanted.email_address()
        && is_named(found.client_reference.as_deref(), wanted.reference());
    Returned { id: found.id.get(), is_match: is_match && has_codes }
}

fn topup(wanted: &NewTopupOrder, found: &TopupOrder) -> Returned {
    let is_match = found.product_id == Some(wanted.product())
        && found.amount == Decimal::new(47_405, 4)
        && is_named(found.client_reference.as_deref(), wanted.reference());
    Returned { id: found.id.get(), is_match }
}

fn esim(wanted: &NewEsimOrder, found: &EsimOrder) -> Returned {
    let has_code = found.activation_code.is_some() || found.status != EsimOrderStatus::Delivered;
    let is_match = found.product_id == Some(wanted.product())
        && is_named(found.client_reference.as_deref(), wanted.reference());
    Returned { id: found.id.get(), is_match: is_match && has_code }
}

/// What an earlier run did with a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// Nothing.
    None,
    /// It placed the same order and crashed.
    Placed(i64),
    /// It placed an order for another customer.
    Used,
}

impl Past {
    /// Prepares the reference with this number: one in ten was placed before, and one in ten by another customer.
    pub(super) fn make(number: u32, session: &Session) -> Result<Self> {
        // Four neighbours cover all kinds of orders.
        Ok(match number / 4 % 10 {
            8 => {
                let returned = Wanted::new(number, "own")?.create(session)?;
                ensure!(returned.is_match, "{number}");
                Past::Placed(returned.id)
            }
            9 => {
                Wanted::new(number, "other")?.create(session)?;
                Past::Used
            }
            _ => Past::None,
        })
    }
}
