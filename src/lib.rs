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
//! | [`products`](Session::products) | iterate over all pages of a list |
//! | [`list_products`](Session::list_products) | fetch one page |
//! | [`get_product`](Session::get_product) | fetch one object |
//! | [`quote_order`](Session::quote_order) | fetch the price of an order |
//! | [`create_order`](Session::create_order) | place an order |
//! | [`find_order`](Session::find_order) | find an order by its client reference |
//! | [`wait_for_order`](Session::wait_for_order) | wait until an order reaches its final status |
//!
//! These methods are for gift cards. The methods for top-ups and eSIMs follow the same pattern:
//! [`create_topup_order`](Session::create_topup_order), [`create_esim_order`](Session::create_esim_order).
//! [`Session::call`] calls a route that has no method yet.
//!
//! A [`NewOrder`] needs a [`ClientReference`]. The server refuses a second order with the same reference, so an order
//! is never placed twice, even if the connection fails. [`create_order`](Session::create_order) explains what to do if
//! the result is unknown.
//!
//! # Errors
//!
//! Every fallible call returns an [`Error`]. Match on its [`kind`](Error::kind), never on its text. If an order fails,
//! check [`may_have_executed`](Error::may_have_executed) first: the order may exist.
//! [`is_retryable`](Error::is_retryable) is true if the same call may succeed later.
//!
//! # Threads
//!
//! Clones of a session are cheap and share its token and connections. Give each thread a clone.
//!
//! # Processes
//!
//! Each process logs in for itself, unless a [token store](store) lets several processes, or many runs of a script, share
//! one token set.
//!
//! # Logout
//!
//! [`logout`](Session::logout) revokes all tokens of this client, on every machine. [`forget`](Session::forget) only
//! wipes the tokens of this session. After either, calls fail with [`LoggedOut`](ErrorKind::LoggedOut) until you call
//! [`login`](Session::login).
//!
//! # Data
//!
//! Money is an exact [`Decimal`], and a time is an [`OffsetDateTime`]. This crate exports both types from the crates
//! `rust_decimal` and `time`.
//!
//! Response types implement `Serialize`, except those with gift card or eSIM codes. They write amounts as text, so no
//! format changes a digit. Response types also implement `Deserialize`, so a test can build one from JSON.
//!
//! # Secrets and logs
//!
//! Tokens, credentials and codes are wiped from memory after use. Codes are [`Secret`]s, which print as `[redacted]`.
//!
//! The crate logs to two targets at debug level: `popup_rewards::call` gets a line per attempt, and
//! `popup_rewards::token` a line per token event. The line of an attempt contains the method, route, status, time and
//! request id, and the client reference of an order, but nothing else. If a member of a response cannot be read, a line
//! names it but never quotes it. Warnings report an unreadable item of a list without pages, a failed logout on drop,
//! a late token pair that could not be revoked after a logout, and a failure of the token store.
//!
//! At trace level, ureq's own targets expose secrets: `ureq_proto::util` dumps the bytes on the wire, including tokens,
//! and `ureq::run` shows queries. Keep both off.
//!
//! # Webhooks
//!
//! [`webhook::verify`] checks the signature and timestamp of a delivery and returns its event.
//!
//! # Features
//!
//! No feature is on by default.
//!
//! | Feature | Contents |
//! |---|---|
//! | `file-store` | `store::EncryptedFileStore`: one token set for the processes and runs on one machine |
//! | `keyring` | `store::KeyringStore`: the same, with its key in the keychain of the operating system |
//! | `redis` | `store::RedisTokenStore`: one token set for many machines |
//! | `sandbox` | `sandbox::Sandbox`: a local server of this API for tests. Do not enable it in production |
//!
//! # Design
//!
//! [Questions and answers](_design) explain why the crate works as it does.
#![forbid(unsafe_code)]

mod api;
mod clock;
mod credentials;
mod error;
mod hex;
mod http;
mod model;
mod page;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod secret;
mod session;
pub mod store;
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
