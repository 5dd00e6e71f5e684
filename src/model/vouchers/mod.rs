//! Gift cards: products, orders, and what it takes to ask for them.

mod new_order;
mod order;
mod product;

pub use new_order::{NewOrder, NewQuote};
pub use order::{Order, OrderStatus, Voucher};
pub use product::{Denomination, Product};
