//! What it takes to top up an account, or to ask what that would cost.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::check::{self, Check, Input};
use crate::model::money;
use crate::{ClientReference, TopupCategory, TopupProductId, WalletId};

/// An order that tops up an account, ready to be placed.
///
/// It is plain data: store it as JSON before it is sent. After a crash, ask
/// [`find_topup_order`](crate::Session::find_topup_order) for its [`reference`](Self::reference) first, and place it again only if
/// there is no such order.
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
    /// Orders one top-up by an amount in the product's currency: one of a variant's fixed amounts, exactly as
    /// the variant has it, or one inside its range.
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

    /// Says one thing about the account. The product's
    /// [`input_fields`](crate::TopupProduct::input_fields) name what it takes; others are refused. A `phone_number` is in
    /// E.164, as [`lookup_mobile`](crate::Session::lookup_mobile) takes it.
    #[must_use]
    pub fn input(mut self, key: &str, value: &str) -> Self {
        self.input_data.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Which kind of mobile credit it is, where an amount alone leaves that open.
    #[must_use]
    pub fn category(mut self, category: TopupCategory) -> Self {
        self.category = Some(category);
        self
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
    pub fn product(&self) -> TopupProductId {
        self.product_id
    }

    /// The amount in the product's currency, before any discount.
    #[must_use]
    pub fn amount(&self) -> Decimal {
        self.amount
    }

    /// What it says about the account, by name.
    #[must_use]
    pub fn inputs(&self) -> &BTreeMap<String, String> {
        &self.input_data
    }

    /// Which kind of mobile credit it is, if that was set.
    #[must_use]
    pub fn mobile_category(&self) -> Option<&TopupCategory> {
        self.category.as_ref()
    }

    /// The wallet that pays, if one was named.
    #[must_use]
    pub fn wallet_id(&self) -> Option<WalletId> {
        self.wallet_id
    }
}

impl Input for NewTopupOrder {
    fn check(&self) -> Check {
        check::id(self.product_id.get())?;
        check::amount("amount", self.amount)?;
        self.wallet_id.map_or(Ok(()), |wallet| check::id(wallet.get()))?;
        self.input_data.get(PHONE_NUMBER).map_or(Ok(()), |number| check::phone_number(number))
    }
}

/// What mobile products call the number that is topped up.
const PHONE_NUMBER: &str = "phone_number";

/// A question for the cost of a top-up.
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
    /// Asks for a top-up by an amount in the product's currency, as [`NewTopupOrder::new`] takes it.
    #[must_use]
    pub fn new(product: TopupProductId, amount: Decimal) -> Self {
        NewTopupQuote { product_id: product, amount, category: None, wallet_id: None }
    }

    /// Which kind of mobile credit it is, where an amount alone leaves that open.
    #[must_use]
    pub fn category(mut self, category: TopupCategory) -> Self {
        self.category = Some(category);
        self
    }

    /// Pays from this wallet; without it, from the one in the product's currency.
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
        self.wallet_id.map_or(Ok(()), |wallet| check::id(wallet.get()))
    }
}
