//! One page of a list, and the iterator over all pages.

mod walk;

use std::iter::FusedIterator;
use std::{fmt, slice, vec};

pub(crate) use walk::Walk;

use crate::http::Request;
use crate::model::{Identified, Model};
use crate::{Error, Result, Session, Unreadable};

/// One page of a list.
///
/// Iterating over a page yields its readable items. The others are in [`unreadable`](Self::unreadable).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The readable items of this page, in the server's order.
    pub items: Vec<T>,
    /// The number of this page, from 1.
    pub page: u32,
    /// The number of items in the list. `None` if the server does not say.
    pub total: Option<u64>,
    /// The number of pages in the list. `None` if the server does not say.
    pub total_pages: Option<u32>,
    /// Whether there is a next page. If the server does not say, this is true unless the page is empty, or shorter
    /// than the page size that the server states.
    pub has_more: bool,
    /// The unreadable items of this page. They do not affect the others.
    pub unreadable: Vec<Unreadable>,
}

impl<T> Page<T> {
    /// Iterates over the readable items of this page, in the server's order.
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
/// It requests a page only after it has yielded all items of the previous one. Each page is a call with its own
/// deadline.
///
/// It requests 500 items per page. If the server refuses that, the server's default size applies. Set the filter's
/// `limit` to choose another size, for example to read only the first few items. If the filter starts at a later page
/// and sets no `limit`, the server's default size applies too, because the page number refers to it.
///
/// # Errors
/// For an unreadable item, the iterator yields an error whose [`unreadable`](Error::unreadable) is `Some`, and
/// continues. If a call fails, it yields an error whose `unreadable` is `None`, and ends:
///
/// ```
/// # use popup_rewards::{sandbox::Sandbox, *};
/// # let sandbox = Sandbox::start()?;
/// # let session = sandbox.session();
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
/// # Progress
/// [`total`](Self::total) is known after the first item:
///
/// ```
/// # use popup_rewards::{sandbox::Sandbox, *};
/// # let sandbox = Sandbox::start()?;
/// # let session = sandbox.session();
/// let mut products = session.products(&ListProducts::new());
/// let mut seen = 0;
/// while let Some(product) = products.next() {
///     product?;
///     seen += 1;
///     println!("{seen} of {}", products.total().unwrap_or(seen));
/// }
/// # assert_eq!(products.total(), Some(seen));
/// # Ok::<(), Error>(())
/// ```
///
/// # Lists that change
/// Each page shows the list at the instant of its request. A new item moves later items towards the end. The iterator
/// skips items that were on the previous page, but if more than one page of items is new, it yields some items twice.
/// A removed item moves later items towards the start, and the iterator may then miss one. If the result must be
/// complete, as in accounting, compare its ids with those of a second run, or its count with [`total`](Self::total).
#[must_use = "an iterator requests nothing until it is used"]
pub struct Items<'a, T> {
    session: &'a Session,
    walk: Walk<T>,
    ready: vec::IntoIter<Result<T, Unreadable>>,
}

impl<'a, T> Items<'a, T> {
    /// Starts at the page that the request names, or at the first page.
    pub(crate) fn new(session: &'a Session, request: Request) -> Self
    where
        T: Model + Identified,
    {
        Items { session, walk: Walk::new(request), ready: Vec::new().into_iter() }
    }

    /// Returns the number of items in the list, including those on pages before the first one of this iterator.
    ///
    /// This is the latest number from the server. `None` before the first item, or if the server does not say.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.walk.total()
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

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.ready.len(), None)
    }
}

impl<T> FusedIterator for Items<'_, T> {}

impl<T> fmt::Debug for Items<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("walk", &self.walk).field("ready", &self.ready.len()).finish()
    }
}
