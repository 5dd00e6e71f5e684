//! What a caller can do with the session's tokens, beyond leaving them to the session.

use std::time::Duration;

use super::Session;
use crate::Result;
use crate::token::{AccessToken, Waiter};

impl Session {
    /// Logs in now: `POST /auth/login`.
    ///
    /// Calls log in by themselves; this is for checking the credentials early, and for opening a session again after
    /// [`logout`](Session::logout) or [`forget`](Session::forget). An earlier refusal is not held against it.
    ///
    /// # Errors
    /// [`InvalidCredentials`](crate::ErrorKind::InvalidCredentials) if the server refuses key and secret,
    /// [`Forbidden`](crate::ErrorKind::Forbidden) if this machine's address is not on the allow-list,
    /// [`RateLimited`](crate::ErrorKind::RateLimited), [`Server`](crate::ErrorKind::Server),
    /// [`Network`](crate::ErrorKind::Network) or [`Timeout`](crate::ErrorKind::Timeout) if it did not come to that.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, Session};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// session.login()?;
    /// assert_eq!(session.status().generation, 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn login(&self) -> Result<()> {
        self.owner.inner.cache.login(self.scope().deadline).map(drop)
    }

    /// Replaces the token pair now: `POST /auth/refresh`, or a login if there is nothing to refresh.
    ///
    /// The session refreshes by itself; this is for callers that know something it does not.
    ///
    /// # Errors
    /// As [`login`](Session::login), and [`LoggedOut`](crate::ErrorKind::LoggedOut) after a logout.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, Session};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// session.login()?;
    /// session.refresh()?;
    /// assert_eq!(session.status().generation, 2);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn refresh(&self) -> Result<()> {
        let (cache, scope) = (&self.owner.inner.cache, self.scope());
        cache.acquire(Waiter::new(cache.generation(), scope.deadline, scope.closes)).map(drop)
    }

    /// The access token, valid now, for a call made outside of this crate.
    ///
    /// # Errors
    /// As [`login`](Session::login), and [`LoggedOut`](crate::ErrorKind::LoggedOut) after a logout.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, Session};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// let token = session.access_token()?;
    /// assert!(!token.expose().is_empty());
    /// assert!(!format!("{token:?}").contains(token.expose()));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn access_token(&self) -> Result<AccessToken> {
        self.access_token_valid_for(Duration::ZERO)
    }

    /// The access token, valid for at least so long: for a batch that must not be cut off in the middle.
    ///
    /// # Errors
    /// As [`access_token`](Session::access_token), and [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the
    /// server's tokens do not live that long.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, Session};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// use std::time::Duration;
    ///
    /// let token = session.access_token_valid_for(Duration::from_secs(20 * 60))?;
    /// # drop(token);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn access_token_valid_for(&self, at_least: Duration) -> Result<AccessToken> {
        let cache = &self.owner.inner.cache;
        if let Some(token) = cache.peek(at_least, |access| access.token.clone()) {
            return Ok(token);
        }
        let scope = self.scope();
        let waiter = Waiter::new(0, scope.deadline, scope.closes).at_least(at_least);
        Ok(cache.acquire(waiter)?.access.token.clone())
    }
}
