//! Orders execute exactly once, whatever happens on the way.
#![expect(clippy::indexing_slicing, reason = "a member of a JSON object that is written is made")]

#[path = "../common/clocks.rs"]
mod clocks;
#[path = "../common/fire/mod.rs"]
mod fire;
mod kind;
#[path = "../common/still.rs"]
mod still;
#[path = "../common/wire/mod.rs"]
mod wire;

mod duplicates;
mod faults;
mod finding;
mod lookups;
mod pooled;
mod raw_calls;
mod refusals;
mod routes;
mod statuses;
mod strangers;
mod time_limits;
mod tokens;
mod turns;
mod under_fire;
mod waiting;
