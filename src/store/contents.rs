//! What a store holds in a slot.

use std::fmt;
use std::time::Duration;

/// What a [`TokenStore`](super::TokenStore) held in a slot at one instant.
///
/// ```
/// use popup_rewards::store::Contents;
///
/// let empty = Contents::empty("server-1");
/// assert_eq!(empty.entry(), None);
/// let full = Contents::new("server-1", vec![1, 2, 3]);
/// assert_eq!(full.entry(), Some(&[1, 2, 3][..]));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Contents {
    origin: String,
    entry: Option<Vec<u8>>,
    age: Option<Duration>,
}

impl Contents {
    /// An empty slot. For `origin` see [`origin`](Contents::origin).
    #[must_use]
    pub fn empty(origin: impl Into<String>) -> Self {
        Contents { origin: origin.into(), entry: None, age: None }
    }

    /// A slot with an entry. For `origin` see [`origin`](Contents::origin).
    #[must_use]
    pub fn new(origin: impl Into<String>, entry: impl Into<Vec<u8>>) -> Self {
        Contents { entry: Some(entry.into()), ..Contents::empty(origin) }
    }

    /// Sets the time since the entry was written, by the store's own clock.
    ///
    /// Leave it out if the store has no clock that all its users share. The session then compares wall clocks.
    #[must_use]
    pub fn aged(self, age: Duration) -> Self {
        Contents { age: Some(age), ..self }
    }

    /// Returns the identity of the storage: a text that changes when the storage may have lost its last writes.
    ///
    /// For a server this is an id that it draws when it starts. For a file it is the id of the file on its disk, so
    /// that a copy has another one. A session never presents a refresh token that was stored under another origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the encrypted entry, or `None` if the slot is empty.
    #[must_use]
    pub fn entry(&self) -> Option<&[u8]> {
        self.entry.as_deref()
    }

    /// Returns the time since the entry was written, if the store has a clock.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.age
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.entry.as_ref().map(Vec::len);
        f.debug_struct("Contents")
            .field("origin", &self.origin)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}
