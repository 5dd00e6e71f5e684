//! One page of a list, and the iterator that walks all of them.

use std::collections::HashSet;
use std::iter::FusedIterator;
use std::{mem, slice, vec};

use serde::de::DeserializeOwned;

use crate::http::{Listing, Request};
use crate::model::Identified;
use crate::session::Scope;
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
    /// Whether there is a next page. If the server does not say, there may be one after every page that has items.
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
/// It requests the next page only when the items of the last one are used up, and ends after the first error. Each page
/// may take as long as a call.
///
/// A list can change while it is walked. A new item moves the others towards the end: what the page before had already
/// is left out. An item that goes away moves the others towards the start, and one of them can fall between two pages.
#[must_use = "an iterator requests nothing until it is used"]
pub struct Items<'a, T> {
    session: &'a Session,
    walk: Walk<T>,
    ready: vec::IntoIter<T>,
}

impl<'a, T> Items<'a, T> {
    /// Starts at the page the request names, or at the first.
    pub(crate) fn new(session: &'a Session, mut request: Request) -> Self
    where
        T: Identified,
    {
        request.set_query("page", request.number("page").unwrap_or(1));
        Items { session, walk: Walk::new(request), ready: Vec::new().into_iter() }
    }
}

impl<T: DeserializeOwned> Iterator for Items<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if let Some(item) = self.ready.next() {
                return Some(Ok(item));
            }
            match self.walk.next_page(self.session, self.session.scope()) {
                Ok(items) => self.ready = items?.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<T: DeserializeOwned> FusedIterator for Items<'_, T> {}

impl<T> std::fmt::Debug for Items<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Items")
            .field("route", &self.walk.request.route)
            .field("next_page", &self.walk.next)
            .field("ready", &self.ready.len())
            .finish()
    }
}

/// The pages of a list, one after the other.
pub(crate) struct Walk<T> {
    request: Request,
    /// The page that comes next; none after the last.
    next: Option<u32>,
    /// The ids on the page before.
    before: Vec<i64>,
    /// How many items the pages so far have, those before the first page of the walk included.
    through: Option<u64>,
    id: fn(&T) -> i64,
}

impl<T: Identified> Walk<T> {
    pub(crate) fn new(request: Request) -> Self {
        let next = Some(request.number("page").unwrap_or(1));
        Walk { request, next, before: Vec::new(), through: None, id: T::id }
    }
}

impl<T: DeserializeOwned> Walk<T> {
    /// The items of the next page that the page before did not have; nothing after the last page or an error.
    pub(crate) fn next_page(&mut self, session: &Session, scope: Scope) -> Result<Option<Vec<T>>> {
        let Some(page) = self.next.take() else { return Ok(None) };
        let Listing { page: mut found, size, through, says_more } =
            session.fetch_page_in(&self.request, self.through, scope)?;
        let ids: Vec<i64> = found.items.iter().map(self.id).collect();
        // An empty page ends the walk whatever the headers claim.
        if ids.is_empty() {
            return Ok(None);
        }
        if ids == self.before {
            // A server that ignores `page` gives all it has each time; a full page is hardly all.
            let is_all =
                size.map_or(!says_more, |size| u64::try_from(ids.len()).is_ok_and(|count| count < size));
            let repeated = "the server repeats a page instead of going on to the next";
            return if is_all { Ok(None) } else { Err(Error::invalid_response(repeated)) };
        }
        if found.page != page {
            return Err(Error::invalid_response(
                "the server responded with another page than the one requested",
            ));
        }
        if found.has_more {
            self.next = page.checked_add(1);
            self.request.set_query("page", page.saturating_add(1));
        }
        self.through = Some(through);
        let before: HashSet<i64> = mem::replace(&mut self.before, ids).into_iter().collect();
        found.items.retain(|item| !before.contains(&(self.id)(item)));
        Ok(Some(found.items))
    }
}
