//! Tokens: what they are, when they end, and the rules for replacing them.

mod access;
mod cache;
mod claims;
mod expiry;
mod flight;
mod judgement;
mod machine;
#[cfg(test)]
mod model_check;
mod per_process;
mod refusal;
mod source;
mod types;
mod window;

pub use access::AccessToken;
pub(crate) use cache::Cache;
pub use claims::TokenClaims;
pub(crate) use claims::times;
pub(crate) use expiry::{Evidence, Expiry, Zone};
pub(crate) use per_process::PerProcess;
pub(crate) use refusal::logged_out;
pub(crate) use source::{Attempt, AuthError, Grant, HeldTokens, Minted, Pair, Source};
pub(crate) use types::{After401, Close, Failure, Rules, Snapshot, Waiter};
pub(crate) use window::{Window, doubled};

/// The target of log lines about tokens.
pub(crate) const TOKEN_LOG: &str = "popup_rewards::token";
