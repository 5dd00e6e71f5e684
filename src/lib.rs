//! A blocking, synchronous SDK for The Popup Reward Store API: gift cards, top-ups and eSIMs.
//!
//! ```
//! # use popup_rewards::sandbox::Sandbox;
//! # let sandbox = Sandbox::start()?;
//! # let (base_url, credentials) = (sandbox.url(), sandbox.credentials());
//! use popup_rewards::{ListProducts, Session};
//!
//! let session = Session::new(&base_url, credentials)?;
//! for product in session.products(&ListProducts::new().search("play")).take(3) {
//!     println!("{}", product?.name);
//! }
//! session.logout()?;
//! # Ok::<(), popup_rewards::Error>(())
//! ```
//!
//! A [`Session`] logs in on its first call, renews its token before it ends, and makes a call once more with a new
//! token when the server answers 401. Clones share one token; give one to each worker thread.
//!
//! * **Calls.** Every endpoint is one method of [`Session`], named after its path: `list_x` for one page, the bare
//!   plural for an iterator over all pages, `get_x` for one object, `create_x` for an order, `quote_x` for its price.
//!   [`Session::call`] reaches a route this crate does not know yet.
//! * **Orders.** A [`NewOrder`] needs a [`ClientReference`], and is then placed exactly once, whatever happens to the
//!   connection; see [`Session::create_order`].
//! * **Errors.** One type, [`Error`]; its [`kind`](Error::kind) is for a `match`. After a failed order, ask
//!   [`may_have_executed`](Error::may_have_executed) first.
//! * **Secrets.** Tokens, credentials and card codes are wiped from memory when they are no longer used; codes are
//!   [`Secret`]s, which print as `[redacted]`. At log level Trace the target `ureq_proto::util` dumps what goes over the
//!   wire, tokens included, and `ureq::run` shows queries: keep both off.
//! * **Logs.** One line an attempt on target `popup_rewards::call` and one line a token event on
//!   `popup_rewards::token`, both at debug level: method, route, status, time and request id, and the client
//!   reference of an order; nothing else. What could not be read in a response is named there too, never quoted; an
//!   item that a plain list had to leave out is a warning.
//! * **Data.** Money is an exact [`Decimal`] and a time an [`OffsetDateTime`], from the crates `rust_decimal` and `time`
//!   and exported here. What the server answers implements `Serialize` unless it holds codes, with amounts as texts,
//!   so that no format changes a digit, and `Deserialize` for JSON, which is also how to make one up for a test.
//! * **Webhooks.** [`webhook::verify`] checks a delivery and gives its typed event.
//! * **Tests.** The feature `sandbox` brings `sandbox::Sandbox`, a local server of this API.
//!
//! Why it is as it is: [the design, in questions and answers](_design).
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

pub use api::*;
pub use clock::{Clock, SystemClock};
pub use credentials::Credentials;
pub use error::{Error, ErrorKind, Unreadable};
pub use http::{RateLimits, RetryPolicy};
pub use model::*;
pub use page::{Items, Page};
pub use rust_decimal::Decimal;
pub use secret::Secret;
pub use session::{Event, EventKind, Session, SessionBuilder, SessionState, SessionStats, SessionStatus};
pub use time::OffsetDateTime;
pub use token::{AccessToken, TokenClaims};

#[doc = include_str!("../DESIGN.md")]
pub mod _design {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
