//! Orders execute exactly once, whatever happens on the way.

mod common;

#[expect(clippy::indexing_slicing, reason = "a member of a JSON object that is written is made")]
mod orders {
    mod connections;
    mod duplicates;
    mod faults;
    mod find;
    mod fire;
    mod lookups;
    mod refusals;
    mod settle;
    mod status_codes;
    mod time_limits;
    mod tokens;
    mod under_fire;
    mod wait;
}
