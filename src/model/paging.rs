//! The page number and page size that every list takes.

use crate::Error;
use crate::http::Request;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Paging {
    pub(crate) page: Option<u32>,
    pub(crate) limit: Option<u32>,
}

impl Paging {
    /// Adds both to a request. The page size has two names on the wire, and each route knows only one.
    pub(crate) fn apply(&self, request: Request, size_name: &'static str, largest: u32) -> Request {
        let page_fits = self.page != Some(0);
        let limit_fits = self.limit.is_none_or(|limit| (1..=largest).contains(&limit));
        request
            .paged(self.page, size_name, self.limit)
            .require(page_fits, || Error::invalid_request("pages are counted from 1"))
            .require(limit_fits, || {
                Error::invalid_request(format!("the limit of a page is 1 to {largest} items here"))
            })
    }
}

/// The `page` and `limit` setters of a filter whose `paging` field holds them.
macro_rules! paging_setters {
    ($largest:literal) => {
        /// Asks for this page; the first is 1. An iterator starts here.
        #[must_use]
        pub fn page(mut self, page: u32) -> Self {
            self.paging.page = Some(page);
            self
        }

        #[doc = concat!("Asks for at most this many items a page, 1 to ", $largest, ".")]
        ///
        /// Without it, an iterator that starts at page 1 requests 500; `list_` methods leave the size to the server.
        #[must_use]
        pub fn limit(mut self, limit: u32) -> Self {
            self.paging.limit = Some(limit);
            self
        }
    };
}

pub(crate) use paging_setters;
