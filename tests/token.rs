//! The token engine: its rules as scenarios, unusual auth responses, and the auth calls of many threads.

mod common;

#[expect(clippy::unwrap_used, reason = "a failure in a helper fails the calling test")]
mod token {
    mod auth_responses;
    mod expiry;
    mod scenarios;
    mod session_ends;
    mod threads;
}
