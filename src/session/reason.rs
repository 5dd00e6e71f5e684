//! The errors the token engine makes by itself.

use std::time::Duration;

use crate::token::Reason;
use crate::{Error, ErrorKind};

impl Reason for Error {
    fn logged_out() -> Self {
        Error::new(ErrorKind::LoggedOut, "the session is logged out; call login() to open it again")
    }

    fn budget_used_up(wait: Duration) -> Self {
        Error::new(ErrorKind::RateLimited, "the session has used up its logins or refreshes for this minute")
            .with_retry_after(Some(wait))
    }

    fn rejected(wait: Duration) -> Self {
        Error::new(ErrorKind::Unauthorized, "the server refuses every token it has just issued")
            .with_retry_after(Some(wait))
    }

    fn too_long(life: Duration) -> Self {
        Error::invalid_request(format!(
            "the server's access tokens live for {} seconds, less than was asked for",
            life.as_secs()
        ))
    }
}
