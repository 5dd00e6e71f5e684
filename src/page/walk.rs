//! The pages of a list, one after the other.

use std::collections::HashSet;
use std::fmt;

use crate::http::{Listed, Listing, Request};
use crate::model::{Identified, Model};
use crate::session::Scope;
use crate::{Error, ErrorKind, Page, Result, Session, Unreadable};

/// How many items a walk asks for in one page: as many as every list of the API gives.
const LARGE: u32 = 500;

type Fetch<T> = fn(&Session, &Request, Listed, Scope<'_>) -> Result<Listing<T>>;

/// The pages of a list, one after the other.
pub(crate) struct Walk<T> {
    request: Request,
    /// The page that comes next; none after the last.
    next: Option<u32>,
    /// The ids on the page before, as far as they can be read.
    before: Vec<Option<i64>>,
    /// The ids on an earlier page, and how many pages are compared with it. A server that gives the same pages again and
    /// again comes back to it, because each time it stands for twice as many.
    landmark: (Vec<Option<i64>>, u32),
    walked: u32,
    /// The page size that the caller has set.
    size: Option<u32>,
    /// Whether the server was asked for large pages, and gave one.
    is_large: bool,
    /// How many items the pages so far have, those before the first page of the walk included.
    through: Option<u64>,
    /// How many items the whole list has, as the server said last.
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
            before: Vec::new(),
            landmark: (Vec::new(), 1),
            walked: 0,
            through: None,
            total: None,
            fetch: Session::fetch_page_in,
            id: T::id,
        }
    }
}

impl<T> Walk<T> {
    /// The items of the next page that the page before did not have; nothing after the last page or an error.
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
        // An empty page ends the walk whatever the headers claim.
        if ids.is_empty() {
            return Ok(None);
        }
        if ids == self.before {
            // A server that ignores `page` gives all it has each time; a full page is hardly all.
            let is_short = |size: u64| u64::try_from(ids.len()).is_ok_and(|count| count < size);
            let asked = self.is_large.then_some(u64::from(LARGE));
            let is_all = size.map_or_else(|| !says_more && asked.is_none_or(is_short), is_short);
            let repeated = "the server repeats a page instead of going on to the next";
            return if is_all { Ok(None) } else { Err(Error::invalid_response(repeated)) };
        }
        if ids == self.landmark.0 {
            return Err(Error::invalid_response("the server gives the same pages again and again"));
        }
        self.walked += 1;
        if self.walked == self.landmark.1 {
            (self.landmark, self.walked) = ((ids.clone(), self.landmark.1.saturating_mul(2)), 0);
        }
        if number != page {
            return Err(Error::invalid_response(
                "the server responded with another page than the one requested",
            ));
        }
        if has_more {
            self.next = page.checked_add(1);
            self.keep_to(size);
        }
        self.through = Some(through);
        let before: HashSet<i64> = self.before.iter().copied().flatten().collect();
        items.retain(|item| id(item).is_none_or(|id| !before.contains(&id)));
        self.before = ids;
        Ok(Some(items))
    }

    /// Requests pages of the size that the server states from now on, instead of large ones. Otherwise it may go on to
    /// count its pages by the size it was asked for, and skip the rest of each.
    fn keep_to(&mut self, stated: Option<u64>) {
        let stated = stated.and_then(|size| u32::try_from(size).ok());
        if let Some(size @ 1..LARGE) = stated.filter(|_| self.is_large && self.through.is_none()) {
            self.request.set_page_size(size);
        }
    }

    /// Requests a page. The first one shows whether the server gives large ones; if not, its own size serves, here and in
    /// later walks. A size that the caller has set stays, and so does the one that a later first page is counted in.
    fn request_page(&mut self, page: u32, session: &Session, scope: Scope<'_>) -> Result<Listing<T>> {
        let asked = Listed { page, size: self.size, before: self.through };
        let route = self.request.route.name();
        let is_first = page == 1 && self.through.is_none();
        let mut is_refused = false;
        if is_first && self.size.is_none() && session.gives_large_pages(route) {
            let mut large = self.request.clone();
            large.set_page_size(LARGE);
            large.set_page(page);
            match (self.fetch)(session, &large, asked, scope) {
                Err(error) if is_refusal(&error) => is_refused = true,
                result => {
                    (self.request, self.is_large) = (large, true);
                    return result;
                }
            }
        }
        self.request.set_page(page);
        let found = (self.fetch)(session, &self.request, asked, scope)?;
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

/// Whether the server refuses the request for what it asks, under whatever status.
fn is_refusal(error: &Error) -> bool {
    match error.status() {
        Some(400..500) => error.kind() == ErrorKind::InvalidRequest,
        Some(200..300) => error.code().is_some(),
        _ => false,
    }
}

/// All items of a page in the server's order, those that cannot be read included.
fn in_order<T>(page: Page<T>) -> Vec<Result<T, Unreadable>> {
    let count = page.items.len() + page.unreadable.len();
    let (mut items, mut unreadable) = (page.items.into_iter(), page.unreadable.into_iter().peekable());
    let at = |position| {
        let odd = unreadable.next_if(|item| item.position() == position);
        odd.map(Err).or_else(|| items.next().map(Ok))
    };
    (0..count).filter_map(at).collect()
}
