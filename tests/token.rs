//! The token engine: its rules as scenarios, its responses one by one, and how many auth calls a crowd of threads costs.

mod common;

#[expect(clippy::unwrap_used, reason = "what helpers cannot do fails the test that called them")]
mod token {
    mod auth_responses;
    mod expiry;
    mod scenarios;
    mod session_ends;
    mod threads;
}
