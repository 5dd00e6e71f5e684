//! Gift cards: products, quotes and orders.

mod orders;
mod products;

pub use orders::ListOrders;
pub(super) use orders::ORDERS;
pub use products::ListProducts;
pub(super) use products::QUOTE;
