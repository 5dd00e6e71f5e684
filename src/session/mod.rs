//! The session: one set of tokens, shared by every clone and thread.

mod auth;
mod builder;
mod call;
mod event;
mod fetch;
mod logout;
mod orders;
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
/// A clone is one reference count; all clones, in all threads, share the token, the connections and the counters.
/// The first call logs in, calls near the token's end renew it, and a call the server answers with 401 is made once
/// more with a new token. When the last clone is dropped, the tokens and the credentials are wiped from memory.
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

/// What the user's clones share. When the last of them is gone the session ends, even if the thread of a flight still
/// uses the rest of it.
struct Owner {
    inner: Arc<Inner>,
    process: u32,
}

/// What makes up a session.
pub(crate) struct Inner {
    cache: Cache<SessionSource>,
    source: Arc<SessionSource>,
}

impl Session {
    /// Sets up a session with the default settings. Nothing is sent before the first call.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the base URL or the credentials cannot be right.
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

    /// Sets up a session from `API_BASE_URL`, `API_KEY` and `API_SECRET`.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) names the variable that is missing or wrong.
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

    /// Starts to set up a session with settings of its own; see [`SessionBuilder`] for all of them.
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

    /// The state of the tokens at this instant, without any secret.
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

    /// What this session and its clones have done so far.
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

impl Inner {
    /// Tells the log and the observer.
    fn observe(&self, kind: EventKind, reason: Option<&Error>) {
        self.cache.observe(kind, reason);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("status", &self.status()).finish_non_exhaustive()
    }
}
