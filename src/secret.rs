//! Text that cannot be printed by accident and is wiped on drop.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text: the number or PIN of a gift card, a claim URL, an activation code, or a webhook secret.
///
/// It is wiped from memory on drop, and `Debug` prints `[redacted]`. Only [`expose`](Secret::expose) returns the text,
/// so every use is easy to find in your code. There is no `Display`, `==` or `Serialize`:
///
/// ```compile_fail
/// println!("{}", popup_rewards::Secret::new("4321"));
/// ```
/// ```compile_fail
/// let same = popup_rewards::Secret::new("4321") == popup_rewards::Secret::new("4321");
/// ```
/// ```compile_fail
/// fn export<T: serde::Serialize>(_: T) {}
/// export(popup_rewards::Secret::new("4321"));
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Creates a secret from a text.
    ///
    /// ```
    /// let pin = popup_rewards::Secret::new("4321");
    /// assert_eq!(pin.expose(), "4321");
    /// assert_eq!(format!("{pin:?}"), "[redacted]");
    /// ```
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Secret(Zeroizing::new(text.into()))
    }

    /// Creates a secret from a text without copying it.
    pub(crate) fn wiped(text: Zeroizing<String>) -> Self {
        Secret(text)
    }

    /// Returns the text. Copies that you make of it are not wiped.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Takes a `String` over without a copy. A borrowed text is copied, and the original is not wiped.
impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Secret::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_becomes_a_secret_without_a_copy() {
        let text = String::from("4321");
        let address = text.as_ptr();
        assert_eq!(Secret::from(text).expose().as_ptr(), address);
    }
}
