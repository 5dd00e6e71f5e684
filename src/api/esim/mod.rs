//! eSIMs: products, plans, quotes and orders.

mod orders;
mod products;

pub use orders::ListEsimOrders;
pub(super) use orders::ORDERS;
pub use products::ListEsimProducts;
pub(super) use products::QUOTE;
