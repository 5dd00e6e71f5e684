//! One page of a list, and the iterator that walks all of them.

use std::iter::FusedIterator;
use std::{slice, vec};

use serde::de::DeserializeOwned;

use crate::http::Request;
use crate::{Error, Result, Session};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of this page, in the server's order.
    pub items: Vec<T>,
    /// The number of this page; the first is 1.
    pub page: u32,
    /// How many items the whole list has, if the server said so.
    pub total: Option<u64>,
    /// How many pages the whole list has, if the server said so.
    pub total_pages: Option<u32>,
    /// Whether there is a next page.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// Looks at the items of this page, in the server's order.
    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.items.iter()
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Page<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A lazy iterator over all items of a list, page after page.
///
/// It asks for the next page only when the items of the last one are used up, and ends after the first error.
#[must_use = "an iterator asks for nothing until it is used"]
pub struct Items<'a, T> {
    session: &'a Session,
    request: Request,
    next_page: Option<u32>,
    ready: vec::IntoIter<T>,
}

impl<'a, T> Items<'a, T> {
    /// Starts at the page the request names, or at the first.
    pub(crate) fn new(session: &'a Session, request: Request) -> Self {
        let first = request.number("page").unwrap_or(1);
        Items { session, request, next_page: Some(first), ready: Vec::new().into_iter() }
    }
}

impl<T: DeserializeOwned> Iterator for Items<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if let Some(item) = self.ready.next() {
                return Some(Ok(item));
            }
            let page = self.next_page.take()?;
            self.request.set_query("page", page);
            match self.session.fetch_page(&self.request) {
                Ok(found) if found.page != page => {
                    let error = Error::invalid_response(
                        "the server answered with another page than it was asked for",
                    );
                    return Some(Err(error));
                }
                Ok(found) => {
                    // An empty page ends the walk whatever the headers claim, so it always ends.
                    if found.has_more && !found.items.is_empty() {
                        self.next_page = page.checked_add(1);
                    }
                    self.ready = found.items.into_iter();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<T: DeserializeOwned> FusedIterator for Items<'_, T> {}

impl<T> std::fmt::Debug for Items<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Items")
            .field("route", &self.request.route)
            .field("next_page", &self.next_page)
            .field("ready", &self.ready.len())
            .finish()
    }
}
