//! What several test programs share.
#![allow(dead_code, unused_imports, reason = "each test program uses the part it needs")]

pub(crate) mod clock;
pub(crate) mod errors;
pub(crate) mod mock;
pub(crate) mod peer;
pub(crate) mod verticals;
