//! The API key and secret, fixed or from a closure.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::clock::random_bytes;
use crate::http::Masked;
use crate::{Error, Result, Secret};

/// The API key and secret that a session logs in with.
///
/// They are masked in memory, so a search of the memory does not find them between two logins. They are wiped when the
/// last session that holds them is dropped. They are never printed:
///
/// ```
/// let credentials = popup_rewards::Credentials::new("key", "secret");
/// assert_eq!(format!("{credentials:?}"), "Credentials([redacted])");
/// ```
#[derive(Clone)]
pub struct Credentials(Origin);

#[derive(Clone)]
enum Origin {
    Fixed { key: Masked, secret: Masked },
    Closure(Arc<dyn Fn() -> Result<Credentials> + Send + Sync>),
}

/// A key and its secret in plain text, for one login.
pub(crate) struct Login {
    pub(crate) key: Secret,
    pub(crate) secret: Secret,
}

impl Credentials {
    /// Uses a fixed pair: the API key (username) and the API secret (password) from the dashboard.
    ///
    /// The secret is a [`Secret`] or any text, such as a `&str` or a `String`. A `&str` is copied, and its original is
    /// not wiped.
    ///
    /// Does not check the pair. [`build`](crate::SessionBuilder::build) refuses a pair that is empty or malformed.
    ///
    /// # Examples
    /// ```
    /// use popup_rewards::{Credentials, Session};
    ///
    /// let session = Session::new("https://sandbox-api.example.com", Credentials::new("key", "secret"))?;
    /// # drop(session);
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    #[must_use]
    pub fn new(key: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Credentials(Origin::Fixed {
            key: Masked::new(&Secret::new(key), random_bytes),
            secret: Masked::new(&secret.into(), random_bytes),
        })
    }

    /// Reads `API_KEY` and `API_SECRET` from the environment once.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a variable is missing, empty or not valid Unicode; the
    /// message names it.
    ///
    /// # Examples
    /// ```
    /// # fn main() {
    /// match popup_rewards::Credentials::from_env() {
    ///     Ok(credentials) => drop(credentials),
    ///     Err(error) => assert!(error.to_string().contains("API_")),
    /// }
    /// # }
    /// ```
    pub fn from_env() -> Result<Self> {
        Ok(Credentials::new(variable("API_KEY")?, variable("API_SECRET")?))
    }

    /// Calls the closure at each login, for pairs that a secrets manager rotates.
    ///
    /// The closure runs on the thread that logs in and outside every lock of the session, so it may block and use
    /// other sessions. It must not call a method that needs a token on the *same* session: that method would wait for
    /// the login it is part of, so it fails with [`Configuration`](crate::ErrorKind::Configuration).
    ///
    /// Its error becomes the error of the call that needed the login. For a closure with an error of another type, see
    /// [`try_from_fn`](Credentials::try_from_fn).
    ///
    /// # Examples
    /// ```
    /// # fn newest_secret() -> popup_rewards::Result<String> { Ok("secret".to_owned()) }
    /// use popup_rewards::{Credentials, Session};
    ///
    /// let credentials = Credentials::from_fn(|| Ok(Credentials::new("key", newest_secret()?)));
    /// let session = Session::new("https://sandbox-api.example.com", credentials)?;
    /// # drop(session);
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    #[must_use]
    pub fn from_fn(closure: impl Fn() -> Result<Credentials> + Send + Sync + 'static) -> Self {
        Credentials(Origin::Closure(Arc::new(closure)))
    }

    /// Like [`from_fn`](Credentials::from_fn), for a closure with an error of any type: that of a secrets manager,
    /// [`std::io::Error`], `anyhow::Error`, `String`, or a `Box<dyn Error + Send + Sync>`.
    ///
    /// If it fails, the call that needed the login fails with [`Configuration`](crate::ErrorKind::Configuration), and
    /// the closure's error is its [`source`](std::error::Error::source). This crate does not print that source, which
    /// may hold a secret. An [`Error`] of this crate is returned as it is, also out of a `Box<dyn Error + Send + Sync>`.
    ///
    /// # Examples
    /// ```
    /// use popup_rewards::{Credentials, Session};
    ///
    /// fn from_vault() -> std::io::Result<Credentials> {
    ///     let secret = std::fs::read_to_string("/run/secrets/popup-rewards")?;
    ///     Ok(Credentials::new("key", secret.trim()))
    /// }
    ///
    /// let session = Session::new("https://sandbox-api.example.com", Credentials::try_from_fn(from_vault))?;
    /// # drop(session);
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    #[must_use]
    pub fn try_from_fn<E>(closure: impl Fn() -> Result<Credentials, E> + Send + Sync + 'static) -> Self
    where
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        Credentials::from_fn(move || {
            closure().map_err(|cause| Error::of_user_code("the credentials closure failed", cause.into()))
        })
    }

    /// Whether the pair can change between two logins.
    pub(crate) fn can_change(&self) -> bool {
        matches!(self.0, Origin::Closure(_))
    }

    /// Refuses a fixed pair that no server can accept. Does not call a closure.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.0 {
            Origin::Fixed { key, secret } => Login::reveal(key, secret).check(),
            Origin::Closure(_) => Ok(()),
        }
    }

    /// Returns the fixed pair for a login. Calls the closure, which is user code, if there is one.
    pub(crate) fn resolve(&self) -> Result<Credentials> {
        let Origin::Closure(closure) = &self.0 else { return Ok(self.clone()) };
        let fixed = closure()?;
        if fixed.can_change() {
            return Err(Error::configuration(
                "the credentials closure returned another closure; return Credentials::new(..) from it",
            ));
        }
        fixed.check()?;
        Ok(fixed)
    }

    /// Returns the pair in plain text. `None` for a closure.
    pub(crate) fn reveal(&self) -> Option<Login> {
        match &self.0 {
            Origin::Fixed { key, secret } => Some(Login::reveal(key, secret)),
            Origin::Closure(_) => None,
        }
    }
}

impl Login {
    fn reveal(key: &Masked, secret: &Masked) -> Self {
        Login { key: key.reveal(), secret: secret.reveal() }
    }

    fn check(&self) -> Result<()> {
        for (name, value) in [("key", self.key.expose()), ("secret", self.secret.expose())] {
            if let Some(problem) = problem(value) {
                return Err(Error::configuration(format!("the API {name} {problem}")));
            }
        }
        Ok(())
    }
}

/// Returns what is wrong with a key or secret.
fn problem(value: &str) -> Option<&'static str> {
    if value.trim_matches(is_blank).is_empty() {
        return Some("is empty; copy it from the dashboard");
    }
    surplus(value)
}

/// Returns what a value should not contain, such as the line break of the file that it was read from.
pub(crate) fn surplus(value: &str) -> Option<&'static str> {
    if value.chars().any(char::is_control) {
        return Some("contains a line break or another control character; trim it");
    }
    value.trim_matches(is_blank).ne(value).then_some("begins or ends with a blank; trim it")
}

/// Whether a character is whitespace or a byte order mark, which editors and shells may leave around a value.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Reads an environment variable. An error names it.
pub(crate) fn variable(name: &str) -> Result<String> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => {
            Err(Error::configuration(format!("the environment variable {name} is empty; set it")))
        }
        Ok(value) => Ok(value),
        Err(std::env::VarError::NotPresent) => {
            Err(Error::configuration(format!("the environment variable {name} is not set; set it")))
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Error::configuration(format!("the environment variable {name} is not valid Unicode")))
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login([redacted])")
    }
}
