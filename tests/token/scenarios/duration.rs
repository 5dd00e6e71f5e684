//! Parses the durations of a scenario.

use std::time::Duration;

use anyhow::{Context, Result};

/// Parses `1h`, `59m45s` or `300ms`.
pub(crate) fn duration(text: &str) -> Result<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).context("a number has no unit")?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => anyhow::bail!("unknown unit of time: {unit}"),
        };
        sum += Duration::from_millis(number.parse::<u64>()? * millis);
        rest = tail;
    }
    Ok(sum)
}
