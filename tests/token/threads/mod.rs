//! The engine with real threads and sockets: the number of auth calls for many threads.
//!
//! `one_flight` has a thousand threads. No test depends on timing. A fault holds the server's response until the test moves the sandbox's clock, which the
//! sessions do not share.

mod crowd;
mod early_refresh;
mod logout;
mod one_flight;
mod panics;
mod user_code;
