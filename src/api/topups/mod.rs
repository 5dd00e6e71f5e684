//! Phone credit, data bundles and game credit: products, quotes and orders.

mod orders;
mod products;
