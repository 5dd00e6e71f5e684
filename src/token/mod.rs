//! Tokens: what they are, when they end, and the rules for replacing them.

mod access;
mod backoff;
mod budget;
mod claims;
mod expiry;
#[cfg(test)]
mod explorer;
mod flight;
mod lifecycle;
mod terms;

pub use access::AccessToken;
pub use claims::TokenClaims;
pub(crate) use claims::times;
pub(crate) use expiry::{Evidence, Expiry, Zone};
pub(crate) use flight::{Attempt, Bounds, End, Report, Step};
pub(crate) use lifecycle::Lifecycle;
pub(crate) use terms::{Answer, Close, Closed, Grant, Need, Pair, Reason, Rules, Snapshot};
