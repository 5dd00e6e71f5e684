//! Why a caller gets no token, and the public error for it.

use std::time::Duration;

use crate::{Error, ErrorKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AcquireError {
    LoggedOut,
    TimedOut,
    /// The flight that the caller joined failed, or no auth call can be sent before its deadline.
    Failed {
        retry_after: Duration,
    },
    /// The session's rolling minute allows no auth call before the caller's deadline.
    Limited {
        retry_after: Duration,
    },
    /// The server's tokens live for less than the caller requires.
    LifeTooShort {
        life: Duration,
    },
}

impl AcquireError {
    /// Returns the public error. `last` is the error of the last auth call, if it failed.
    pub(super) fn into_error(self, last: Option<&Error>) -> Error {
        let limited = |wait| {
            Error::new(
                ErrorKind::RateLimited,
                "the session has used up its logins or refreshes for this minute",
            )
            .with_retry_after(Some(wait))
        };
        match self {
            AcquireError::LoggedOut => logged_out(),
            AcquireError::TimedOut => {
                Error::new(ErrorKind::Timeout, "no token was obtained before the deadline")
            }
            AcquireError::Limited { retry_after } => limited(retry_after),
            AcquireError::Failed { retry_after } => {
                let wait = Some(retry_after).filter(|wait| !wait.is_zero());
                last.map_or_else(|| limited(retry_after), |error| error.clone().with_retry_after(wait))
            }
            AcquireError::LifeTooShort { life } => Error::invalid_request(format!(
                "the server's access tokens live for only {} seconds, less than the life requested",
                life.as_secs()
            )),
        }
    }
}

pub(crate) fn logged_out() -> Error {
    Error::new(ErrorKind::LoggedOut, "the session is logged out; call login() to open it again")
}
