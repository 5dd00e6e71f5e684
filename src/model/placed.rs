//! What an order of each vertical says of itself, for placing, finding and following it.

/// Implements `Placed`: where orders live, what they are asked for with, and whether one is the order that was asked for.
macro_rules! placed {
    ($order:ident, $asked:ident, $route:literal, $likeness:path) => {
        impl crate::session::Placed for $order {
            type Asked = $asked;
            const LIST: &'static str = $route;
            const ONE: &'static str = concat!($route, "/:id");

            fn id(&self) -> i64 {
                self.id.get()
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

            fn likeness(&self, asked: &$asked) -> crate::session::Likeness {
                $likeness(self, asked)
            }
        }
    };
}

pub(crate) use placed;
