//! A local server that behaves like the real one, for examples and tests. Feature `sandbox`.
//!
//! It serves HTTP over a real socket and keeps state: tokens rotate and expire, wallets are debited, and each
//! client reference is accepted once. A test can script what the real sandbox never shows: faults on any route,
//! failed and partially delivered orders, a clock that moves, and revoked tokens. Counters report how often a
//! route was called or an order was executed.
//!
//! ```
//! use std::time::Duration;
//! use popup_rewards::sandbox::{Fault, Sandbox};
//!
//! let sandbox = Sandbox::start()?;
//! let session = sandbox.session();
//!
//! sandbox.fault("GET /api/v1/products", Fault::Status(503));
//! session.list_products(&Default::default())?;
//! assert_eq!(sandbox.calls("GET /api/v1/products"), 2);
//!
//! sandbox.advance(Duration::from_secs(3600));
//! session.list_products(&Default::default())?;
//! assert_eq!(sandbox.calls("POST /auth/refresh"), 1);
//! # Ok::<(), popup_rewards::Error>(())
//! ```
//!
//! # Test your own code
//!
//! Test most code against a [`Sandbox`], with faults. Where a test needs no server, put a trait of your own between your
//! code and the [`Session`], with the few operations that you use. The fake of a test implements it too, and returns any
//! error that an [`ErrorBuilder`] makes:
//!
//! ```
//! use popup_rewards::sandbox::ErrorBuilder;
//! use popup_rewards::{ClientReference, ErrorKind, NewOrder, OrderId, ProductId, Result, Session};
//!
//! trait GiftCards {
//!     fn buy(&self, order: &NewOrder) -> Result<OrderId>;
//! }
//!
//! impl GiftCards for Session {
//!     fn buy(&self, order: &NewOrder) -> Result<OrderId> {
//!         Ok(self.create_order(order)?.id)
//!     }
//! }
//!
//! /// The code under test.
//! fn reward(cards: &impl GiftCards, order: &NewOrder) -> &'static str {
//!     match cards.buy(order) {
//!         Ok(_) => "ordered",
//!         Err(error) if error.may_have_executed() => "unclear",
//!         Err(_) => "not ordered",
//!     }
//! }
//!
//! /// A shop where every order fails in the same way.
//! struct Failing(ErrorBuilder);
//!
//! impl GiftCards for Failing {
//!     fn buy(&self, _: &NewOrder) -> Result<OrderId> {
//!         Err(self.0.clone().build())
//!     }
//! }
//!
//! let order = NewOrder::new(ProductId::from(3001), 20.into(), 1, ClientReference::generate());
//! let empty_wallet = ErrorBuilder::new(ErrorKind::InsufficientFunds).status(400).code("INSUFFICIENT_FUNDS");
//! assert_eq!(reward(&Failing(empty_wallet), &order), "not ordered");
//! let lost = ErrorBuilder::new(ErrorKind::Timeout).may_have_executed(true);
//! assert_eq!(reward(&Failing(lost), &order), "unclear");
//! ```
//!
//! # Not for production
//!
//! It is a test double: it keeps everything it receives in plain memory and uses no TLS. Do not use it in
//! production.

mod api_error;
mod auth;
mod catalogue;
mod clock;
mod controls;
mod counters;
mod error_builder;
mod esim;
mod esim_orders;
mod faults;
mod json_amount;
mod listener;
mod order_ledger;
mod orders;
mod outcome;
mod page_params;
mod pipeline;
mod price_quote;
mod products;
mod quotas;
mod reference;
mod response_body;
mod routes;
mod server;
mod server_request;
mod server_response;
mod server_state;
mod timestamps;
mod topup_orders;
mod topups;
mod wallets;
mod webhooks;

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

pub use clock::SandboxClock;
pub use error_builder::ErrorBuilder;
pub use faults::Fault;
pub use outcome::Outcome;
use server::Server;
use server_state::ServerState;
use webhooks::Outbox;

use crate::{Credentials, Error, ErrorKind, Result, Secret, Session};

/// A server for the API on a loopback port. It stops when dropped.
pub struct Sandbox {
    state: Arc<Mutex<ServerState>>,
    server: Server,
}

impl Sandbox {
    /// Starts a server on a free port, in a new thread.
    ///
    /// It also works inside an async runtime.
    ///
    /// # Errors
    /// [`Network`](ErrorKind::Network) if no loopback port is free or no thread can be started.
    ///
    /// # Examples
    /// ```
    /// let sandbox = popup_rewards::sandbox::Sandbox::start()?;
    /// assert!(sandbox.url().starts_with("http://127.0.0.1:"));
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    pub fn start() -> Result<Sandbox> {
        let (outbox, deliveries) = Outbox::new();
        let state = Arc::new(Mutex::new(ServerState::new(SandboxClock::new(), outbox)));
        let server = Server::start(Arc::clone(&state), deliveries).map_err(|error| {
            Error::new(ErrorKind::Network, "failed to start the sandbox on a loopback port")
                .with_source(error)
        })?;
        Ok(Sandbox { state, server })
    }

    /// Returns the base URL, `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Returns the credentials that log in. They are random for every sandbox.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        let state = self.state.lock();
        Credentials::new(&*state.auth.key, &*state.auth.secret)
    }

    /// Returns a session that uses this server's URL, credentials and [`clock`](Sandbox::clock).
    ///
    /// For other settings, pass these three to [`Session::builder`].
    ///
    /// # Panics
    /// If the session cannot be built. Nothing in the environment should cause that.
    ///
    /// # Examples
    /// ```
    /// use popup_rewards::{ListProducts, sandbox::Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// let page = sandbox.session().list_products(&ListProducts::new())?;
    /// assert!(!page.items.is_empty());
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test double fails the test loudly")]
    pub fn session(&self) -> Session {
        Session::builder(&self.url(), self.credentials())
            .clock(self.clock())
            .build()
            .expect("the sandbox's URL and credentials are valid")
    }

    /// Returns the user name in [`credentials`](Sandbox::credentials), for a test that sends its own requests.
    #[must_use]
    pub fn username(&self) -> Secret {
        Secret::new(&*self.state.lock().auth.key)
    }

    /// Returns the password in [`credentials`](Sandbox::credentials), for a test that sends its own requests.
    #[must_use]
    pub fn password(&self) -> Secret {
        Secret::new(&*self.state.lock().auth.secret)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url()).finish_non_exhaustive()
    }
}
