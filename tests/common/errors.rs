//! Checks of what an error says and of what it must not say.

use std::error::Error as StdError;
use std::fmt::{Debug, Write};

use popup_rewards::{Error, ErrorKind, Result};

/// Asserts that a call failed with `kind` and a message that contains `says`, and that the error quotes no canary.
/// Returns the error.
#[track_caller]
#[expect(clippy::unwrap_used, reason = "a failure here fails the calling test")]
pub(crate) fn failed<T: Debug>(result: Result<T>, kind: ErrorKind, says: &str) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.to_string().contains(says), "{error}");
    let text = everything(&error);
    assert!(!text.contains("canary"), "{text}");
    error
}

/// Returns every text that an error and its causes show.
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
