//! Orders execute exactly once, whatever fails.

mod common;

#[expect(clippy::indexing_slicing, reason = "assigning to a missing member of a JSON object creates it")]
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
