//! Methods for callers that manage the tokens themselves.

use std::time::Duration;

use super::Session;
use crate::Result;
use crate::token::{AccessToken, Waiter};

/// # Tokens
impl Session {
    /// Logs in now: `POST /auth/login`.
    ///
    /// Calls log in by themselves. Use this to check the credentials early, or to open a session again after
    /// [`logout`](Session::logout) or [`forget`](Session::forget). It skips the pause after a failed login, once for
    /// each pause.
    ///
    /// # Errors
    /// [`InvalidCredentials`](crate::ErrorKind::InvalidCredentials) if the server refuses key and secret,
    /// [`Forbidden`](crate::ErrorKind::Forbidden) if this machine's address is not on the allow-list,
    /// [`RateLimited`](crate::ErrorKind::RateLimited), [`Server`](crate::ErrorKind::Server),
    /// [`Network`](crate::ErrorKind::Network) or [`Timeout`](crate::ErrorKind::Timeout) if the call fails.
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

    /// Replaces the token pair now: `POST /auth/refresh`, or a login if there is no refresh token.
    ///
    /// The session refreshes by itself. Use this if you know that the token is about to be revoked. With a
    /// [token store](crate::SessionBuilder::token_store), a newer pair of another process will do.
    ///
    /// # Errors
    /// The kinds of [`login`](Session::login), and [`LoggedOut`](crate::ErrorKind::LoggedOut) after a logout.
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

    /// Returns an access token that is valid now, for calls made outside this crate.
    ///
    /// # Errors
    /// The kinds of [`login`](Session::login), and [`LoggedOut`](crate::ErrorKind::LoggedOut) after a logout.
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

    /// Returns an access token that stays valid for `at_least`, for a batch that must not be interrupted.
    ///
    /// # Errors
    /// The kinds of [`access_token`](Session::access_token), and [`InvalidRequest`](crate::ErrorKind::InvalidRequest)
    /// if the server's tokens do not live that long.
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
