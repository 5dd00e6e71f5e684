//! The sandbox, asked over HTTP by a client that is not the SDK.

mod client;

mod auth;
mod faults;
mod listings;
mod money;
mod orders;
mod topups_and_esims;
mod traffic;
mod webhooks;
