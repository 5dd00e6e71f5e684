//! The rules of the token engine as readable scenarios, run against the sandbox on a clock that only they move.
//!
//! The text files beside this one hold them; `world.rs` says what each line means. Whatever else a scenario is about, no
//! refresh token may have been presented twice at its end.

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

/// Plays every scenario of a file, and tells of all that fail.
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
fn rule_1_a_token_ends_when_the_server_says_whatever_the_clocks_show() -> Result<()> {
    play_all(include_str!("expiry.txt"), 14)
}

#[test]
fn rules_2_and_3_a_token_is_renewed_early_and_a_failure_of_that_is_invisible() -> Result<()> {
    play_all(include_str!("early_refresh.txt"), 9)
}

#[test]
fn rules_4_and_5_a_flight_has_three_outcomes_and_no_token_is_presented_twice() -> Result<()> {
    play_all(include_str!("flights.txt"), 20)
}

#[test]
fn rule_6_the_auth_endpoints_are_called_within_a_budget() -> Result<()> {
    play_all(include_str!("budget.txt"), 18)
}

#[test]
fn rules_7_and_8_a_401_costs_one_refresh_and_a_403_nothing() -> Result<()> {
    play_all(include_str!("refused_calls.txt"), 7)
}

#[test]
fn rule_9_a_logout_stays_a_logout() -> Result<()> {
    play_all(include_str!("logout.txt"), 13)
}

#[test]
fn what_other_clients_get_wrong() -> Result<()> {
    play_all(include_str!("known_defects.txt"), 5)
}
