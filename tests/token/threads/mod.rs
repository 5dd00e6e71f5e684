//! The engine under real threads on real sockets: how many auth calls a crowd costs.
//!
//! Nothing here is measured in time. Where an instant matters, a fault holds the server's response until the test moves
//! the sandbox's clock, which the sessions do not share.

mod crowd;
mod early_refresh;
mod logout;
mod one_flight;
mod panics;
mod user_code;
