//! Parses faults.

use anyhow::{Context, Result, bail};
use popup_rewards::sandbox::{Fault, Sandbox};

use super::duration::duration;

/// Sets a fault such as `POST /auth/refresh [held 1h] status 503 [x2 | always]`.
pub(crate) fn plant(sandbox: &Sandbox, words: &[&str]) -> Result<()> {
    let [method, path, words @ ..] = words else { bail!("a fault needs a route") };
    let (held, words) = match words {
        ["held", by, words @ ..] => (Some(duration(by)?), words),
        _ => (None, words),
    };
    let (times, words) = match words {
        [words @ .., "always"] => (Some(u32::MAX), words),
        [words @ .., last] if last.starts_with('x') => (Some(last[1..].parse()?), words),
        _ => (None, words),
    };
    let mut fault = match (held, words.is_empty()) {
        (Some(by), true) => Fault::hold(by),
        (Some(by), false) => kind(words)?.held(by),
        (None, _) => kind(words)?,
    };
    if let Some(times) = times {
        fault = fault.times(times);
    }
    sandbox.fault(&format!("{method} {path}"), fault);
    Ok(())
}

fn kind(words: &[&str]) -> Result<Fault> {
    Ok(match words {
        ["status", status] => Fault::Status(status.parse().context("a status")?),
        ["rate-limited", seconds] => Fault::RateLimited(seconds.parse().context("seconds")?),
        ["rate-limited-in-message", seconds] => {
            Fault::RateLimitedInMessage(seconds.parse().context("seconds")?)
        }
        ["hang-after"] => Fault::HangAfter,
        ["close-before"] => Fault::CloseBefore,
        ["close-after"] => Fault::CloseAfter,
        ["cut-body"] => Fault::CutBody,
        ["garbage"] => Fault::Garbage,
        ["html"] => Fault::Html,
        ["page", status] => Fault::Page(status.parse().context("a status")?),
        ["empty-ok"] => Fault::EmptyOk,
        ["wrong-shape"] => Fault::WrongShape,
        ["huge-body"] => Fault::HugeBody(1 << 20),
        _ => bail!("unknown fault: {words:?}"),
    })
}
