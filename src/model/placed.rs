//! The traits of orders, through which the session places, finds and awaits orders of every vertical.

use time::OffsetDateTime;

use super::check::Input;
use super::members::{Members, Model};
use super::{ClientReference, Identified};

/// An order before it is placed.
pub(crate) trait Unplaced: Input {
    fn reference(&self) -> &ClientReference;
}

/// An order that the server returned.
pub(crate) trait Placed: Model + Identified {
    type New: Unplaced;

    fn reference(&self) -> Option<&str>;
    fn status(&self) -> &str;
    fn is_terminal(&self) -> bool;
    /// Whether this is certainly the order that a call placed. `since` is the earliest instant, on the server's clock,
    /// at which the call can have placed it. `None` if it is not known.
    fn is_same_order(&self, new: &Self::New, since: Option<OffsetDateTime>) -> bool;
    /// Whether this is certainly another order.
    fn is_other_order(&self, new: &Self::New, since: Option<OffsetDateTime>) -> bool;
}

/// Implements both traits with the fields and methods that all orders have.
macro_rules! placed {
    ($order:ident, $new:ident, $is_same_order:path, $is_other_order:path) => {
        impl crate::model::Unplaced for $new {
            fn reference(&self) -> &crate::ClientReference {
                self.reference()
            }
        }

        impl crate::model::Placed for $order {
            type New = $new;

            fn reference(&self) -> Option<&str> {
                self.client_reference.as_deref()
            }

            fn status(&self) -> &str {
                self.status.as_str()
            }

            fn is_terminal(&self) -> bool {
                self.status.is_terminal()
            }

            fn is_same_order(&self, new: &$new, since: Option<time::OffsetDateTime>) -> bool {
                $is_same_order(self, new, since)
            }

            fn is_other_order(&self, new: &$new, since: Option<time::OffsetDateTime>) -> bool {
                $is_other_order(self, new, since)
            }
        }
    };
}

pub(crate) use placed;

/// Members that servers send under several names. The newest name comes first.
impl Members<'_> {
    pub(crate) fn reference(&self) -> Option<String> {
        ["client_reference", "ref", "reference_code"].into_iter().find_map(|name| self.text(name))
    }

    pub(super) fn placed_at(&self) -> Option<OffsetDateTime> {
        ["created_at", "placed_at"].into_iter().find_map(|name| self.time(name))
    }
}

/// Whether a top-up or eSIM order is certainly the one that the call placed: it has the same product and is not older
/// than the call. Such an order shows neither the account nor the amount of the request, so they cannot be compared.
/// An unknown value never matches.
pub(crate) fn matches_call<P: Copy + PartialEq>(
    product: Option<P>,
    requested: P,
    created: Option<OffsetDateTime>,
    since: Option<OffsetDateTime>,
) -> bool {
    product == Some(requested) && created.zip(since).is_some_and(|(created, since)| created >= since)
}

/// Whether a top-up or eSIM order is certainly not the one that the call placed: it has another product, or is older
/// than the call by more than a minute. A gateway may replay an earlier order with the same reference. The clocks of
/// one server's machines differ by seconds, not minutes.
pub(crate) fn contradicts_call<P: Copy + PartialEq>(
    product: Option<P>,
    requested: P,
    created: Option<OffsetDateTime>,
    since: Option<OffsetDateTime>,
) -> bool {
    let is_before =
        |(created, since): (OffsetDateTime, OffsetDateTime)| since - created > time::Duration::MINUTE;
    product.is_some_and(|product| product != requested) || created.zip(since).is_some_and(is_before)
}

/// Whether two values agree or at least one is unknown.
pub(crate) fn agree_if_known<T>(one: Option<&T>, other: Option<&T>, same: impl FnOnce(&T, &T) -> bool) -> bool
where
    T: ?Sized,
{
    one.zip(other).is_none_or(|(one, other)| same(one, other))
}
