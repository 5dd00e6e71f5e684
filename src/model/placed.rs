//! What an order of each vertical says of itself, for placing, finding and waiting for it.

use time::OffsetDateTime;

use super::check::Input;
use super::members::{Members, Model};
use super::{ClientReference, Identified};

/// An order before it is placed.
pub(crate) trait Unplaced: Input {
    fn reference(&self) -> &ClientReference;
}

/// An order as the server describes it.
pub(crate) trait Placed: Model + Identified {
    type Unplaced: Unplaced;

    fn reference(&self) -> Option<&str>;
    fn status(&self) -> &str;
    fn is_terminal(&self) -> bool;
    /// Whether this is certainly the order that a call has placed. `since` is the earliest time, on the server's
    /// clock, at which the call can have placed it; `None` if that is not known.
    fn is_it(&self, unplaced: &Self::Unplaced, since: Option<OffsetDateTime>) -> bool;
    /// Whether this is certainly another order.
    fn is_another(&self, unplaced: &Self::Unplaced, since: Option<OffsetDateTime>) -> bool;
}

/// Implements both traits by the fields and methods that all orders have.
macro_rules! placed {
    ($order:ident, $unplaced:ident, $is_it:path, $is_another:path) => {
        impl crate::model::Unplaced for $unplaced {
            fn reference(&self) -> &crate::ClientReference {
                self.reference()
            }
        }

        impl crate::model::Placed for $order {
            type Unplaced = $unplaced;

            fn reference(&self) -> Option<&str> {
                self.client_reference.as_deref()
            }

            fn status(&self) -> &str {
                self.status.as_str()
            }

            fn is_terminal(&self) -> bool {
                self.status.is_terminal()
            }

            fn is_it(&self, unplaced: &$unplaced, since: Option<time::OffsetDateTime>) -> bool {
                $is_it(self, unplaced, since)
            }

            fn is_another(&self, unplaced: &$unplaced, since: Option<time::OffsetDateTime>) -> bool {
                $is_another(self, unplaced, since)
            }
        }
    };
}

pub(crate) use placed;

/// What orders of all verticals have under more than one name; the newest comes first.
impl Members<'_> {
    pub(crate) fn reference(&self) -> Option<String> {
        ["client_reference", "ref", "reference_code"].into_iter().find_map(|name| self.text(name))
    }

    pub(super) fn placed_at(&self) -> Option<OffsetDateTime> {
        ["created_at", "placed_at"].into_iter().find_map(|name| self.time(name))
    }
}

/// Whether an order that shows neither its account nor the amount that was asked for is one this call has placed: it
/// is of the same product, and no older than the call. What is not known does not count as equal.
pub(crate) fn is_new<P: Copy + PartialEq>(
    product: Option<P>,
    asked: P,
    created: Option<OffsetDateTime>,
    since: Option<OffsetDateTime>,
) -> bool {
    product == Some(asked) && created.zip(since).is_some_and(|(created, since)| created >= since)
}

/// Whether such an order shows that it is another one: of another product, or from long before the call, which a
/// gateway that knows the reference can play back. The clocks of a server differ by seconds, not by minutes.
pub(crate) fn is_old<P: Copy + PartialEq>(
    product: Option<P>,
    asked: P,
    created: Option<OffsetDateTime>,
    since: Option<OffsetDateTime>,
) -> bool {
    let is_before =
        |(created, since): (OffsetDateTime, OffsetDateTime)| since - created > time::Duration::MINUTE;
    product.is_some_and(|product| product != asked) || created.zip(since).is_some_and(is_before)
}

/// Whether two values agree, as far as both sides have one.
pub(crate) fn agree<T>(one: Option<&T>, other: Option<&T>, same: impl FnOnce(&T, &T) -> bool) -> bool
where
    T: ?Sized,
{
    one.zip(other).is_none_or(|(one, other)| same(one, other))
}
