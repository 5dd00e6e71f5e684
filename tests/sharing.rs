//! Sessions that share their tokens through a store.

mod common;

#[expect(clippy::unwrap_used, reason = "a failure in a helper fails the calling test")]
mod sharing {
    mod closures;
    mod endings;
    mod entries;
    mod fleet;
    mod leases;
    mod lives;
    mod memory;
    mod outages;
    mod refusals;
    mod saves;
    mod team;
}
