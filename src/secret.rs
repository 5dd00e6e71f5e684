//! Text that must not be seen by accident and is wiped when it is dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text: a card number, a PIN, a claim URL, an activation code, a webhook secret.
///
/// It is wiped from memory when it is dropped, its `Debug` prints `[redacted]`, and the only way to the text
/// is [`expose`](Secret::expose), which is easy to search for. It has no `Display`, no `==` and no `Serialize`:
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
    /// Takes ownership of a secret text.
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

    /// Takes a secret text that is already in memory of its own.
    pub(crate) fn wiped(text: Zeroizing<String>) -> Self {
        Secret(text)
    }

    /// The text itself. A copy made of it is not wiped.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
