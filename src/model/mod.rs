//! What goes over the wire, as types.

mod client_reference;
mod id;
pub(crate) mod money;

pub use client_reference::ClientReference;
pub use id::*;
