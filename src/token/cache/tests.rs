//! The real cache on real threads, under a clock that only the test moves. No test sleeps for what it waits for.

mod callers;
mod closing;
mod failures;
#[cfg(unix)]
mod fork;
mod refused;
mod scene;
mod server;
mod threads;
mod user_code;
