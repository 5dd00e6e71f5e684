//! Gift cards: products, orders, and what it takes to ask for them.

mod filter;
mod new_order;
mod order;
mod product;
mod wire;

pub use filter::{ListOrders, ListProducts};
pub use new_order::{NewOrder, NewQuote};
pub use order::{Order, OrderStatus, Voucher};
pub use product::{Denomination, Product};
