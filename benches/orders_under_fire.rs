//! Ten thousand orders from eight threads, while three in ten calls fail, connections die, and some references were
//! used before. No order is placed twice, lost or mistaken for another.
//!
//! `cargo bench --bench orders_under_fire`, with another number of orders after `--`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

#[path = "../tests/common/fire/mod.rs"]
mod fire;

use anyhow::ensure;

fn main() -> anyhow::Result<()> {
    let orders = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let report = fire::Fire { orders, threads: 8, percent: 30, is_strict: true }.run()?;
    println!("{report}");
    ensure!(
        (report.twice, report.lost, report.mistaken) == (0, 0, 0),
        "an order was executed twice, lost or mistaken"
    );
    Ok(())
}
