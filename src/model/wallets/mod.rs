//! Wallets and the transactions that moved money in and out of them.

mod filter;
mod transaction;
mod wallet;

pub use filter::{ListTransactions, ListWallets};
pub use transaction::{Transaction, TransactionStatus, TransactionType};
pub use wallet::{Wallet, WalletType};
