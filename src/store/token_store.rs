//! The interface of a token store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Contents, StoreKey};
use crate::Result;
use crate::clock::random_bytes;
use crate::hex;

/// A place where the processes of one API key share a token set.
///
/// A session calls a store on the thread that renews its token, never while a caller with a valid token waits. Every
/// method has to return within about two seconds, also when the storage hangs. An error means that the storage is
/// *unavailable*: whether a write took effect is then unknown. The session goes on without the store.
///
/// Create errors with [`Error::store`](crate::Error::store). A panic counts as an error.
///
/// # Requirements
///
/// - [`swap`](TokenStore::swap) is atomic across all processes. Two that saw the same contents cannot both succeed.
/// - [`acquire`](TokenStore::acquire) grants a lease to one owner at a time, and the lease ends by itself.
/// - What a successful call wrote, every later call of any process finds, unless the
///   [origin](Contents::origin) has changed.
///
/// [`conformance::check`](super::conformance::check) tests all three.
pub trait TokenStore: Send + Sync {
    /// Returns the key that encrypts the entries.
    fn key(&self) -> &StoreKey;

    /// Reads the slot.
    ///
    /// # Errors
    /// [`Store`](crate::ErrorKind::Store) if the storage is unavailable. An empty slot is no error.
    fn load(&self, slot: &Slot) -> Result<Contents>;

    /// Takes the lease of the slot for this long, and reads the slot in the same atomic step.
    ///
    /// If `owner` already holds the lease, it is extended to `length` from now: an earlier request may have succeeded
    /// although its response was lost. If another owner holds it, nothing changes. `owner` is a text without blanks.
    ///
    /// # Errors
    /// [`Store`](crate::ErrorKind::Store) if the storage is unavailable. The lease may have been taken.
    fn acquire(&self, slot: &Slot, owner: &str, length: Duration) -> Result<Lease>;

    /// Replaces the contents of the slot, but only if it still holds the entry that `seen` holds (or is still empty)
    /// and the origin is still that of `seen`. Returns whether it did.
    ///
    /// It need not compare the age. The store may drop an entry that nobody has written for 8 days.
    ///
    /// # Errors
    /// [`Store`](crate::ErrorKind::Store) if the storage is unavailable. The entry may have been written. A write
    /// that fails, such as on a full disk, leaves the old entry in place.
    fn swap(&self, slot: &Slot, seen: &Contents, entry: &[u8]) -> Result<bool>;

    /// Ends the lease of the slot if `owner` holds it. Otherwise does nothing.
    ///
    /// # Errors
    /// [`Store`](crate::ErrorKind::Store) if the storage is unavailable. The lease then ends by itself.
    fn release(&self, slot: &Slot, owner: &str) -> Result<()>;
}

impl<S: TokenStore + ?Sized> TokenStore for Arc<S> {
    fn key(&self) -> &StoreKey {
        (**self).key()
    }

    fn load(&self, slot: &Slot) -> Result<Contents> {
        (**self).load(slot)
    }

    fn acquire(&self, slot: &Slot, owner: &str, length: Duration) -> Result<Lease> {
        (**self).acquire(slot, owner, length)
    }

    fn swap(&self, slot: &Slot, seen: &Contents, entry: &[u8]) -> Result<bool> {
        (**self).swap(slot, seen, entry)
    }

    fn release(&self, slot: &Slot, owner: &str) -> Result<()> {
        (**self).release(slot, owner)
    }
}

/// The result of [`TokenStore::acquire`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lease {
    /// The owner holds the lease. These are the contents of the slot.
    Acquired(Contents),
    /// Another owner holds the lease for this long, unless it ends it earlier.
    Held(Duration),
}

/// The name of the place where one API key has its entry.
///
/// It is derived from the base URL, the API key and the [`StoreKey`], and reveals none of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot(String);

impl Slot {
    pub(crate) fn new(name: String) -> Self {
        Slot(name)
    }

    /// Creates a slot with a random name, for a test or a probe of a store.
    #[must_use]
    pub fn random() -> Self {
        Slot(hex::encode(&random_bytes::<32>()))
    }

    /// Returns the name: 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
