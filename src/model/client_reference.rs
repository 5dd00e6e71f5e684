//! The client reference, which makes an order safe to place again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Your own identifier for an order, unique per client and the same for every attempt.
///
/// The server refuses a second order with the same reference. Store the reference before the first attempt. Then you
/// can safely place the order again after a crash or a lost response.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientReference(String);

/// The longest reference that the server accepts, in bytes.
const LONGEST: usize = 255;

impl ClientReference {
    /// Creates a reference from 1 to 255 printable ASCII characters, without a blank at either end.
    ///
    /// A server that trims such a blank stores the order under another reference, and no lookup finds it.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the reference is empty or too long, begins or ends
    /// with a blank, or contains a character that is not printable ASCII, such as a line break, a tab or an accented
    /// letter.
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
            return Err(Error::invalid_request("a client reference must not be empty"));
        }
        if reference.len() > LONGEST {
            return Err(Error::invalid_request(format!(
                "a client reference must have at most {LONGEST} characters, not {}",
                reference.len()
            )));
        }
        if !reference.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Error::invalid_request(
                "a client reference must be printable ASCII, without line breaks, tabs or accents",
            ));
        }
        if reference.starts_with(' ') || reference.ends_with(' ') {
            return Err(Error::invalid_request(
                "a client reference must not begin or end with a blank, which some servers remove; trim it",
            ));
        }
        Ok(ClientReference(reference))
    }

    /// Generates a reference of 128 random bits, written as 32 hexadecimal digits.
    ///
    /// Store it before you place the order. Otherwise you cannot find the order after a crash.
    ///
    /// # Panics
    /// If the operating system returns no random bytes.
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

    /// Returns the reference as text.
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
            ("", "must not be empty"),
            ("ord 1 ", "begin or end with a blank"),
            (" ord1", "begin or end with a blank"),
            (" ", "begin or end with a blank"),
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
