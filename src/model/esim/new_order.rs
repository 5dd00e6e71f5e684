//! What it takes to order an eSIM, or to ask what it would cost.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::http::Request;
use crate::model::money;
use crate::{ClientReference, EsimProductId, WalletId};

/// An order of an eSIM, ready to be placed.
///
/// It is plain data: store it as JSON before it is sent, and place the very same order again after a crash.
///
/// ```
/// use popup_rewards::{ClientReference, EsimProductId, NewEsimOrder, WalletId};
/// use rust_decimal::Decimal;
///
/// let reference = ClientReference::new("esim-2031-0001")?;
/// let order = NewEsimOrder::new(EsimProductId::from(7), Decimal::new(450, 2), reference).wallet(WalletId::from(9));
/// # Ok::<(), popup_rewards::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEsimOrder {
    pub(crate) product_id: EsimProductId,
    #[serde(deserialize_with = "money::required", serialize_with = "money::number")]
    pub(super) amount: Decimal,
    pub(crate) client_reference: ClientReference,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wallet_id: Option<WalletId>,
}

impl NewEsimOrder {
    /// Orders one eSIM. The amount selects the plan: it is a variant's
    /// [`amount`](crate::EsimVariant::amount), exactly as the variant has it.
    #[must_use]
    pub fn new(product: EsimProductId, amount: Decimal, reference: ClientReference) -> Self {
        NewEsimOrder { product_id: product, amount, client_reference: reference, wallet_id: None }
    }

    /// Pays from this wallet; without it, from the one in the product's currency.
    ///
    /// A wallet in another currency pays for the exchange too.
    #[must_use]
    pub fn wallet(mut self, wallet: WalletId) -> Self {
        self.wallet_id = Some(wallet);
        self
    }

    pub(crate) fn request(&self) -> Request {
        Request::post("/api/v1/esim/orders")
            .json(self)
            .order(&self.client_reference)
            .needs_id(Some(self.product_id.get()))
            .needs_amount("amount", self.amount)
            .needs_id(self.wallet_id.map(WalletId::get))
    }
}

/// A question for the cost of an eSIM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewEsimQuote {
    product_id: EsimProductId,
    #[serde(serialize_with = "money::number")]
    pub(super) amount: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_id: Option<WalletId>,
}

impl NewEsimQuote {
    /// Asks for the plan with this amount, as [`NewEsimOrder::new`] takes it.
    #[must_use]
    pub fn new(product: EsimProductId, amount: Decimal) -> Self {
        NewEsimQuote { product_id: product, amount, wallet_id: None }
    }

    /// Pays from this wallet; without it, from the one in the product's currency.
    #[must_use]
    pub fn wallet(mut self, wallet: WalletId) -> Self {
        self.wallet_id = Some(wallet);
        self
    }

    pub(crate) fn request(&self) -> Request {
        Request::post("/api/v1/esim/charges")
            .json(self)
            .may_repeat()
            .needs_id(Some(self.product_id.get()))
            .needs_amount("amount", self.amount)
            .needs_id(self.wallet_id.map(WalletId::get))
    }
}
