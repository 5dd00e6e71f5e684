//! Tokens: what they say about themselves.

mod claims;

pub use claims::TokenClaims;
