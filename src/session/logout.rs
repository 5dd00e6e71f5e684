//! The ways a session ends: logout, forget, drop.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::event::EventKind;
use super::{Owner, Session, SessionInner};
use crate::token::{Close, TOKEN_LOG};
use crate::{Error, ErrorKind, Result};

/// How long a drop may take with `logout_on_drop(true)`, or to save a token pair in the store.
const DROP_LIMIT: Duration = Duration::from_secs(2);

/// # Ending a session
impl Session {
    /// Ends the session on the server: `POST /auth/logout`.
    ///
    /// The server revokes **all** tokens of this client, including those of its other processes and machines. The
    /// session wipes its own tokens first, so they are gone even if the call fails. Once this returns, no request of
    /// the session carries a token, and calls fail with [`LoggedOut`](ErrorKind::LoggedOut) until
    /// [`login`](Session::login) is called. Without a token, nothing is sent.
    ///
    /// With a [token store](crate::SessionBuilder::token_store), it also clears the entry for every process, and revokes
    /// the tokens that it held. To find the entry, a session that has not used its store yet calls the credentials
    /// closure, if there is one.
    ///
    /// # Errors
    /// - [`Forbidden`](ErrorKind::Forbidden), [`Server`](ErrorKind::Server), [`Network`](ErrorKind::Network) or
    ///   [`Timeout`](ErrorKind::Timeout) if the call fails. The tokens then stay valid on the server until they expire.
    /// - [`Store`](ErrorKind::Store) if the tokens are revoked, but the store cannot be cleared.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, ErrorKind, Session};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// session.login()?;
    /// session.logout()?;
    /// assert_eq!(session.countries().unwrap_err().kind(), ErrorKind::LoggedOut);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn logout(&self) -> Result<()> {
        let inner = &self.owner.inner;
        let revoked = inner.close(Close::Logout, self.scope().deadline);
        inner.observe(EventKind::LoggedOut, revoked.as_ref().err());
        revoked
    }

    /// Wipes the tokens without a call to the server, where they stay valid until they expire.
    ///
    /// Calls fail with [`LoggedOut`](ErrorKind::LoggedOut) until [`login`](Session::login) is called. A token pair
    /// that arrives late is dropped. It is not revoked, because a revocation hits the tokens of every process of this
    /// client.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, SessionState, Session};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// session.login()?;
    /// session.forget();
    /// assert_eq!(session.status().state, SessionState::LoggedOut);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn forget(&self) {
        self.owner.inner.close(Close::Forget, Duration::ZERO).unwrap_or_default();
        self.owner.inner.observe(EventKind::LoggedOut, None);
    }

    /// Wipes the tokens, like [`forget`](Session::forget), and removes them from the
    /// [token store](crate::SessionBuilder::token_store) for every process.
    ///
    /// Nothing is sent to the server, where the tokens stay valid until they expire. Without a store it only forgets.
    ///
    /// # Errors
    /// [`Store`](ErrorKind::Store) if the store cannot be reached or written. The tokens of this session are wiped all
    /// the same.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, SessionState, Session};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// session.login()?;
    /// session.forget_stored()?;
    /// assert_eq!(session.status().state, SessionState::LoggedOut);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn forget_stored(&self) -> Result<()> {
        let cleared = self.owner.inner.cache.forget_stored();
        self.owner.inner.observe(EventKind::LoggedOut, cleared.as_ref().err());
        cleared
    }
}

impl SessionInner {
    /// Closes the session and revokes its tokens by `deadline`.
    fn close(&self, how: Close, deadline: Duration) -> Result<()> {
        self.cache.close(how, deadline)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let inner = &self.inner;
        // A forked child must not revoke the tokens of its parent.
        let is_own = self.process == std::process::id();
        if !(inner.source.settings.logout_on_drop && is_own) {
            inner.cache.until_saved(inner.source.clock.monotonic().saturating_add(DROP_LIMIT));
            inner.close(Close::Forget, Duration::ZERO).unwrap_or_default();
            return;
        }
        // The last clone may be dropped by the destructor of a thread-local, where other thread-locals are gone.
        let ended = Arc::new((Mutex::new(None), Condvar::new()));
        let (ending, end) = (Arc::clone(inner), Arc::clone(&ended));
        let log_out = move || {
            let deadline = ending.source.clock.monotonic().saturating_add(DROP_LIMIT);
            let result = ending.close(Close::Logout, deadline);
            drop(ending);
            *end.0.lock() = Some(result);
            end.1.notify_all();
        };
        let thread = thread::Builder::new().name("popup-rewards-logout".to_owned()).spawn(log_out);
        let ended = if thread.is_ok() {
            let mut result = ended.0.lock();
            ended.1.wait_while_for(&mut result, |result| result.is_none(), DROP_LIMIT);
            result.take().unwrap_or_else(|| Err(failed("no time is left")))
        } else {
            inner.close(Close::Forget, Duration::ZERO).unwrap_or_default();
            Err(failed("no thread could be started for it"))
        };
        if let Err(error) = ended {
            log::warn!(target: TOKEN_LOG, "the logout on drop failed: {:?}", error.kind());
        }
    }
}

fn failed(why: &'static str) -> Error {
    Error::new(ErrorKind::Timeout, why)
}
