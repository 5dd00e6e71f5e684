//! What a test can do to the server.

use std::time::Duration;

use rust_decimal::Decimal;

use super::{Fault, Outcome, Sandbox, SandboxClock, routes};
use crate::{EsimOrderId, Result, Secret, WalletId};

/// Time.
impl Sandbox {
    /// The clock the server goes by, to give to the session under test.
    #[must_use]
    pub fn clock(&self) -> SandboxClock {
        self.state.lock().clock.clone()
    }

    /// Moves the server's clock, and every [`clock`](Sandbox::clock) of it, forward: tokens expire, orders are
    /// fulfilled, quotas fill up again.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock();
        state.clock.advance(by);
        state.settle();
    }

    /// Sets the server's own clock wrong by so many seconds: its `Date` header and every time it writes are
    /// ahead by that much, or behind if negative. How long tokens live does not change.
    pub fn set_server_skew(&self, seconds: i64) {
        self.state.lock().skew = seconds;
    }

    /// Whether answers carry a `Date` header; they do unless told otherwise.
    pub fn send_date_header(&self, send: bool) {
        self.state.lock().date_header = send;
    }
}

/// Tokens and access.
impl Sandbox {
    /// How long the tokens made from now on live; one hour and seven days unless told otherwise.
    pub fn set_token_life(&self, access: Duration, refresh: Duration) {
        let auth = &mut self.state.lock().auth;
        auth.access_life = access;
        auth.refresh_life = refresh;
    }

    /// Whether login and refresh answer with `access_expires_at`; they do unless told otherwise.
    pub fn send_access_expiry(&self, send: bool) {
        self.state.lock().auth.says_expiry = send;
    }

    /// Whether the tokens made from now on are random text; unless told otherwise they read like a JWT.
    pub fn make_opaque_tokens(&self, opaque: bool) {
        self.state.lock().auth.opaque = opaque;
    }

    /// Revokes every access and refresh token, as a logout on another machine does.
    pub fn revoke_all_tokens(&self) {
        self.state.lock().auth.revoke_all();
    }

    /// Revokes every access token; refresh tokens stay valid.
    pub fn revoke_access_tokens(&self) {
        self.state.lock().auth.revoke_access();
    }

    /// Changes the password that logs in. Tokens that were made before stay valid.
    pub fn change_password(&self, new: &str) {
        new.clone_into(&mut self.state.lock().auth.secret);
    }

    /// Answers every request with 403, as if the client's address were not on the allow-list.
    pub fn deny_addresses(&self, deny: bool) {
        self.state.lock().denied = deny;
    }

    /// Counts requests against the quotas of the real sandbox environment and answers 429 above them. Off
    /// unless told otherwise.
    pub fn enforce_rate_limits(&self, enforce: bool) {
        self.state.lock().limits.enforced = enforce;
    }
}

/// Faults.
impl Sandbox {
    /// Makes the next request to a route go wrong. Faults queue up; those of `*` hit any route, after those of
    /// the route itself.
    ///
    /// # Panics
    /// If the server has no such route: a misspelt route would otherwise be a fault that never happens.
    pub fn fault(&self, route: &str, fault: Fault) {
        known(route);
        self.state.lock().faults.push(route, fault);
    }

    /// Makes so many percent of the requests to a route (`*` for all) go wrong, each with one of `kinds` drawn
    /// by chance. The same seed draws the same faults in the same order.
    ///
    /// # Panics
    /// If the server has no such route.
    pub fn fault_rate(&self, route: &str, percent: u8, seed: u64, kinds: Vec<Fault>) {
        known(route);
        self.state.lock().faults.push_rate(route, percent, seed, kinds);
    }

    /// Forgets all faults that have not happened yet.
    pub fn clear_faults(&self) {
        self.state.lock().faults = super::faults::Faults::default();
    }

    /// Refuses new connections and closes those not in use, as a server that is being restarted; or takes
    /// connections again, on the same port. Returns when that is so.
    pub fn refuse_connections(&self, refuse: bool) {
        self.server.door.set_shut(refuse);
        if refuse {
            self.server.close_idle();
        }
    }

    /// Closes the connections that are open and not in use, as servers do with idle ones. Returns when they
    /// are closed.
    pub fn close_idle_connections(&self) {
        self.server.close_idle();
    }
}

/// Orders and money.
impl Sandbox {
    /// Scripts how the next order ends, of any kind. Scripts queue up, one for each order.
    pub fn next_order(&self, outcome: Outcome) {
        self.state.lock().script.push(outcome, None);
    }

    /// Scripts how the next order ends after it was `PENDING` for this long, on the sandbox's clock.
    pub fn next_order_after(&self, pending_for: Duration, outcome: Outcome) {
        self.state.lock().script.push(outcome, Some(pending_for));
    }

    /// Makes the next order fail; its wallet gets the money back.
    pub fn fail_next_order(&self, code: &str, reason: &str, user_fixable: bool) {
        let (code, reason) = (code.to_owned(), reason.to_owned());
        self.next_order(Outcome::Failed { code, reason, user_fixable });
    }

    /// How long orders that are not delivered at once stay `PENDING`, on the sandbox's clock; ten seconds
    /// unless told otherwise.
    pub fn fulfil_after(&self, pending: Duration) {
        self.state.lock().fulfil_after = pending;
    }

    /// Holds the next eSIM order for this long on the sandbox's clock before it is answered. After 60 seconds
    /// it is answered all the same, as `PENDING`.
    pub fn hold_esim(&self, hold: Duration) {
        self.state.lock().esim_hold = Some(hold);
    }

    /// The most cards one voucher order may have; 5,000 unless told otherwise.
    pub fn set_order_limit(&self, cards: u32) {
        self.state.lock().order_limit = cards;
    }

    /// Executes orders with a reference that was seen before, as a server without that check would.
    pub fn accept_duplicate_references(&self, accept: bool) {
        self.state.lock().accept_duplicates = accept;
    }

    /// Brings a wallet to this balance, in its own currency, with a transaction over the difference. A wallet
    /// the server does not have stays unheard of.
    pub fn set_balance(&self, wallet: WalletId, balance: Decimal) {
        let mut state = self.state.lock();
        let Some(before) = state.wallets.find(wallet.get()).map(|wallet| wallet.balance) else { return };
        let now = state.now();
        let booked = state.wallets.book(wallet.get(), balance - before, None, "adjustment".to_owned(), now);
        if let Some(transaction) = booked {
            state.announce_transaction(transaction);
        }
    }

    /// Marks a delivered eSIM as installed, after which its activation code is withheld.
    pub fn install_esim(&self, order: EsimOrderId) {
        let mut state = self.state.lock();
        let now = state.now();
        if let Ok(order) = state.orders.find_mut(routes::Vertical::Esim, order.get()) {
            order.installed = Some(now);
        }
    }

    /// Posts signed events to this address from now on: voucher orders that change and wallets that are debited
    /// or credited. An event that is not answered with a 2xx status is sent again, six times at most.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is not a plain HTTP address on this machine.
    ///
    /// # Examples
    /// ```
    /// use popup_rewards::{Secret, sandbox::Sandbox};
    ///
    /// let sandbox = Sandbox::start()?;
    /// sandbox.deliver_webhooks_to("http://127.0.0.1:8080/webhooks", &Secret::new("whsec-of-this-endpoint"))?;
    /// # Ok::<(), popup_rewards::Error>(())
    /// ```
    pub fn deliver_webhooks_to(&self, url: &str, secret: &Secret) -> Result<()> {
        self.state.lock().outbox.subscribe(url, secret.clone())
    }
}

/// Refuses a route the server does not have.
pub(super) fn known(route: &str) {
    assert!(route == "*" || routes::exists(route), "the sandbox has no route {route:?}");
}
