//! The record of a lease.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail, ensure};
use popup_rewards::store::{Lease, Slot, TokenStore};

use super::scene::{Child, Folder, holds, swap_current, until};

const LONG: Duration = Duration::from_secs(15);

fn is_held(lease: &Lease) -> bool {
    matches!(lease, Lease::Held(_))
}

/// Writes a lease of the owner `other`, as another process would have.
fn write_lease(folder: &Folder, slot: &Slot, until: SystemTime) -> Result<()> {
    let (until, length) = (until.duration_since(UNIX_EPOCH)?.as_millis(), LONG.as_millis());
    let lease = format!(r#"{{"owner":"other","until":{until},"length_ms":{length}}}"#);
    Ok(fs::write(folder.tokens(), format!(r#"{{"format":1,"slots":{{"{slot}":{{"lease":{lease}}}}}}}"#))?)
}

#[test]
fn a_lease_has_one_owner_and_ends_by_itself() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let (mine, yours) = (folder.open()?, folder.open()?);
    ensure!(!is_held(&mine.acquire(&slot, "me", LONG)?));
    let Lease::Held(left) = yours.acquire(&slot, "you", LONG)? else { bail!("two owners") };
    ensure!(left <= LONG && left > Duration::ZERO, "{left:?}");
    ensure!(!is_held(&yours.acquire(&Slot::random(), "you", LONG)?), "another slot is free");
    yours.release(&slot, "you")?;
    ensure!(is_held(&yours.acquire(&slot, "you", LONG)?), "only its owner ends a lease");
    // The owner shortens its own lease, which then ends.
    mine.acquire(&slot, "me", Duration::from_millis(50))?;
    until("the end of the lease", || yours.acquire(&slot, "you", LONG).is_ok_and(|lease| !is_held(&lease)))?;
    ensure!(is_held(&mine.acquire(&slot, "me", LONG)?));
    yours.release(&slot, "you")?;
    ensure!(!is_held(&mine.acquire(&slot, "me", LONG)?));
    Ok(())
}

#[test]
fn a_swap_keeps_the_lease_and_a_release_keeps_the_entry() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.open()?;
    store.acquire(&slot, "me", LONG)?;
    ensure!(swap_current(&store, &slot, b"entry")?);
    ensure!(is_held(&store.acquire(&slot, "you", LONG)?));
    store.release(&slot, "me")?;
    holds(&store, &slot, b"entry")?;
    Ok(())
}

#[test]
fn a_released_lease_of_an_empty_slot_leaves_nothing() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.open()?;
    store.acquire(&slot, "me", LONG)?;
    store.release(&slot, "me")?;
    ensure!(fs::read_to_string(folder.tokens())? == r#"{"format":1,"slots":{}}"#);
    Ok(())
}

#[test]
fn the_lease_of_a_process_that_died_ends() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.open()?;
    Child::run(|| Ok(store.acquire(&slot, "child", Duration::from_secs(2)).map(drop)?))?.succeeds()?;
    ensure!(is_held(&store.acquire(&slot, "me", LONG)?));
    until("the end of the lease", || store.acquire(&slot, "me", LONG).is_ok_and(|lease| !is_held(&lease)))
}

#[test]
fn a_lease_counts_while_its_end_is_ahead_by_at_most_its_length() -> Result<()> {
    let (folder, slot) = (Folder::new()?, Slot::random());
    let store = folder.open()?;
    let now = SystemTime::now();
    for (end, held, why) in [
        (now + LONG / 2, true, "it is in force"),
        (now - Duration::from_millis(1), false, "it has ended"),
        (now - Duration::from_secs(3600), false, "it ended an hour ago"),
        (now + LONG + Duration::from_secs(3600), false, "the clock was set back by an hour"),
        (now + LONG + Duration::from_secs(30), false, "the clock was set back by half a minute"),
    ] {
        write_lease(&folder, &slot, end)?;
        ensure!(is_held(&store.acquire(&slot, "me", LONG)?) == held, "{why}");
    }
    Ok(())
}
