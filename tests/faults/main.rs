//! What becomes of a call when the network, the server or something between them misbehaves.
#![expect(clippy::unwrap_used, reason = "what helpers cannot do fails the test that called them")]

#[path = "../common/still.rs"]
mod still;
#[path = "../common/wire/mod.rs"]
mod wire;

mod connections;
mod encoding;
mod headers;
mod limits;
mod logins;
mod pauses;
mod pool;
mod proxy;
mod responses;
mod times;

use std::error::Error as StdError;
use std::fmt::{Debug, Write};

use popup_rewards::{Error, ErrorKind, Result};

/// Planted in bodies; no error may repeat it.
const CANARY: &str = "b0dy-canary";

/// An object that the tests ask for, and its answer.
const COUNTRY: &str = r#"{"id":1,"name":"United States"}"#;

/// The error of a call that has to fail like this, checked for what it must not hold.
#[track_caller]
fn failed<T: Debug>(result: Result<T>, kind: ErrorKind, says: &str) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.to_string().contains(says), "{error}");
    let text = everything(&error);
    assert!(!text.contains("canary"), "{text}");
    error
}

/// All that an error shows of itself and of its causes.
fn everything(error: &Error) -> String {
    let mut text = format!("{error:?} {error:#?} {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, " {error:?} {error}").unwrap();
        cause = error.source();
    }
    text
}
