//! The price of a sale: the discount is applied first, then the exchange into the wallet's currency.

use rust_decimal::Decimal;
use serde::Serialize;

use super::api_error::ApiError;
use super::json_amount::{JsonAmount, tidy};
use super::reference::CurrencyRecord;
use super::wallets::Wallets;

#[derive(Clone)]
pub(super) struct PriceQuote {
    /// The face value of all items, in the product's currency.
    pub(super) face: Decimal,
    discount_percent: Decimal,
    pub(super) discount: Decimal,
    /// Face value minus discount, in the product's currency.
    pub(super) total: Decimal,
    pub(super) source: &'static CurrencyRecord,
    pub(super) destination: &'static CurrencyRecord,
    /// `None` if the wallet is in the product's currency.
    pub(super) rate: Option<Decimal>,
    /// The amount debited, in the wallet's currency.
    pub(super) payable: Decimal,
    pub(super) wallet: i64,
}

#[derive(Serialize)]
pub(super) struct ChargesResponse {
    non_discounted_total: JsonAmount,
    discount_amount: JsonAmount,
    total_amount: JsonAmount,
    discount: JsonAmount,
    gst_amount: JsonAmount,
    total_payable: JsonAmount,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_quantity: Option<u32>,
    net_amount: Option<JsonAmount>,
    handling_fee_amount: Option<JsonAmount>,
    #[serde(rename = "charges_details")]
    details: ExchangeDetails,
}

#[derive(Serialize)]
struct ExchangeDetails {
    source_currency: &'static str,
    destination_currency: &'static str,
    forex_rate: Option<JsonAmount>,
    conversion_fee: Option<JsonAmount>,
}

impl PriceQuote {
    pub(super) fn new(
        wallets: &Wallets,
        source: &'static CurrencyRecord,
        face: Decimal,
        discount_percent: Decimal,
        wallet: Option<i64>,
    ) -> Result<Self, ApiError> {
        let wallet = wallets.paying(wallet, source)?;
        let destination = wallet.currency;
        let discount = tidy(face * discount_percent / Decimal::ONE_HUNDRED, source.precision);
        let total = tidy(face - discount, source.precision);
        let rate = (source.id != destination.id).then(|| source.rate_to(destination));
        let payable = rate.map_or(total, |rate| tidy(total * rate, destination.precision));
        let face = tidy(face, source.precision);
        Ok(PriceQuote {
            face,
            discount_percent,
            discount,
            total,
            source,
            destination,
            rate,
            payable,
            wallet: wallet.id,
        })
    }

    /// Returns the body of the charges routes. `max_quantity` is for gift cards only.
    pub(super) fn charges(&self, max_quantity: Option<u32>) -> ChargesResponse {
        let exchanged = |amount: Decimal| self.rate.map(|_| JsonAmount(amount));
        ChargesResponse {
            non_discounted_total: JsonAmount(self.face),
            discount_amount: JsonAmount(self.discount),
            total_amount: JsonAmount(self.total),
            discount: JsonAmount(self.discount_percent),
            gst_amount: JsonAmount(tidy(Decimal::ZERO, self.source.precision)),
            total_payable: JsonAmount(self.payable),
            max_quantity,
            net_amount: exchanged(self.payable),
            handling_fee_amount: exchanged(Decimal::ZERO),
            details: ExchangeDetails {
                source_currency: self.source.code,
                destination_currency: self.destination.code,
                forex_rate: self.rate.map(JsonAmount),
                conversion_fee: exchanged(Decimal::ZERO),
            },
        }
    }
}
