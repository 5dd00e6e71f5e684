//! What sessions cost while they are idle, and what one costs that a thousand threads use, beside ureq used by hand.
//!
//! Each line of the tables is a process of its own, so that the memory of one side does not serve the other. The
//! server is in this process. Numbers come from `/proc` and from glibc's allocator, so this is for Linux with glibc.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod common;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod sessions {
    pub(crate) mod linux;
    mod usage;
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn main() -> anyhow::Result<()> {
    sessions::linux::main()
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn main() {
    println!("nothing was measured: this benchmark reads Linux's /proc and glibc's allocator");
}
