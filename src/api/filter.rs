//! Filters: requests for lists, before they are sent.

/// Defines a filter and the route of its list.
macro_rules! filter {
    (
        $(#[$doc:meta])*
        $name:ident = $route:expr, $size:literal up to $largest:literal;
        $(#[$new_doc:meta])*
        new
    ) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(crate::http::Request);

        impl $name {
            pub(super) const ROUTE: crate::http::Route = $route.paged($size, $largest);

            $(#[$new_doc])*
            #[must_use]
            pub fn new() -> Self {
                $name(crate::http::Request::new(Self::ROUTE))
            }

            /// Requests this page, counted from 1. An iterator starts at it.
            #[must_use]
            pub fn page(self, page: u32) -> Self {
                $name(self.0.page(page))
            }

            #[doc = concat!("Requests at most this many items a page, 1 to ", $largest, ".")]
            ///
            /// By default, an iterator that starts at page 1 requests 500, and a `list_` method leaves the size to
            /// the server.
            #[must_use]
            pub fn limit(self, limit: u32) -> Self {
                $name(self.0.page_size(limit))
            }
        }

        impl Default for $name {
            fn default() -> Self {
                $name::new()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).field("query", &self.0.query).finish_non_exhaustive()
            }
        }
    };
}

pub(super) use filter;
