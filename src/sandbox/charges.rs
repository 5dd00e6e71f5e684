//! What something costs: discount first, then the exchange into the wallet's currency.

use rust_decimal::Decimal;
use serde::Serialize;

use super::reference::Currency;
use super::reply::Refusal;
use super::wallets::Wallets;
use super::wire::{Amount, tidy};

/// The terms of a sale, before it happens.
#[derive(Clone)]
pub(super) struct Terms {
    /// Face value of everything, in the product's currency.
    pub(super) face: Decimal,
    percent: Decimal,
    /// What is taken off the face value.
    pub(super) discount: Decimal,
    /// Face value less discount, in the product's currency.
    pub(super) total: Decimal,
    pub(super) source: &'static Currency,
    pub(super) destination: &'static Currency,
    /// None if the wallet is in the product's currency.
    pub(super) rate: Option<Decimal>,
    /// What leaves the wallet, in its currency.
    pub(super) payable: Decimal,
    pub(super) wallet: i64,
}

#[derive(Serialize)]
pub(super) struct Charges {
    non_discounted_total: Amount,
    discount_amount: Amount,
    total_amount: Amount,
    discount: Amount,
    gst_amount: Amount,
    total_payable: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_quantity: Option<u32>,
    net_amount: Option<Amount>,
    handling_fee_amount: Option<Amount>,
    #[serde(rename = "charges_details")]
    details: Details,
}

#[derive(Serialize)]
struct Details {
    source_currency: &'static str,
    destination_currency: &'static str,
    forex_rate: Option<Amount>,
    conversion_fee: Option<Amount>,
}

impl Terms {
    pub(super) fn new(
        wallets: &Wallets,
        source: &'static Currency,
        face: Decimal,
        percent: Decimal,
        wallet: Option<i64>,
    ) -> Result<Self, Refusal> {
        let wallet = wallets.paying(wallet, source)?;
        let destination = wallet.currency;
        let discount = tidy(face * percent / Decimal::ONE_HUNDRED, source.precision);
        let total = tidy(face - discount, source.precision);
        let rate = (source.id != destination.id).then(|| source.rate_to(destination));
        let payable = rate.map_or(total, |rate| tidy(total * rate, destination.precision));
        let face = tidy(face, source.precision);
        Ok(Terms { face, percent, discount, total, source, destination, rate, payable, wallet: wallet.id })
    }

    /// The quote as the charges routes send it; `max_quantity` is for vouchers only.
    pub(super) fn body(&self, max_quantity: Option<u32>) -> Charges {
        let exchanged = |amount: Decimal| self.rate.map(|_| Amount(amount));
        Charges {
            non_discounted_total: Amount(self.face),
            discount_amount: Amount(self.discount),
            total_amount: Amount(self.total),
            discount: Amount(self.percent),
            gst_amount: Amount(tidy(Decimal::ZERO, self.source.precision)),
            total_payable: Amount(self.payable),
            max_quantity,
            net_amount: exchanged(self.payable),
            handling_fee_amount: exchanged(Decimal::ZERO),
            details: Details {
                source_currency: self.source.code,
                destination_currency: self.destination.code,
                forex_rate: self.rate.map(Amount),
                conversion_fee: exchanged(Decimal::ZERO),
            },
        }
    }
}
