//! An item of a list that cannot be read, among others that can.

use crate::Error;

/// An item of a list that cannot be read: its place, and what is wrong with it, but never what was there.
///
/// A page has them in [`unreadable`](crate::Page::unreadable), and an iterator in the
/// [`unreadable`](Error::unreadable) of an error.
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

    /// Which item of its page it is, among all that the server sent; the first is 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Its id, if that can be read.
    #[must_use]
    pub fn id(&self) -> Option<i64> {
        self.id
    }

    /// What is wrong with it.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
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
