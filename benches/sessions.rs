//! What idle sessions cost, and one session that a thousand threads use, against ureq used by hand.
//!
//! Each line of the tables runs in its own process, so neither side uses memory that the other freed. The server is
//! in this process. The numbers come from `/proc` and from glibc's allocator, so this needs Linux with glibc.

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
