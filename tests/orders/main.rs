//! Orders execute exactly once, whatever happens on the way.

#[path = "../common/clocks.rs"]
mod clocks;
mod kind;

mod pooled;
