//! A blocking SDK for The Popup Reward Store API: gift cards, top-ups and eSIMs.
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
//! A [`Session`] logs in on its first call and renews its token before it expires. A call that gets a 401 is retried
//! once with a new token.
//!
//! # Calls
//!
//! Every endpoint is a method of [`Session`]:
//!
//! | Method | Purpose |
//! |---|---|
//! | [`products`](Session::products) | iterate over all pages |
//! | [`list_products`](Session::list_products) | fetch one page |
//! | [`get_product`](Session::get_product) | fetch one object |
//! | [`quote_order`](Session::quote_order) | fetch the price of an order |
//! | [`create_order`](Session::create_order) | place an order |
//! | [`find_order`](Session::find_order) | find an order by its client reference |
//! | [`wait_for_order`](Session::wait_for_order) | wait until an order has its final status |
//!
//! Those for top-ups and eSIMs are named alike, such as [`create_topup_order`](Session::create_topup_order).
//! [`Session::call`] reaches a route that this crate does not know yet.
//!
//! A [`NewOrder`] needs a [`ClientReference`], and is then placed exactly once, whatever happens to the connection.
//! [`create_order`](Session::create_order) explains how.
//!
//! # Errors
//!
//! Every fallible call returns an [`Error`]. Match on its [`kind`](Error::kind). If an order fails, check
//! [`may_have_executed`](Error::may_have_executed) first.
//!
//! # Threads
//!
//! Clones of a session are cheap and share its token and connections. Give a clone to each thread.
//!
//! # Logout
//!
//! [`logout`](Session::logout) revokes all tokens of this client, on every machine. [`forget`](Session::forget) only
//! wipes those of the session. After either, calls fail with [`LoggedOut`](ErrorKind::LoggedOut) until
//! [`login`](Session::login) is called.
//!
//! # Data
//!
//! Money is an exact [`Decimal`] and a time is an [`OffsetDateTime`]. Both types come from the crates `rust_decimal`
//! and `time`, and are exported here.
//!
//! Response types implement `Serialize`, unless they hold gift card or eSIM codes. Amounts become text, so no format
//! changes a digit. `Deserialize` reads the same types from JSON, and can build one for a test.
//!
//! # Secrets and logs
//!
//! Tokens, credentials and codes are wiped from memory after use. Codes are [`Secret`]s, which print as `[redacted]`.
//!
//! The crate logs to two targets at debug level: `popup_rewards::call` gets a line per attempt, and
//! `popup_rewards::token` a line per token event. The line of an attempt has the method, route, status, time and
//! request id, and the client reference of an order, but nothing else. A member that cannot be read is named but
//! never quoted. An unreadable item of a list without pages is a warning.
//!
//! At level Trace, ureq's own targets expose secrets: `ureq_proto::util` dumps the bytes on the wire, tokens
//! included, and `ureq::run` shows queries. Keep both off.
//!
//! # Webhooks
//!
//! [`webhook::verify`] checks a delivery and returns its typed event.
//!
//! # Features
//!
//! No feature is on by default. `sandbox` adds `sandbox::Sandbox`, a local server of this API for tests.
//!
//! # Design
//!
//! [Questions and answers](_design) explain why the crate works as it does.
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

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
