//! The orders of a run, of which no two neighbours are alike.

use anyhow::{Result, ensure};
use popup_rewards::{
    ClientReference, Error, EsimOrder, EsimOrderStatus, NewEsimOrder, NewOrder, NewTopupOrder, Order,
    OrderStatus, Session, TopupOrder, WalletId,
};
use rust_decimal::Decimal;

use super::WALLET;

/// What is asked for under one reference.
pub(super) enum Asked {
    Cards(NewOrder),
    Topup(NewTopupOrder),
    Esim(NewEsimOrder),
}

/// An order that was handed over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handed {
    pub(super) id: i64,
    /// Whether it is what was asked for, in full, as far as an order tells.
    pub(super) is_it: bool,
}

impl Asked {
    /// An order for one of two customers, who differ in what an order shows only in part.
    pub(super) fn new(number: u32, customer: &str) -> Result<Self> {
        let reference = ClientReference::new(format!("fire-{number}"))?;
        let (wallet, own) = (WalletId::from(WALLET), customer == "own");
        Ok(match number % 4 {
            0 => Asked::Topup(
                NewTopupOrder::new(401.into(), Decimal::new(499, 2), reference)
                    .input("player_id", &format!("{customer}-{number}"))
                    .input("server", "eu")
                    .wallet(wallet),
            ),
            1 => {
                let cents = if own { 450 } else { 2600 };
                Asked::Esim(NewEsimOrder::new(601.into(), Decimal::new(cents, 2), reference).wallet(wallet))
            }
            _ => {
                let value = Decimal::from(if number.is_multiple_of(3) { 50 } else { 20 });
                let cards = NewOrder::new(3013.into(), value, 1 + number % 7, reference);
                Asked::Cards(cards.wallet(wallet).email(&format!("{customer}-{number}@example.org")))
            }
        })
    }

    pub(super) fn reference(&self) -> &ClientReference {
        match self {
            Asked::Cards(order) => order.reference(),
            Asked::Topup(order) => order.reference(),
            Asked::Esim(order) => order.reference(),
        }
    }

    pub(super) fn create(&self, session: &Session) -> Result<Handed, Error> {
        match self {
            Asked::Cards(order) => session.create_order(order).map(|found| cards(order, &found)),
            Asked::Topup(order) => session.create_topup_order(order).map(|found| topup(order, &found)),
            Asked::Esim(order) => session.create_esim_order(order).map(|found| esim(order, &found)),
        }
    }

    /// Does what a program does after a crash: asks for the order first, and places it only if there is none.
    pub(super) fn resume(&self, session: &Session) -> Result<Handed, Error> {
        let reference = self.reference();
        let found = match self {
            Asked::Cards(order) => session.find_order(reference)?.map(|found| cards(order, &found)),
            Asked::Topup(order) => session.find_topup_order(reference)?.map(|found| topup(order, &found)),
            Asked::Esim(order) => session.find_esim_order(reference)?.map(|found| esim(order, &found)),
        };
        found.map_or_else(|| self.create(session), Ok)
    }
}

fn is_named(found: Option<&str>, reference: &ClientReference) -> bool {
    found == Some(reference.as_str())
}

fn cards(asked: &NewOrder, found: &Order) -> Handed {
    let has_codes = match found.status {
        OrderStatus::Delivered => u32::try_from(found.vouchers.len()) == Ok(asked.quantity()),
        _ => found.vouchers.is_empty(),
    };
    let is_it = (found.product_id, found.denomination, found.quantity)
        == (asked.product(), asked.denomination(), asked.quantity())
        && found.email.as_deref() == asked.email_address()
        && is_named(found.client_reference.as_deref(), asked.reference());
    Handed { id: found.id.get(), is_it: is_it && has_codes }
}

fn topup(asked: &NewTopupOrder, found: &TopupOrder) -> Handed {
    let is_it = found.product_id == Some(asked.product())
        && found.amount == Decimal::new(47_405, 4)
        && is_named(found.client_reference.as_deref(), asked.reference());
    Handed { id: found.id.get(), is_it }
}

fn esim(asked: &NewEsimOrder, found: &EsimOrder) -> Handed {
    let has_code = found.activation_code.is_some() || found.status != EsimOrderStatus::Delivered;
    let is_it = found.product_id == Some(asked.product())
        && is_named(found.client_reference.as_deref(), asked.reference());
    Handed { id: found.id.get(), is_it: is_it && has_code }
}

/// What an earlier run has done with the reference of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// Nothing.
    None,
    /// It placed the same order, and crashed.
    Placed(i64),
    /// It placed an order for somebody else.
    Used,
}

impl Past {
    /// Makes the past of the reference with this number: one in ten was placed before, and one used by somebody else.
    pub(super) fn make(number: u32, session: &Session) -> Result<Self> {
        // Four neighbours are of all kinds.
        Ok(match number / 4 % 10 {
            8 => {
                let handed = Asked::new(number, "own")?.create(session)?;
                ensure!(handed.is_it, "{number}");
                Past::Placed(handed.id)
            }
            9 => {
                Asked::new(number, "other")?.create(session)?;
                Past::Used
            }
            _ => Past::None,
        })
    }
}
