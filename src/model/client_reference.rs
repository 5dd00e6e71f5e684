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
    /// Takes your own reference: 1 to 255 printable ASCII characters, with no blank at either end.
    ///
    /// A server that trims such a blank would list the order under another reference, where no lookup finds it.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if it is empty, too long, begins or ends with a blank, or
    /// holds a character that is not printable ASCII (a line break, a tab, an accent).
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
        if reference.starts_with(' ') || reference.ends_with(' ') {
            return Err(Error::invalid_request(
                "a client reference has no blank at either end: a server that trims it would lose the order; trim it",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_reference_is_printable_ascii_without_a_blank_at_either_end() {
        for good in ["a", "ord 1", "~!\"\\{}", &"x".repeat(255)] {
            assert_eq!(ClientReference::new(good).unwrap().as_str(), good);
        }
        for (bad, says) in [
            ("", "cannot be empty"),
            ("ord 1 ", "no blank at either end"),
            (" ord1", "no blank at either end"),
            (" ", "no blank at either end"),
            ("ord1\t", "printable ASCII"),
            ("ord\n1", "printable ASCII"),
            ("ord1\u{a0}", "printable ASCII"),
            ("\u{feff}ord1", "printable ASCII"),
            ("caf\u{e9}", "printable ASCII"),
            (&"x".repeat(256), "at most 255"),
        ] {
            let error = ClientReference::new(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{bad:?}");
            assert!(error.to_string().contains(says), "{bad:?}: {error}");
            assert_eq!(bad.parse::<ClientReference>().unwrap_err().kind(), ErrorKind::InvalidRequest);
            let json = serde_json::to_string(bad).unwrap();
            assert!(serde_json::from_str::<ClientReference>(&json).is_err(), "{bad:?}");
        }
    }
}
