//! One plain method on `Session` for every endpoint.

mod call;
mod esim;
mod reference;
mod topups;
mod vouchers;
mod wallets;

use serde::Serialize;

use crate::http::Request;

pub use call::RawCall;

#[derive(Serialize)]
struct NotificationEmail<'a> {
    email: &'a str,
}

/// Both verticals that send notifications set their address in the same way.
fn notification_email(route: &'static str, id: i64, email: &str) -> Request {
    Request::patch(route).id(id).json(&NotificationEmail { email }).may_repeat().needs_email(Some(email))
}
