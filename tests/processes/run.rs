//! Runs the cases, or those whose names contain the first argument.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::cases::CASES;
use super::worker;

pub(crate) fn main() -> Result<()> {
    if worker::is_worker() {
        return worker::main();
    }
    let filter = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let chosen: Vec<_> = CASES.iter().filter(|(name, _)| name.contains(&filter)).collect();
    println!("\nrunning {} tests", chosen.len());
    let (next, passed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((name, case)) = chosen.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let began = Instant::now();
                    let result = case();
                    let seconds = began.elapsed().as_secs_f64();
                    match &result {
                        Ok(figures) => println!("test {name} ... ok ({seconds:.0} s: {figures})"),
                        Err(error) => println!("test {name} ... FAILED ({seconds:.0} s): {error:#}"),
                    }
                    passed.fetch_add(usize::from(result.is_ok()), Ordering::SeqCst);
                }
            });
        }
    });
    let passed = passed.into_inner();
    let (outcome, failed) = (if passed == chosen.len() { "ok" } else { "FAILED" }, chosen.len() - passed);
    println!("\ntest result: {outcome}. {passed} passed; {failed} failed; 0 ignored");
    ensure!(failed == 0, "{failed} cases failed");
    Ok(())
}

/// Cases that run at the same time. They mostly wait.
const AT_ONCE: usize = 5;
