//! A blocking, synchronous SDK for The Popup Reward Store API: gift cards, top-ups and eSIMs.
#![forbid(unsafe_code)]

mod api;
mod clock;
mod credentials;
mod error;
mod http;
mod model;
mod page;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod secret;
mod session;
mod token;
pub mod webhook;

pub use api::RawCall;
pub use clock::{Clock, SystemClock};
pub use credentials::Credentials;
pub use error::{Error, ErrorKind};
pub use http::{RateLimits, RetryPolicy};
pub use model::*;
pub use page::{Items, Page};
pub use secret::Secret;
pub use session::{Event, EventKind, Session, SessionBuilder, SessionState, SessionStats, SessionStatus};
pub use token::{AccessToken, TokenClaims};

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
