//! The token engine under real threads on real sockets: how many auth calls a crowd costs.
//!
//! Nothing here is measured in time. Where a moment matters, a fault holds the server's answer until the test moves
//! the sandbox's clock, which the sessions do not share.

mod crowd;
mod dead_or_revoked;
mod early_refresh;
mod logout;
mod panics;
#[path = "../common/still.rs"]
mod still;
mod user_code;
