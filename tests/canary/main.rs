//! Planted secrets, searched for in everything that a program shows: values, errors, log lines, panics.

#[path = "../common/wire/mod.rs"]
mod wire;

mod errors;
mod logs;
mod panics;
mod planted;
mod types;
