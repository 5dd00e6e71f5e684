//! One page of a list, and the iterator that walks all of them.

mod walk;

use std::iter::FusedIterator;
use std::{fmt, slice, vec};

pub(crate) use walk::Walk;

use crate::http::Request;
use crate::model::{Identified, Model};
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
/// It asks for 500 items a page, or leaves the size to the server if that is refused. Set the filter's `limit` for
/// another size, for example to read only the first few items. A walk that starts at a later page without a `limit` keeps
/// the server's own size, in which its pages are counted.
///
/// # Errors
/// An item that cannot be read is an error in its place whose [`unreadable`](Error::unreadable) is `Some`, and the walk
/// goes on after it. A call that fails is an error whose `unreadable` is `None`, and ends the walk:
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
/// [`total`](Self::total) is known as soon as the first item is there:
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
/// Pages are cut from the list as it is when each of them is requested. A new item moves the others towards the end: what
/// the page before had already is left out, but if more than a page is new, items come twice. An item that goes
/// away moves the others towards the start, and one of them can fall between two pages and never come. So what must be
/// complete, such as books, is compared by id with another walk, or its count with [`total`](Self::total).
#[must_use = "an iterator requests nothing until it is used"]
pub struct Items<'a, T> {
    session: &'a Session,
    walk: Walk<T>,
    ready: vec::IntoIter<Result<T, Unreadable>>,
}

impl<'a, T> Items<'a, T> {
    /// Starts at the page the request names, or at the first.
    pub(crate) fn new(session: &'a Session, request: Request) -> Self
    where
        T: Model + Identified,
    {
        Items { session, walk: Walk::new(request), ready: Vec::new().into_iter() }
    }

    /// Returns how many items the list has in all, those on pages before the first of this walk included.
    ///
    /// It is what the server said last: `None` before the first item, and if the server does not say.
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
