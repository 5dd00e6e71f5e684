//! Ids as types of their own, so that a wallet's id cannot be passed for a product's.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Has an id that says which of its kind it is.
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
            /// The number itself.
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
    /// Names a voucher product.
    ///
    /// Ids of different things do not mix:
    ///
    /// ```compile_fail
    /// # use popup_rewards::{ProductId, Session, WalletId};
    /// # fn demo(session: &Session) -> popup_rewards::Result<()> {
    /// session.get_product(WalletId::from(9))?;
    /// # Ok(()) }
    /// ```
    ProductId,
    /// Names a voucher order.
    OrderId,
    /// Names a top-up product.
    TopupProductId,
    /// Names a top-up variant.
    TopupVariantId,
    /// Names a top-up order.
    TopupOrderId,
    /// Names an eSIM product.
    EsimProductId,
    /// Names an eSIM variant.
    EsimVariantId,
    /// Names an eSIM order.
    EsimOrderId,
    /// Names a wallet.
    WalletId,
    /// Names a wallet transaction.
    TransactionId,
    /// Names a country.
    CountryId,
    /// Names a currency.
    CurrencyId,
    /// Names a product category.
    CategoryId,
    /// Names a product subcategory.
    SubcategoryId,
}
