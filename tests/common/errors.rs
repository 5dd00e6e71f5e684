//! What an error says, and what it must not say.

use std::error::Error as StdError;
use std::fmt::{Debug, Write};

use popup_rewards::{Error, ErrorKind, Result};

/// Returns the error of a call that has to fail like this, and checks that it quotes no canary.
#[track_caller]
#[expect(clippy::unwrap_used, reason = "it fails the test that called it")]
pub(crate) fn failed<T: Debug>(result: Result<T>, kind: ErrorKind, says: &str) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.to_string().contains(says), "{error}");
    let text = everything(&error);
    assert!(!text.contains("canary"), "{text}");
    error
}

/// All that an error shows of itself and of its causes.
pub(crate) fn everything(error: &Error) -> String {
    let mut text = format!("{error:?} {error:#?} {error} {error:#}");
    for part in [error.code(), error.server_message(), error.request_id(), error.client_reference()] {
        text.push_str(part.unwrap_or_default());
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, " {error} {error:?} {error:#?}").unwrap_or_default();
        cause = error.source();
    }
    text
}
