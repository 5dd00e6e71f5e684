//! eSIMs: products, orders, and what it takes to ask for them.

mod filter;
mod new_order;
mod order;
mod product;
mod wire;

pub use filter::{ListEsimOrders, ListEsimProducts};
pub use new_order::{NewEsimOrder, NewEsimQuote};
pub use order::{ActivationStatus, EsimOrder, EsimOrderStatus};
pub use product::{EsimProduct, EsimVariant};
