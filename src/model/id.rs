//! A type for each kind of id, so the id of a wallet cannot be passed as the id of a product.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An object with an id.
pub(crate) trait Identified {
    fn id(&self) -> i64;
}

macro_rules! identified {
    ($($name:ident)+) => {$(
        impl Identified for crate::$name {
            fn id(&self) -> i64 {
                self.id.get()
            }
        }
    )+};
}

identified! {
    Product Order TopupProduct TopupVariant TopupOrder EsimProduct EsimVariant EsimOrder
    Wallet Transaction Country Currency Category Subcategory
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Returns the id as a number.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                $name(id)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// The id of a gift card product.
    ///
    /// Each kind of id has its own type, so ids cannot be mixed up:
    ///
    /// ```compile_fail
    /// # use popup_rewards::{ProductId, Session, WalletId};
    /// # fn demo(session: &Session) -> popup_rewards::Result<()> {
    /// session.get_product(WalletId::from(9))?;
    /// # Ok(()) }
    /// ```
    ProductId,
    /// The id of a gift card order.
    OrderId,
    /// The id of a top-up product.
    TopupProductId,
    /// The id of a top-up variant.
    TopupVariantId,
    /// The id of a top-up order.
    TopupOrderId,
    /// The id of an eSIM product.
    EsimProductId,
    /// The id of an eSIM variant.
    EsimVariantId,
    /// The id of an eSIM order.
    EsimOrderId,
    /// The id of a wallet.
    WalletId,
    /// The id of a wallet transaction.
    TransactionId,
    /// The id of a country.
    CountryId,
    /// The id of a currency.
    CurrencyId,
    /// The id of a category of gift card products.
    CategoryId,
    /// The id of a subcategory of gift card products.
    SubcategoryId,
}
