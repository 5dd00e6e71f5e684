//! eSIMs: products, orders, and what it takes to ask for them.

mod new_order;
mod order;
mod product;

pub use new_order::{NewEsimOrder, NewEsimQuote};
pub use order::{ActivationStatus, EsimOrder, EsimOrderStatus};
pub use product::{EsimProduct, EsimVariant};
