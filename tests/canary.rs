//! Planted secrets, searched for in everything that a program shows: values, errors, log lines, panics.

mod common;

#[expect(clippy::unwrap_used, reason = "what helpers cannot do fails the test that called them")]
mod canary {
    mod errors;
    mod logs;
    mod panics;
    mod planted;
    mod types;
}
