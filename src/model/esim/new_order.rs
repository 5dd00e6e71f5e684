//! What it takes to order an eSIM, or to ask what it would cost.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::check::{self, Check, Input};
use crate::model::money;
use crate::{ClientReference, EsimProductId, WalletId};

/// An order of an eSIM, ready to be placed.
///
/// It is plain data: store it as JSON before it is sent. After a crash, ask
/// [`find_esim_order`](crate::Session::find_esim_order) for its [`reference`](Self::reference) first, and place it again only if
/// there is no such order.
///
/// ```
/// use popup_rewards::{ClientReference, Decimal, EsimProductId, NewEsimOrder, WalletId};
///
/// let reference = ClientReference::new("esim-2031-0001")?;
/// let order = NewEsimOrder::new(EsimProductId::from(7), Decimal::new(450, 2), reference).wallet(WalletId::from(9));
/// # Ok::<(), popup_rewards::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEsimOrder {
    product_id: EsimProductId,
    #[serde(deserialize_with = "money::required", serialize_with = "money::number")]
    amount: Decimal,
    client_reference: ClientReference,
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

    /// The client reference, by which the order can be found again.
    #[must_use]
    pub fn reference(&self) -> &ClientReference {
        &self.client_reference
    }

    /// The product that is ordered.
    #[must_use]
    pub fn product(&self) -> EsimProductId {
        self.product_id
    }

    /// The amount in the product's currency, before any discount.
    #[must_use]
    pub fn amount(&self) -> Decimal {
        self.amount
    }

    /// The wallet that pays, if one was named.
    #[must_use]
    pub fn wallet_id(&self) -> Option<WalletId> {
        self.wallet_id
    }
}

impl Input for NewEsimOrder {
    fn check(&self) -> Check {
        check::id(self.product_id.get())?;
        check::amount("amount", self.amount)?;
        self.wallet_id.map_or(Ok(()), |wallet| check::id(wallet.get()))
    }
}

/// A question for the cost of an eSIM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewEsimQuote {
    product_id: EsimProductId,
    #[serde(serialize_with = "money::number")]
    amount: Decimal,
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
}

impl Input for NewEsimQuote {
    fn check(&self) -> Check {
        check::id(self.product_id.get())?;
        check::amount("amount", self.amount)?;
        self.wallet_id.map_or(Ok(()), |wallet| check::id(wallet.get()))
    }
}
