//! One plain method on `Session` for every endpoint.
//!
//! The file of each noun states its routes: path, quota, and whether a request may be retried. No other file of the
//! client repeats them.

pub(crate) mod auth;
mod call;
mod esim;
mod filter;
mod reference;
mod topups;
mod vouchers;
mod wallets;

use serde::Serialize;

pub use call::RawCall;
pub use esim::{ListEsimOrders, ListEsimProducts};
pub use topups::{ListTopupOrders, ListTopupProducts};
pub use vouchers::{ListOrders, ListProducts};
pub use wallets::{ListTransactions, ListWallets};

use crate::model::check::{self, Check, Input};

/// The body that sets the notification address of a top-up or eSIM order.
#[derive(Serialize)]
struct NotificationEmail<'a> {
    email: &'a str,
}

impl Input for NotificationEmail<'_> {
    fn check(&self) -> Check {
        check::email(self.email)
    }
}
