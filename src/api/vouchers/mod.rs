//! Gift cards: what can be ordered, what it costs, and the orders.

mod orders;
mod products;
