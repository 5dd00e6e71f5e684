//! A forked process: parent and child share neither connections nor the refresh token.
//!
//! The client must control which threads exist when it forks. So this program runs without the test harness, and the
//! sandbox, which has threads, runs in the parent of the client process.
#![cfg_attr(target_os = "linux", expect(unsafe_code, reason = "the standard library has no fork"))]
#![expect(clippy::print_stdout, reason = "without the test harness it prints its own results")]

#[cfg(target_os = "linux")]
mod common;
#[cfg(target_os = "linux")]
mod fork {
    pub(super) mod linux;
    mod store;
}

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    fork::linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the fork tests need Linux");
}
