//! The expectations of a scenario: pairs of a name and a value.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::duration::duration;
use super::world::World;

const AUTH: [&str; 3] = ["POST /auth/login", "POST /auth/refresh", "POST /auth/logout"];

/// Checks expectations such as `logins 1 refreshes 0 state Fresh`.
pub(crate) fn check(world: &World, words: &[&str]) -> Result<()> {
    if let ["events", expected @ ..] = words {
        return world.observed(expected);
    }
    for pair in words.chunks(2) {
        let [name, expected] = pair else { bail!("{pair:?} is not a pair") };
        let (found, expected) = match *name {
            "state" => (format!("{:?}", world.session()?.status().state), (*expected).to_owned()),
            "paused" | "retry-after" | "next-attempt" => {
                let found = time(world, name)?;
                (format!("{found:?}"), format!("{:?}", duration(expected)?))
            }
            _ => (number(world, name)?.to_string(), (*expected).to_owned()),
        };
        ensure!(found == expected, "{name} is {found}, not {expected}");
    }
    Ok(())
}

/// Returns a counter by name. Auth calls count when they reach the server, whatever the response.
pub(crate) fn number(world: &World, name: &str) -> Result<u64> {
    let sandbox = world.sandbox();
    let auth = AUTH.map(|route| sandbox.calls(route));
    Ok(match name {
        "logins" => auth[0],
        "refreshes" => auth[1],
        "logouts" => auth[2],
        "api" => sandbox.calls("*") - auth.iter().sum::<u64>(),
        "dead" => sandbox.calls_with_dead_token(),
        "live" => u64::try_from(sandbox.live_access_tokens())?,
        "generation" => world.session()?.status().generation,
        "waits" => world.session()?.stats().waits,
        "attempts" => {
            let stats = world.session()?.stats();
            stats.logins + stats.refreshes
        }
        _ => bail!("unknown counter: {name}"),
    })
}

fn time(world: &World, name: &str) -> Result<Duration> {
    Ok(match name {
        "paused" => world.clock().paused(),
        "retry-after" => {
            world.last_error().and_then(popup_rewards::Error::retry_after).context("no retry-after")?
        }
        _ => world.session()?.status().next_attempt,
    })
}
