//! Phone credit, data bundles and game credit: products, orders, and the requests for them.

mod input_field;
mod new_order;
mod order;
mod product;

pub use input_field::*;
pub use new_order::*;
pub use order::*;
pub use product::*;
