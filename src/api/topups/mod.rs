//! Top-ups (phone credit, data bundles and game credit): products, quotes and orders.

mod orders;
mod products;

pub use orders::ListTopupOrders;
pub(super) use orders::ORDERS;
pub use products::ListTopupProducts;
pub(super) use products::QUOTE;
