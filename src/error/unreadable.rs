//! An unreadable item of a list.

use crate::Error;
use crate::http::Route;

/// An unreadable item of a list: its position and the problem, but never its content.
///
/// A page lists its unreadable items in [`Page::unreadable`](crate::Page::unreadable). An iterator yields an error for
/// each, and [`Error::unreadable`] returns the item.
#[derive(Clone, Debug)]
pub struct Unreadable {
    position: usize,
    id: Option<i64>,
    error: Error,
}

impl Unreadable {
    pub(crate) fn new(position: usize, id: Option<i64>, error: Error) -> Self {
        Unreadable { position, id, error }
    }

    /// Returns the position of the item among all items of its page, from 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Returns the id of the item. `None` if it cannot be read.
    #[must_use]
    pub fn id(&self) -> Option<i64> {
        self.id
    }

    /// Returns the error that says why the item cannot be read.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    pub(crate) fn with_route(mut self, route: &Route) -> Self {
        self.error = self.error.with_route(route);
        self
    }

    pub(crate) fn into_error(self) -> Error {
        self.error
    }
}

impl PartialEq for Unreadable {
    fn eq(&self, other: &Self) -> bool {
        let of = |item: &Unreadable| (item.position, item.id, item.error.to_string());
        of(self) == of(other)
    }
}

impl Eq for Unreadable {}
