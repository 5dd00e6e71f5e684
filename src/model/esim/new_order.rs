//! The requests that order an eSIM or quote its price.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::check::{self, Check, Input};
use crate::model::money;
use crate::{ClientReference, EsimProductId, WalletId};

/// An eSIM order to be placed.
///
/// It is plain data, so you can store it as JSON before you place it. After a crash, call
/// [`find_esim_order`](crate::Session::find_esim_order) with its [`reference`](Self::reference), and place it again
/// only if there is no such order.
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
    /// Creates an order for one eSIM. `amount` selects the plan: it must be exactly the
    /// [`amount`](crate::EsimVariant::amount) of a variant.
    #[must_use]
    pub fn new(product: EsimProductId, amount: Decimal, reference: ClientReference) -> Self {
        NewEsimOrder { product_id: product, amount, client_reference: reference, wallet_id: None }
    }

    /// Sets the wallet that pays. The default is the wallet in the product's currency.
    ///
    /// A wallet in another currency also pays for the exchange.
    #[must_use]
    pub fn wallet(mut self, wallet: WalletId) -> Self {
        self.wallet_id = Some(wallet);
        self
    }

    /// Returns the client reference, by which [`find_esim_order`](crate::Session::find_esim_order) finds the order.
    #[must_use]
    pub fn reference(&self) -> &ClientReference {
        &self.client_reference
    }

    /// Returns the id of the product.
    #[must_use]
    pub fn product(&self) -> EsimProductId {
        self.product_id
    }

    /// Returns the amount in the product's currency, before any discount.
    #[must_use]
    pub fn amount(&self) -> Decimal {
        self.amount
    }

    /// Returns the id of the wallet that pays. `None` for the default wallet.
    #[must_use]
    pub fn wallet_id(&self) -> Option<WalletId> {
        self.wallet_id
    }
}

impl Input for NewEsimOrder {
    fn check(&self) -> Check {
        check::id(self.product_id.get())?;
        check::amount("amount", self.amount)?;
        check::wallet(self.wallet_id)
    }
}

/// A request for the price of an eSIM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewEsimQuote {
    product_id: EsimProductId,
    #[serde(serialize_with = "money::number")]
    amount: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_id: Option<WalletId>,
}

impl NewEsimQuote {
    /// Creates a request for the price of the plan that `amount` selects, as in [`NewEsimOrder::new`].
    #[must_use]
    pub fn new(product: EsimProductId, amount: Decimal) -> Self {
        NewEsimQuote { product_id: product, amount, wallet_id: None }
    }

    /// Sets the wallet that would pay. The default is the wallet in the product's currency.
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
        check::wallet(self.wallet_id)
    }
}
