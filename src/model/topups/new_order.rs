//! The requests that top up an account or quote the price.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::check::{self, Check, Input};
use crate::model::money;
use crate::{ClientReference, TopupCategory, TopupProductId, WalletId};

/// A top-up order to be placed.
///
/// It is plain data, so you can store it as JSON before you place it. After a crash, call
/// [`find_topup_order`](crate::Session::find_topup_order) with its [`reference`](Self::reference), and place it again
/// only if there is no such order.
///
/// ```
/// use popup_rewards::{ClientReference, Decimal, NewTopupOrder, TopupProductId};
///
/// let reference = ClientReference::new("topup-2031-0001")?;
/// let order = NewTopupOrder::new(TopupProductId::from(41), Decimal::new(499, 2), reference)
///     .input("phone_number", "+14155550123");
/// # Ok::<(), popup_rewards::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTopupOrder {
    product_id: TopupProductId,
    #[serde(deserialize_with = "money::required", serialize_with = "money::number")]
    amount: Decimal,
    input_data: BTreeMap<String, String>,
    client_reference: ClientReference,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    category: Option<TopupCategory>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wallet_id: Option<WalletId>,
}

impl NewTopupOrder {
    /// Creates an order for one top-up. `amount` is in the product's currency. It must be exactly one of a variant's
    /// fixed amounts, or within its range.
    #[must_use]
    pub fn new(product: TopupProductId, amount: Decimal, reference: ClientReference) -> Self {
        NewTopupOrder {
            product_id: product,
            amount,
            input_data: BTreeMap::new(),
            client_reference: reference,
            category: None,
            wallet_id: None,
        }
    }

    /// Adds an input about the account. `key` must be one of the product's
    /// [`input_fields`](crate::TopupProduct::input_fields). The value of `phone_number` must be in E.164 format, as
    /// for [`lookup_mobile`](crate::Session::lookup_mobile).
    #[must_use]
    pub fn input(mut self, key: &str, value: &str) -> Self {
        self.input_data.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Sets the kind of mobile credit, for an amount that more than one kind offers.
    #[must_use]
    pub fn category(mut self, category: TopupCategory) -> Self {
        self.category = Some(category);
        self
    }

    /// Sets the wallet that pays. The default is the wallet in the product's currency.
    ///
    /// A wallet in another currency also pays for the exchange.
    #[must_use]
    pub fn wallet(mut self, wallet: WalletId) -> Self {
        self.wallet_id = Some(wallet);
        self
    }

    /// Returns the client reference, by which [`find_topup_order`](crate::Session::find_topup_order) finds the order.
    #[must_use]
    pub fn reference(&self) -> &ClientReference {
        &self.client_reference
    }

    /// Returns the id of the product.
    #[must_use]
    pub fn product(&self) -> TopupProductId {
        self.product_id
    }

    /// Returns the amount in the product's currency, before any discount.
    #[must_use]
    pub fn amount(&self) -> Decimal {
        self.amount
    }

    /// Returns the inputs about the account, by key.
    #[must_use]
    pub fn inputs(&self) -> &BTreeMap<String, String> {
        &self.input_data
    }

    /// Returns the kind of mobile credit. `None` if it was not set.
    #[must_use]
    pub fn mobile_category(&self) -> Option<&TopupCategory> {
        self.category.as_ref()
    }

    /// Returns the id of the wallet that pays. `None` for the default wallet.
    #[must_use]
    pub fn wallet_id(&self) -> Option<WalletId> {
        self.wallet_id
    }
}

impl Input for NewTopupOrder {
    fn check(&self) -> Check {
        check::id(self.product_id.get())?;
        check::amount("amount", self.amount)?;
        check::wallet(self.wallet_id)?;
        self.input_data.get(PHONE_NUMBER).map_or(Ok(()), |number| check::phone_number(number))
    }
}

/// The key of the phone number in mobile products.
const PHONE_NUMBER: &str = "phone_number";

/// A request for the price of a top-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewTopupQuote {
    product_id: TopupProductId,
    #[serde(serialize_with = "money::number")]
    amount: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<TopupCategory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_id: Option<WalletId>,
}

impl NewTopupQuote {
    /// Creates a request for the price of one top-up. `amount` is as in [`NewTopupOrder::new`].
    #[must_use]
    pub fn new(product: TopupProductId, amount: Decimal) -> Self {
        NewTopupQuote { product_id: product, amount, category: None, wallet_id: None }
    }

    /// Sets the kind of mobile credit, for an amount that more than one kind offers.
    #[must_use]
    pub fn category(mut self, category: TopupCategory) -> Self {
        self.category = Some(category);
        self
    }

    /// Sets the wallet that would pay. The default is the wallet in the product's currency.
    #[must_use]
    pub fn wallet(mut self, wallet: WalletId) -> Self {
        self.wallet_id = Some(wallet);
        self
    }
}

impl Input for NewTopupQuote {
    fn check(&self) -> Check {
        check::id(self.product_id.get())?;
        check::amount("amount", self.amount)?;
        check::wallet(self.wallet_id)
    }
}
