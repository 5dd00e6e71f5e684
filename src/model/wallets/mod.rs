//! Wallets and the transactions that moved money in and out of them.

mod transaction;
mod wallet;

pub use transaction::*;
pub use wallet::*;
