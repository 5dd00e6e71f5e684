//! Wallets and their transactions.

mod transaction;
mod wallet;

pub use transaction::*;
pub use wallet::*;
