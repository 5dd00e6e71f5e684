//! eSIMs: products, orders, and what it takes to ask for them.

mod new_order;
mod order;
mod product;

pub use new_order::*;
pub use order::*;
pub use product::*;
