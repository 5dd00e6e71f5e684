//! One page of a list, and the iterator that walks all of them.

use std::collections::HashSet;
use std::iter::FusedIterator;
use std::{slice, vec};

use crate::http::{Listing, Request};
use crate::model::{Identified, Model};
use crate::session::Scope;
use crate::{Error, Result, Session, Unreadable};

/// One page of a list.
///
/// As an iterator it has the items that can be read; the others are in [`unreadable`](Self::unreadable).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of this page that can be read, in the server's order.
    pub items: Vec<T>,
    /// The number of this page; the first is 1.
    pub page: u32,
    /// How many items the whole list has, if the server said so.
    pub total: Option<u64>,
    /// How many pages the whole list has, if the server said so.
    pub total_pages: Option<u32>,
    /// Whether there is a next page. If the server does not say, there may be one after every page that has items.
    pub has_more: bool,
    /// The items of this page that cannot be read: one odd item does not cost the others.
    pub unreadable: Vec<Unreadable>,
}

impl<T> Page<T> {
    /// Looks at the items of this page that can be read, in the server's order.
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
/// It requests the next page only when the items of the last one are used up. Each page may take as long as a call.
///
/// # Errors
/// An item that cannot be read is an error in its place whose [`unreadable`](Error::unreadable) is `Some`, and the walk
/// goes on after it. A call that fails is an error whose `unreadable` is `None`, and ends the walk:
///
/// ```
/// # use popup_rewards::{sandbox::Sandbox, *};
/// # let sandbox = Sandbox::start()?;
/// # let session = Session::new(&sandbox.url(), sandbox.credentials())?;
/// for product in session.products(&ListProducts::new()) {
///     match product {
///         Ok(product) => println!("{}", product.name),
///         Err(error) if error.unreadable().is_some() => eprintln!("skipped: {error}"),
///         Err(error) => return Err(error),
///     }
/// }
/// # Ok::<(), Error>(())
/// ```
///
/// # Lists that change
/// Pages are cut from the list as it is when each of them is requested. A new item moves the others towards the end: what
/// the page before had already is left out, but if more than a page is new, items come twice. An item that goes
/// away moves the others towards the start, and one of them can fall between two pages and never come. So what must be
/// complete, such as books, is compared by id with another walk, or with [`Page::total`].
#[must_use = "an iterator requests nothing until it is used"]
pub struct Items<'a, T> {
    session: &'a Session,
    walk: Walk<T>,
    ready: vec::IntoIter<Result<T, Unreadable>>,
}

impl<'a, T> Items<'a, T> {
    /// Starts at the page the request names, or at the first.
    pub(crate) fn new(session: &'a Session, mut request: Request) -> Self
    where
        T: Model + Identified,
    {
        request.set_query("page", request.number("page").unwrap_or(1));
        Items { session, walk: Walk::new(request), ready: Vec::new().into_iter() }
    }
}

impl<T> Iterator for Items<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if let Some(item) = self.ready.next() {
                return Some(item.map_err(Error::of_item));
            }
            match self.walk.next_page(self.session, self.session.scope()) {
                Ok(items) => self.ready = items?.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<T> FusedIterator for Items<'_, T> {}

impl<T> std::fmt::Debug for Items<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Items")
            .field("route", &self.walk.request.route)
            .field("next_page", &self.walk.next)
            .field("ready", &self.ready.len())
            .finish()
    }
}

/// Requests one page after pages with so many items.
type Fetch<T> = fn(&Session, &Request, Option<u64>, Scope<'_>) -> Result<Listing<T>>;

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
    /// How many items the pages so far have, those before the first page of the walk included.
    through: Option<u64>,
    fetch: Fetch<T>,
    id: fn(&T) -> i64,
}

impl<T: Model + Identified> Walk<T> {
    pub(crate) fn new(request: Request) -> Self {
        let next = Some(request.number("page").unwrap_or(1));
        Walk {
            request,
            next,
            before: Vec::new(),
            landmark: (Vec::new(), 1),
            walked: 0,
            through: None,
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
        let Listing { page: found, size, through, says_more } =
            (self.fetch)(session, &self.request, self.through, scope)?;
        let (number, has_more) = (found.page, found.has_more);
        let mut items = in_order(found);
        let id = |item: &Result<T, Unreadable>| match item {
            Ok(item) => Some((self.id)(item)),
            Err(unreadable) => unreadable.id(),
        };
        let ids: Vec<Option<i64>> = items.iter().map(id).collect();
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
            self.request.set_query("page", page.saturating_add(1));
        }
        self.through = Some(through);
        let before: HashSet<i64> = self.before.iter().copied().flatten().collect();
        items.retain(|item| id(item).is_none_or(|id| !before.contains(&id)));
        self.before = ids;
        Ok(Some(items))
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
