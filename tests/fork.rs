//! A process that forks: parent and child share neither connections nor the refresh token.
//!
//! The client decides which threads it has when it forks, so this runs without the test harness, and the sandbox, which
//! has threads, stays in a process of its own: the first role of this program. The second role is the client that forks.
#![cfg_attr(target_os = "linux", expect(unsafe_code, reason = "there is no fork in the standard library"))]
#![expect(clippy::print_stdout, reason = "without the test harness it tells by itself how it went")]

#[cfg(target_os = "linux")]
mod common;
#[cfg(target_os = "linux")]
mod fork {
    pub(super) mod linux;
}

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    fork::linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the fork tests are for Linux");
}
