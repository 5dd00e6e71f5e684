//! What an order of each vertical says of itself, for placing, finding and waiting for it.

/// Implements `Placed`: where orders live, how one is asked for, and whether one is the order that was asked for.
macro_rules! placed {
    ($order:ident, $asked:ident, $filter:ident, $one:literal, $is_it:path, $is_another:path) => {
        impl crate::session::Placed for $order {
            type Asked = $asked;
            const ONE: &'static str = $one;

            fn request(asked: &$asked) -> crate::http::Request {
                asked.request()
            }

            fn listed(reference: &crate::ClientReference) -> crate::http::Request {
                $filter::new().reference(reference).request()
            }

            fn asked_reference(asked: &$asked) -> &crate::ClientReference {
                asked.reference()
            }

            fn reference(&self) -> Option<&str> {
                self.client_reference.as_deref()
            }

            fn status(&self) -> &str {
                self.status.as_str()
            }

            fn is_terminal(&self) -> bool {
                self.status.is_terminal()
            }

            fn is_it(&self, asked: &$asked, since: Option<time::OffsetDateTime>) -> bool {
                $is_it(self, asked, since)
            }

            fn is_another(&self, asked: &$asked, since: Option<time::OffsetDateTime>) -> bool {
                $is_another(self, asked, since)
            }
        }
    };
}

pub(crate) use placed;

use time::OffsetDateTime;

use super::members::Members;

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

/// Whether such an order shows that it is another one: of another product, or from long before the call, which a gateway
/// that knows the reference can play back. The clocks of a server differ by seconds, not by minutes.
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
