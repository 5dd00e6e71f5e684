//! Tests of the cache with real threads and a clock that only the test moves. No test sleeps for a fixed time.

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
