//! Tokens: their lives, and the rules for replacing them.

mod access;
mod acquire_error;
mod after_401;
mod cache;
mod claims;
mod expiry;
#[cfg(test)]
mod fleet_check;
mod flight;
mod machine;
#[cfg(test)]
mod model_check;
mod per_process;
mod sharing;
mod source;
mod types;
mod window;

pub use access::AccessToken;
pub(crate) use acquire_error::logged_out;
pub(crate) use cache::Cache;
pub use claims::TokenClaims;
pub(crate) use claims::times;
pub(crate) use expiry::{Evidence, Expiry, Zone};
pub(crate) use per_process::PerProcess;
pub(crate) use sharing::LEASE;
pub(crate) use source::{
    AuthError, AuthResult, FlightStore, Grant, LoginAttempt, PairToSave, Source, TokenPair, TokensToRevoke,
};
pub(crate) use types::{After401, Close, Failure, Saved, Snapshot, Stored, TokenSettings, Waiter};
pub(crate) use window::{Window, doubled};

/// The target of log lines about tokens.
pub(crate) const TOKEN_LOG: &str = "popup_rewards::token";
