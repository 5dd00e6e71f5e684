//! The reference that makes an order safe to send twice.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The caller's own name for an order: unique per client, the same for every attempt.
///
/// The server refuses a second order with a reference it has seen, so a reference that is stored before the
/// first attempt makes it safe to repeat the order after a crash or a lost answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientReference(String);

/// The longest reference the server takes, in bytes.
const LONGEST: usize = 255;

impl ClientReference {
    /// Takes a reference of the caller's own: 1 to 255 printable ASCII characters.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if it is empty, too long, or holds a character that is not printable
    /// ASCII (a line break, a tab, an accent).
    ///
    /// # Examples
    /// ```
    /// use popup_rewards::ClientReference;
    ///
    /// assert_eq!(ClientReference::new("order-2031-0001")?.as_str(), "order-2031-0001");
    /// assert!(ClientReference::new("two\nlines").is_err());
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    pub fn new(reference: impl Into<String>) -> Result<Self> {
        let reference = reference.into();
        if reference.is_empty() {
            return Err(Error::invalid_request("a client reference cannot be empty"));
        }
        if reference.len() > LONGEST {
            return Err(Error::invalid_request(format!(
                "a client reference has at most {LONGEST} characters, this one has {}",
                reference.len()
            )));
        }
        if !reference.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Error::invalid_request(
                "a client reference is printable ASCII: no line breaks, tabs or accents",
            ));
        }
        Ok(ClientReference(reference))
    }

    /// Draws a new reference of 128 random bits, written as 32 hexadecimal digits.
    ///
    /// Store it before the order is sent, or the order cannot be found again after a crash.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    ///
    /// # Examples
    /// ```
    /// use popup_rewards::ClientReference;
    ///
    /// assert_ne!(ClientReference::generate(), ClientReference::generate());
    /// ```
    #[must_use]
    pub fn generate() -> Self {
        let bits = u128::from_ne_bytes(crate::clock::random_bytes());
        ClientReference(format!("{bits:032x}"))
    }

    /// The text of the reference.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientReference {
    type Error = Error;

    fn try_from(reference: String) -> Result<Self> {
        ClientReference::new(reference)
    }
}

impl FromStr for ClientReference {
    type Err = Error;

    fn from_str(reference: &str) -> Result<Self> {
        ClientReference::new(reference)
    }
}

impl From<ClientReference> for String {
    fn from(reference: ClientReference) -> Self {
        reference.0
    }
}

impl fmt::Display for ClientReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
