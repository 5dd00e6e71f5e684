//! A blocking, synchronous SDK for The Popup Reward Store API: gift cards, top-ups and eSIMs.
#![forbid(unsafe_code)]

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

pub use clock::{Clock, SystemClock};
pub use credentials::Credentials;
pub use error::{Error, ErrorKind};
pub use model::*;
pub use page::{Items, Page};
pub use secret::Secret;
pub use session::Session;

/// What every fallible call of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;
