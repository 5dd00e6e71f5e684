//! Planted secrets, searched for in everything that a program shows: values, errors, log lines, panics.
#![expect(clippy::unwrap_used, reason = "what helpers cannot do fails the test that called them")]

#[path = "../common/wire/mod.rs"]
mod wire;

mod errors;
mod logs;
mod panics;
mod planted;
#[path = "../common/still.rs"]
mod still;
mod types;
