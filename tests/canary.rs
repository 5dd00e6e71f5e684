//! Searches everything that a program shows for planted secrets: values, errors, log lines and panics.

mod common;

#[expect(clippy::unwrap_used, reason = "a failure in a helper fails the calling test")]
mod canary {
    mod errors;
    mod logs;
    mod panics;
    mod planted;
    mod types;
}
