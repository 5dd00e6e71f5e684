//! The rules of the token engine as scenarios, run against the sandbox on a clock that only the scenarios move.
//!
//! The text files in this directory hold the scenarios, and `world.rs` defines the steps. In every scenario, no refresh
//! token may be presented twice.

mod duration;
mod expectations;
mod faults;
mod world;

use anyhow::{Context, Result, bail, ensure};
use world::World;

struct Scenario<'a> {
    name: &'a str,
    steps: Vec<&'a str>,
}

fn parse(text: &str) -> Result<Vec<Scenario<'_>>> {
    let mut scenarios: Vec<Scenario<'_>> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match (line.strip_prefix("name:"), scenarios.last_mut()) {
            (Some(name), _) => scenarios.push(Scenario { name: name.trim(), steps: Vec::new() }),
            (None, Some(scenario)) => scenario.steps.push(line),
            (None, None) => bail!("a step before the first name: {line}"),
        }
    }
    Ok(scenarios)
}

fn play(scenario: &Scenario<'_>) -> Result<()> {
    let mut world = World::new()?;
    for step in &scenario.steps {
        world.step(step).with_context(|| format!("at `{step}`"))?;
    }
    world.end()
}

/// Plays every scenario of a file, and returns an error that lists all failures.
fn play_all(text: &str, at_least: usize) -> Result<()> {
    let scenarios = parse(text)?;
    ensure!(scenarios.len() >= at_least, "only {} scenarios", scenarios.len());
    let failed: Vec<String> = scenarios
        .iter()
        .filter_map(|scenario| play(scenario).err().map(|error| format!("{}: {error:#}", scenario.name)))
        .collect();
    ensure!(
        failed.is_empty(),
        "{} of {} scenarios failed:\n{}",
        failed.len(),
        scenarios.len(),
        failed.join("\n")
    );
    Ok(())
}

#[test]
fn rule_1_a_token_expires_when_the_server_says_despite_wrong_clocks() -> Result<()> {
    play_all(include_str!("expiry.txt"), 14)
}

#[test]
fn rules_2_and_3_a_token_is_renewed_early_and_callers_see_no_failure() -> Result<()> {
    play_all(include_str!("early_refresh.txt"), 9)
}

#[test]
fn rules_4_and_5_flights_have_three_outcomes_and_use_a_token_once() -> Result<()> {
    play_all(include_str!("flights.txt"), 20)
}

#[test]
fn rule_6_the_auth_endpoints_are_called_within_a_budget() -> Result<()> {
    play_all(include_str!("budget.txt"), 18)
}

#[test]
fn rules_7_and_8_a_401_costs_one_refresh_and_a_403_none() -> Result<()> {
    play_all(include_str!("refused_calls.txt"), 7)
}

#[test]
fn rule_9_a_logout_is_final() -> Result<()> {
    play_all(include_str!("logout.txt"), 13)
}

#[test]
fn known_defects_of_other_clients_do_not_occur() -> Result<()> {
    play_all(include_str!("known_defects.txt"), 5)
}
