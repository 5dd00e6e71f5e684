//! Gift cards: products, orders, and the requests for them.

mod new_order;
mod order;
mod product;

pub use new_order::*;
pub use order::*;
pub use product::*;
