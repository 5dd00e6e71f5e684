//! eSIMs: products, plans, quotes and orders.

mod orders;
mod products;
