//! A local server that behaves like the real one, for examples and tests. Feature `sandbox`.
//!
//! It speaks real HTTP over a real socket and remembers what it is told: tokens rotate and expire, wallets are
//! debited, a client reference is taken once. What the real sandbox never shows can be scripted: faults on any
//! route, failed and partly delivered orders, a clock that moves, a server that forgets its tokens. And it
//! counts, so that a test can ask how often a route was called or an order executed.
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
//! It is a test double: it keeps what it is sent in plain memory and checks no certificates. Do not put it in
//! front of anything real.

mod auth;
mod call;
mod catalogue;
mod charges;
mod clock;
mod controls;
mod counters;
mod door;
mod esim;
mod esim_orders;
mod faults;
mod funnel;
mod ledger;
mod limits;
mod orders;
mod outcome;
mod paging;
mod payload;
mod products;
mod reference;
mod reply;
mod routes;
mod server;
mod state;
mod topup_orders;
mod topups;
mod wallets;
mod webhooks;
mod wire;

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

pub use clock::SandboxClock;
pub use faults::Fault;
pub use outcome::Outcome;
use server::Server;
use state::State;
use webhooks::Outbox;

use crate::{Credentials, Error, ErrorKind, Result, Secret, Session};

/// A running server of the API on a loopback port. It stops when it is dropped.
pub struct Sandbox {
    state: Arc<Mutex<State>>,
    server: Server,
}

impl Sandbox {
    /// Starts a server on a free port, on a thread of its own.
    ///
    /// It may be called anywhere, inside an async runtime too.
    ///
    /// # Errors
    /// [`Network`](ErrorKind::Network) if no loopback port can be had, or no thread.
    ///
    /// # Examples
    /// ```
    /// let sandbox = popup_rewards::sandbox::Sandbox::start()?;
    /// assert!(sandbox.url().starts_with("http://127.0.0.1:"));
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    pub fn start() -> Result<Sandbox> {
        let (outbox, events) = Outbox::new();
        let state = Arc::new(Mutex::new(State::new(SandboxClock::new(), outbox)));
        let server = Server::start(Arc::clone(&state), events).map_err(|error| {
            Error::new(ErrorKind::Network, "the sandbox could not be started").with_source(error)
        })?;
        Ok(Sandbox { state, server })
    }

    /// The base URL, `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The pair that logs in. Every sandbox makes up its own.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        let state = self.state.lock();
        Credentials::new(&*state.auth.key, &*state.auth.secret)
    }

    /// Returns a session on this server, with its URL, its credentials and its [`clock`](Sandbox::clock), which
    /// [`advance`](Sandbox::advance) moves for both.
    ///
    /// For other settings, give the same three to [`Session::builder`].
    ///
    /// # Panics
    /// If the session cannot be built, which nothing in the environment should cause.
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
            .expect("a session on the sandbox needs nothing else")
    }

    /// The user name of [`credentials`](Sandbox::credentials), for a client of the test's own.
    #[must_use]
    pub fn username(&self) -> Secret {
        Secret::new(&*self.state.lock().auth.key)
    }

    /// The password of [`credentials`](Sandbox::credentials), for a client of the test's own.
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
