//! A forked child does not use the connection of its parent.

use std::process;
use std::time::Duration;

use anyhow::Result;
use popup_rewards::store::{Slot, TokenStore};

use super::{filled, open};
use crate::common::redis_server::RedisServer;

/// Whether `finds` returns true in a forked child. A child that hangs exits after 20 seconds.
fn in_a_child(finds: impl FnOnce() -> bool) -> bool {
    match fork::fork().unwrap() {
        fork::Fork::Child => {
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_secs(20));
                process::exit(2);
            });
            process::exit(i32::from(!finds()))
        }
        fork::Fork::Parent(child) => fork::waitpid(child).unwrap() == 0,
    }
}

#[test]
fn a_child_opens_a_connection_of_its_own() -> Result<()> {
    let server = RedisServer::start()?;
    let store = open(&server.url())?;
    let slot = Slot::random();
    let held = filled(&store, &slot, b"entry")?;
    let connections = || -> Result<u64> {
        let stats = server.ask(&["INFO", "stats"])?;
        let count = stats.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        Ok(count.unwrap().trim().parse()?)
    };
    let before = connections()?;
    assert!(in_a_child(|| (0..3).all(|_| store.load(&slot).unwrap().entry() == held.entry())));
    assert_eq!(store.load(&slot)?.entry(), held.entry());
    // One of the child, and one of the second look at the count.
    assert_eq!(connections()? - before, 2);
    Ok(())
}
