//! The errors of callers that get no token.

use super::types::Refusal;
use crate::{Error, ErrorKind};

pub(crate) fn logged_out() -> Error {
    Error::new(ErrorKind::LoggedOut, "the session is logged out; call login() to open it again")
}

/// The error of a caller that gets no token; `last` is that of the last auth call.
pub(super) fn error_of(refusal: Refusal, last: Option<&Error>) -> Error {
    let limited = |wait| {
        Error::new(ErrorKind::RateLimited, "the session has used up its logins or refreshes for this minute")
            .with_retry_after(Some(wait))
    };
    match refusal {
        Refusal::LoggedOut => logged_out(),
        Refusal::TimedOut => Error::new(ErrorKind::Timeout, "no token within the time limit of this call"),
        Refusal::Limited { retry_after } => limited(retry_after),
        Refusal::Failed { retry_after } => {
            let wait = Some(retry_after).filter(|wait| !wait.is_zero());
            last.map_or_else(|| limited(retry_after), |error| error.clone().with_retry_after(wait))
        }
        Refusal::TooLong { life } => Error::invalid_request(format!(
            "the server's access tokens live for {} seconds, less than was asked for",
            life.as_secs()
        )),
    }
}
