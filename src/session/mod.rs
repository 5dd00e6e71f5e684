//! The session: one set of tokens, shared by every clone and thread.

mod auth;
mod builder;
mod call;
mod event;
mod fetch;
mod logout;
mod orders;
mod shared;
mod source;
mod status;
mod tokens;

use std::fmt;
use std::sync::Arc;

use self::source::SessionSource;
use crate::http::BaseUrl;
use crate::token::Cache;
use crate::{Credentials, Error, Result};

pub use self::builder::SessionBuilder;
pub use self::event::{Event, EventKind};
pub(crate) use self::fetch::Scope;
pub(crate) use self::orders::OrderRoutes;
pub use self::status::{SessionState, SessionStats, SessionStatus};

/// A client of the API that logs in by itself and keeps its token valid.
///
/// Clones are cheap. They share the token, the connections and the counters, in all threads. The first call logs in.
/// The token is renewed in the background before it expires, and a call that gets a 401 is retried once with a new
/// token. When the last clone is dropped, the tokens and the credentials are wiped from memory.
///
/// ```
/// # use popup_rewards::{sandbox::Sandbox, Error};
/// # let sandbox = Sandbox::start()?;
/// # let (base_url, credentials) = (sandbox.url(), sandbox.credentials());
/// use popup_rewards::Session;
///
/// let session = Session::new(&base_url, credentials)?;
/// std::thread::scope(|scope| {
///     for _ in 0..8 {
///         let session = session.clone();
///         scope.spawn(move || session.countries());
///     }
/// });
/// assert_eq!(session.stats().logins, 1);
/// session.logout()?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Session {
    owner: Arc<Owner>,
}

/// What the clones share. The session ends with the last of them, even while the thread of a flight still uses
/// `inner`.
struct Owner {
    inner: Arc<SessionInner>,
    process: u32,
}

/// What a session and the thread of a flight share.
pub(crate) struct SessionInner {
    cache: Cache<SessionSource>,
    source: Arc<SessionSource>,
}

/// # Construction and state
impl Session {
    /// Builds a session with the default settings. Sends nothing before the first call.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the base URL or the credentials are malformed.
    ///
    /// # Examples
    /// ```
    /// use popup_rewards::{Credentials, Session};
    ///
    /// let session = Session::new("https://sandbox-api.example.com", Credentials::new("key", "secret"))?;
    /// # drop(session);
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    pub fn new(base_url: &str, credentials: Credentials) -> Result<Self> {
        Session::builder(base_url, credentials).build()
    }

    /// Builds a session from the environment variables `API_BASE_URL`, `API_KEY` and `API_SECRET`.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a variable is missing or malformed; the message names
    /// it.
    ///
    /// # Examples
    /// ```no_run
    /// let session = popup_rewards::Session::from_env()?;
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    pub fn from_env() -> Result<Self> {
        let base_url = crate::credentials::variable("API_BASE_URL")?;
        BaseUrl::parse(&base_url).map_err(|error| {
            Error::configuration(format!("the environment variable API_BASE_URL: {error}"))
        })?;
        Session::new(&base_url, Credentials::from_env()?)
    }

    /// Starts a builder, for a session with other settings than the defaults.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use popup_rewards::{Credentials, Session};
    ///
    /// let session = Session::builder("https://sandbox-api.example.com", Credentials::new("key", "secret"))
    ///     .deadline(Duration::from_secs(30))
    ///     .build()?;
    /// # drop(session);
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    pub fn builder(base_url: &str, credentials: Credentials) -> SessionBuilder {
        SessionBuilder::new(base_url, credentials)
    }

    /// Returns the present state of the tokens. It holds no secret.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, Session, SessionState};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// session.countries()?;
    /// let status = session.status();
    /// assert_eq!(status.state, SessionState::Fresh);
    /// println!("the token is good for {:?}", status.remaining);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        SessionStatus::of(self.owner.inner.cache.snapshot())
    }

    /// Returns the counters of this session and its clones.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, Session};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// session.countries()?;
    /// assert_eq!((session.stats().logins, session.stats().calls), (1, 1));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> SessionStats {
        self.owner.inner.source.counters.read(self.owner.inner.cache.waits())
    }
}

impl SessionInner {
    /// Logs an event and calls the observer.
    fn observe(&self, kind: EventKind, reason: Option<&Error>) {
        self.cache.observe(kind, reason);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("status", &self.status()).finish_non_exhaustive()
    }
}
