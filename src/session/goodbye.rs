//! The ways a session ends: logout, forget, drop.

use std::sync::Arc;
use std::time::Duration;

use super::auth::{self, RefreshToken};
use super::event::EventKind;
use super::{Access, Inner, Owner, Session};
use crate::http::{Connections, Decision, Fate, Outcome};
use crate::token::{AccessToken, Attempt, Close, Closed};
use crate::{ErrorKind, Result};

/// How long a drop with `logout_on_drop(true)` may take.
const DROP_LIMIT: Duration = Duration::from_secs(2);

impl Session {
    /// Ends the session on the server: `POST /auth/logout` (contract 4.3).
    ///
    /// The server revokes **all** tokens of this client, those of its other processes and machines included. The
    /// tokens held here are wiped first, also if the call then fails. Once this returns, no request of the session
    /// carries a token, and calls fail with [`LoggedOut`](ErrorKind::LoggedOut) until [`login`](Session::login) is
    /// called. Without a token there is nothing to revoke and nothing is sent.
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden), [`Server`](ErrorKind::Server), [`Network`](ErrorKind::Network) or
    /// [`Timeout`](ErrorKind::Timeout) if the server could not be told; the tokens stay valid there until they expire.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, ErrorKind, Session};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = Session::new(&sandbox.url(), sandbox.credentials())?;
    /// session.login()?;
    /// session.logout()?;
    /// assert_eq!(session.countries().unwrap_err().kind(), ErrorKind::LoggedOut);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn logout(&self) -> Result<()> {
        self.owner.inner.check_process();
        let closed = self.owner.inner.gate.close(Close::Logout);
        let told = self.owner.inner.tell_server(closed, self.owner.inner.deadline());
        self.owner.inner.observe(EventKind::LoggedOut, told.as_ref().err());
        told
    }

    /// Wipes the tokens here and tells nobody; they stay valid on the server until they expire.
    ///
    /// Calls fail with [`LoggedOut`](ErrorKind::LoggedOut) until [`login`](Session::login) is called. A token pair
    /// that is on its way is dropped when it arrives; it is not revoked, because the server can only revoke the
    /// tokens of every process of this client at once.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, Error, SessionState, Session};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = Session::new(&sandbox.url(), sandbox.credentials())?;
    /// session.login()?;
    /// session.forget();
    /// assert_eq!(session.status().state, SessionState::LoggedOut);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn forget(&self) {
        let closed = self.owner.inner.gate.close(Close::Forget);
        if let Some(access) = &closed.access {
            self.owner.inner.retire(&access.connections);
        }
        drop(closed);
        self.owner.inner.observe(EventKind::LoggedOut, None);
    }
}

impl Inner {
    /// Revokes what was held, as far as the server can be reached before `deadline`.
    fn tell_server(&self, closed: Closed<Arc<Access>, RefreshToken>, deadline: Duration) -> Result<()> {
        let Some(access) = closed.access else { return Ok(()) };
        self.retire(&access.connections);
        match self.revoke_with(&access.connections, &access.token, deadline) {
            Err(error) if error.status() == Some(401) => self.revoke_by_refresh(closed.refresh, deadline),
            told => told,
        }
    }

    /// An access token that has ended cannot log out, but the refresh token beside it may live for days: it is spent
    /// on a last pair, and that pair revokes everything.
    fn revoke_by_refresh(&self, refresh: Option<RefreshToken>, deadline: Duration) -> Result<()> {
        let Some(refresh) = refresh else { return Ok(()) };
        self.counters.refresh();
        let connections = refresh.connections();
        match auth::refresh(refresh, self.setting(deadline), true) {
            Attempt::Granted(minted) => match self.revoke_with(&connections, &minted.access, deadline) {
                Err(error) if error.status() == Some(401) => Ok(()),
                told => told,
            },
            Attempt::Refused(_) => Ok(()),
            Attempt::NotSent(_, error)
            | Attempt::Forbidden(_, error)
            | Attempt::Limited(_, _, error)
            | Attempt::Unknown(error)
            | Attempt::NoCredentials(error) => Err(error),
        }
    }

    fn revoke_with(&self, connections: &Connections, token: &AccessToken, deadline: Duration) -> Result<()> {
        let mut made = 0;
        loop {
            made += 1;
            let Err(failure) = auth::logout(connections, token, self.setting(deadline)) else {
                return Ok(());
            };
            let outcome = match failure.error.kind() {
                _ if failure.fate == Fate::NotSent => Outcome::NotSent,
                ErrorKind::RateLimited => Outcome::Limited { wait: failure.error.retry_after() },
                ErrorKind::Server | ErrorKind::Network | ErrorKind::Timeout => {
                    Outcome::Unknown { wait: None }
                }
                _ => Outcome::Answered,
            };
            let left = deadline.saturating_sub(self.clock.monotonic());
            match self.settings.retry.decide(made, outcome, true, left, self.clock.random()) {
                Decision::RepeatAfter(pause) => self.clock.sleep(pause),
                Decision::GiveUp => return Err(failure.error),
            }
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let inner = &self.inner;
        // The tokens of a process that this one was forked from are not this one's to revoke.
        let log_out = inner.settings.logout_on_drop && !inner.check_process();
        let closed = inner.gate.close(if log_out { Close::Logout } else { Close::Forget });
        if !log_out {
            if let Some(access) = &closed.access {
                access.connections.close();
            }
            return;
        }
        let deadline = inner.clock.monotonic().saturating_add(DROP_LIMIT);
        if let Err(error) = inner.tell_server(closed, deadline) {
            log::warn!(target: super::TOKEN_LOG, "the logout on drop did not reach the server: {error}");
        }
    }
}
