//! Walks the pages of a list in order.

use std::collections::HashSet;
use std::fmt;

use crate::http::{Listed, Listing, Request};
use crate::model::{Identified, Model};
use crate::session::Scope;
use crate::{Error, ErrorKind, Page, Result, Session, Unreadable};

/// The page size that a walk requests. Every list of the API allows it.
const LARGE: u32 = 500;

type Fetch<T> = fn(&Session, &Request, Listed, Scope<'_>) -> Result<Listing<T>>;

/// A walk over the pages of a list.
pub(crate) struct Walk<T> {
    request: Request,
    /// The next page. `None` after the last.
    next: Option<u32>,
    /// The ids on the previous page. `None` for an id that cannot be read.
    previous: Vec<Option<i64>>,
    /// The ids on an earlier page, and the number of pages to compare with it. That number doubles each time. This
    /// detects a server that sends the same pages over and over (Brent's algorithm).
    landmark: (Vec<Option<i64>>, u32),
    /// The number of pages compared with the landmark so far.
    compared: u32,
    /// The page size that the caller set.
    size: Option<u32>,
    /// Whether the walk requested a large page and the server did not refuse it.
    is_large: bool,
    /// The number of items on the pages so far, including those before the first page of the walk.
    through: Option<u64>,
    /// The server's latest number of items in the list.
    total: Option<u64>,
    fetch: Fetch<T>,
    id: fn(&T) -> i64,
}

impl<T: Model + Identified> Walk<T> {
    pub(crate) fn new(request: Request) -> Self {
        Walk {
            next: Some(request.requested_page()),
            size: request.requested_size(),
            is_large: false,
            request,
            previous: Vec::new(),
            landmark: (Vec::new(), 1),
            compared: 0,
            through: None,
            total: None,
            fetch: Session::fetch_page_in,
            id: T::id,
        }
    }
}

impl<T> Walk<T> {
    /// Returns the items of the next page that were not on the previous one. `None` after the last page or an error.
    pub(crate) fn next_page(
        &mut self,
        session: &Session,
        scope: Scope<'_>,
    ) -> Result<Option<Vec<Result<T, Unreadable>>>> {
        let Some(page) = self.next.take() else { return Ok(None) };
        let Listing { page: found, size, through, says_more } = self.request_page(page, session, scope)?;
        let (number, has_more) = (found.page, found.has_more);
        self.total = found.total.or(self.total);
        let mut items = in_order(found);
        let id_of = self.id;
        let id = |item: &Result<T, Unreadable>| match item {
            Ok(item) => Some(id_of(item)),
            Err(unreadable) => unreadable.id(),
        };
        let ids: Vec<Option<i64>> = items.iter().map(id).collect();
        // An empty page ends the walk, whatever the headers say.
        if ids.is_empty() {
            return Ok(None);
        }
        if ids == self.previous {
            // A server that ignores `page` sends all its items each time. A full page is unlikely to be all of them.
            let is_short = |size: u64| u64::try_from(ids.len()).is_ok_and(|count| count < size);
            let requested = self.is_large.then_some(u64::from(LARGE));
            let is_all = size.map_or_else(|| !says_more && requested.is_none_or(is_short), is_short);
            let repeated = "the server repeats a page instead of sending the next one";
            return if is_all { Ok(None) } else { Err(self.complaint(repeated)) };
        }
        if ids == self.landmark.0 {
            return Err(self.complaint("the server sends the same pages over and over"));
        }
        self.compared += 1;
        if self.compared == self.landmark.1 {
            (self.landmark, self.compared) = ((ids.clone(), self.landmark.1.saturating_mul(2)), 0);
        }
        if number != page {
            return Err(self.complaint("the server responded with a page that was not requested"));
        }
        if has_more {
            self.next = page.checked_add(1);
            self.keep_stated_size(size);
        }
        self.through = Some(through);
        let previous: HashSet<i64> = self.previous.iter().copied().flatten().collect();
        items.retain(|item| id(item).is_none_or(|id| !previous.contains(&id)));
        self.previous = ids;
        Ok(Some(items))
    }

    fn complaint(&self, message: &'static str) -> Error {
        Error::invalid_response(message).with_route(&self.request.route)
    }

    /// If the server states a smaller page size than requested, requests that size from now on. Otherwise a server that
    /// counts its pages by the requested size would skip the rest of each.
    fn keep_stated_size(&mut self, stated: Option<u64>) {
        let stated = stated.and_then(|size| u32::try_from(size).ok());
        if let Some(size @ 1..LARGE) = stated.filter(|_| self.is_large && self.through.is_none()) {
            self.request.set_page_size(size);
        }
    }

    /// Requests a page. The first request tries a large page. If the server refuses it, this walk and later ones leave
    /// the size to the server. A size that the caller set is always kept. A walk that starts at a later page leaves the
    /// size to the server, because the page number refers to the server's size.
    fn request_page(&mut self, page: u32, session: &Session, scope: Scope<'_>) -> Result<Listing<T>> {
        let requested = Listed { page, size: self.size, before: self.through };
        let route = self.request.route.name();
        let is_first = page == 1 && self.through.is_none();
        let mut is_refused = false;
        if is_first && self.size.is_none() && session.gives_large_pages(route) {
            let mut large = self.request.clone();
            large.set_page_size(LARGE);
            large.set_page(page);
            match (self.fetch)(session, &large, requested, scope) {
                Err(error) if is_refusal(&error) => is_refused = true,
                result => {
                    (self.request, self.is_large) = (large, true);
                    return result;
                }
            }
        }
        self.request.set_page(page);
        let found = (self.fetch)(session, &self.request, requested, scope)?;
        if is_refused {
            session.refuses_large_pages(route);
        }
        Ok(found)
    }

    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }
}

impl<T> fmt::Debug for Walk<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut walk = f.debug_struct("Walk");
        walk.field("route", &self.request.route.path).field("next_page", &self.next).finish_non_exhaustive()
    }
}

/// Whether the server refuses the content of the request, whatever the status.
fn is_refusal(error: &Error) -> bool {
    match error.status() {
        Some(400..500) => error.kind() == ErrorKind::InvalidRequest,
        Some(200..300) => error.code().is_some(),
        _ => false,
    }
}

/// Returns all items of a page in the server's order, including the unreadable ones.
fn in_order<T>(page: Page<T>) -> Vec<Result<T, Unreadable>> {
    let count = page.items.len() + page.unreadable.len();
    let (mut items, mut unreadable) = (page.items.into_iter(), page.unreadable.into_iter().peekable());
    let at = |position| {
        let here = unreadable.next_if(|item| item.position() == position);
        here.map(Err).or_else(|| items.next().map(Ok))
    };
    (0..count).filter_map(at).collect()
}
