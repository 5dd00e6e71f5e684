//! The requests that order gift cards or quote their price.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::check::{self, Check, Input};
use crate::model::money;
use crate::{ClientReference, ProductId, WalletId};

/// A gift card order to be placed.
///
/// It is plain data, so you can store it as JSON before you place it. After a crash, call
/// [`find_order`](crate::Session::find_order) with its [`reference`](Self::reference), and place it again only if
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
    /// Creates an order for `quantity` gift cards (1 to 5,000), each with the face value `denomination` in the
    /// product's currency.
    ///
    /// The response contains up to 5 gift cards. A larger order is delivered later, usually within a minute.
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

    /// Sets the wallet that pays. The default is the wallet in the product's currency.
    ///
    /// A wallet in another currency also pays for the exchange.
    #[must_use]
    pub fn wallet(mut self, wallet: WalletId) -> Self {
        self.wallet_id = Some(wallet);
        self
    }

    /// Sets the address to which the server mails the gift cards, with at most 254 bytes.
    #[must_use]
    pub fn email(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self
    }

    /// Sets whether the reference is also sent under its older name `ref`, for servers that know only that name.
    #[must_use]
    pub fn send_ref(mut self, send: bool) -> Self {
        self.own_reference = send.then(|| self.client_reference.clone());
        self
    }

    /// Returns the client reference, by which [`find_order`](crate::Session::find_order) finds the order.
    #[must_use]
    pub fn reference(&self) -> &ClientReference {
        &self.client_reference
    }

    /// Returns the id of the product.
    #[must_use]
    pub fn product(&self) -> ProductId {
        self.product_id
    }

    /// Returns the face value of one gift card, in the product's currency.
    #[must_use]
    pub fn denomination(&self) -> Decimal {
        self.denomination
    }

    /// Returns the number of gift cards.
    #[must_use]
    pub fn quantity(&self) -> u32 {
        self.quantity
    }

    /// Returns the id of the wallet that pays. `None` for the default wallet.
    #[must_use]
    pub fn wallet_id(&self) -> Option<WalletId> {
        self.wallet_id
    }

    /// Returns the address to which the server mails the gift cards. `None` if it was not set.
    #[must_use]
    pub fn email_address(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// Whether the reference is also sent under its older name.
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
        check::wallet(self.wallet_id)?;
        self.email.as_deref().map_or(Ok(()), check::email)
    }
}

/// A request for the price of a gift card order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewQuote {
    #[serde(serialize_with = "money::number")]
    denomination: Decimal,
    quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_id: Option<WalletId>,
}

impl NewQuote {
    /// Creates a request for the price of `quantity` gift cards (1 to 5,000), each with the face value `denomination`
    /// in the product's currency.
    #[must_use]
    pub fn new(denomination: Decimal, quantity: u32) -> Self {
        NewQuote { denomination, quantity, wallet_id: None }
    }

    /// Sets the wallet that would pay. The default is the wallet in the product's currency.
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
        check::wallet(self.wallet_id)
    }
}
