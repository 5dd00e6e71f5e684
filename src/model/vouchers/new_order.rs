//! What it takes to order gift cards, or to ask what they would cost.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::check::{self, Check, Input};
use crate::model::money;
use crate::{ClientReference, ProductId, WalletId};

/// An order of gift cards, ready to be placed.
///
/// It is plain data: store it as JSON before it is sent. After a crash, ask
/// [`find_order`](crate::Session::find_order) for its [`reference`](Self::reference) first, and place it again only if
/// there is no such order.
///
/// ```
/// use popup_rewards::{ClientReference, Decimal, NewOrder, ProductId};
///
/// let reference = ClientReference::new("gift-2031-0001")?;
/// let order = NewOrder::new(ProductId::from(3105), Decimal::new(20, 0), 2, reference).email("someone@example.org");
/// # Ok::<(), popup_rewards::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    product_id: ProductId,
    #[serde(deserialize_with = "money::required", serialize_with = "money::number")]
    denomination: Decimal,
    quantity: u32,
    client_reference: ClientReference,
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    own_reference: Option<ClientReference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wallet_id: Option<WalletId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

impl NewOrder {
    /// Orders `quantity` cards (1 to 5,000) of one face value, in the product's currency.
    ///
    /// Up to 5 cards arrive with the answer; more are delivered later, usually within a minute.
    #[must_use]
    pub fn new(product: ProductId, denomination: Decimal, quantity: u32, reference: ClientReference) -> Self {
        NewOrder {
            product_id: product,
            denomination,
            quantity,
            client_reference: reference,
            own_reference: None,
            wallet_id: None,
            email: None,
        }
    }

    /// Pays from this wallet; without it, from the one in the product's currency.
    ///
    /// A wallet in another currency pays for the exchange too.
    #[must_use]
    pub fn wallet(mut self, wallet: WalletId) -> Self {
        self.wallet_id = Some(wallet);
        self
    }

    /// Has the server mail the cards to this address, at most 254 bytes.
    #[must_use]
    pub fn email(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self
    }

    /// Sends the reference under its older name `ref` as well, for servers that know only that one.
    #[must_use]
    pub fn send_ref(mut self, send: bool) -> Self {
        self.own_reference = send.then(|| self.client_reference.clone());
        self
    }

    /// The client reference, by which the order can be found again.
    #[must_use]
    pub fn reference(&self) -> &ClientReference {
        &self.client_reference
    }

    /// The product that is ordered.
    #[must_use]
    pub fn product(&self) -> ProductId {
        self.product_id
    }

    /// The face value of one card, in the product's currency.
    #[must_use]
    pub fn denomination(&self) -> Decimal {
        self.denomination
    }

    /// How many cards are ordered.
    #[must_use]
    pub fn quantity(&self) -> u32 {
        self.quantity
    }

    /// The wallet that pays, if one was named.
    #[must_use]
    pub fn wallet_id(&self) -> Option<WalletId> {
        self.wallet_id
    }

    /// The address the cards are mailed to, if one was set.
    #[must_use]
    pub fn email_address(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// Whether the reference is sent under its older name as well.
    #[must_use]
    pub fn sends_ref(&self) -> bool {
        self.own_reference.is_some()
    }
}

impl Input for NewOrder {
    fn check(&self) -> Check {
        check::id(self.product_id.get())?;
        check::amount("denomination", self.denomination)?;
        check::quantity(self.quantity)?;
        self.wallet_id.map_or(Ok(()), |wallet| check::id(wallet.get()))?;
        self.email.as_deref().map_or(Ok(()), check::email)
    }
}

/// A question for the cost of an order of gift cards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewQuote {
    #[serde(serialize_with = "money::number")]
    denomination: Decimal,
    quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_id: Option<WalletId>,
}

impl NewQuote {
    /// Asks for `quantity` cards (1 to 5,000) of one face value, in the product's currency.
    #[must_use]
    pub fn new(denomination: Decimal, quantity: u32) -> Self {
        NewQuote { denomination, quantity, wallet_id: None }
    }

    /// Pays from this wallet; without it, from the one in the product's currency.
    #[must_use]
    pub fn wallet(mut self, wallet: WalletId) -> Self {
        self.wallet_id = Some(wallet);
        self
    }
}

impl Input for NewQuote {
    fn check(&self) -> Check {
        check::amount("denomination", self.denomination)?;
        check::quantity(self.quantity)?;
        self.wallet_id.map_or(Ok(()), |wallet| check::id(wallet.get()))
    }
}
