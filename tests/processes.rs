//! Real processes that share their tokens through a real store. Some are killed, stopped or cut off.
//!
//! The program starts itself as the worker processes, so it runs without the test harness. It needs `redis-server`.
#![expect(clippy::print_stdout, clippy::indexing_slicing, reason = "a test, though without the test harness")]

#[cfg(target_os = "linux")]
mod common;
#[cfg(target_os = "linux")]
mod processes {
    mod cases;
    mod fleet;
    mod relay;
    pub(super) mod run;
    mod storage;
    mod worker;
}

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    processes::run::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the process tests need Linux");
}
