//! The methods with which a test controls the server.

use std::time::Duration;

use rust_decimal::Decimal;

use super::{Fault, Outcome, Sandbox, SandboxClock, routes};
use crate::http::Vertical;
use crate::{EsimOrderId, Result, Secret, WalletId};

/// Time.
impl Sandbox {
    /// Returns a clone of the server's clock, for the session under test.
    #[must_use]
    pub fn clock(&self) -> SandboxClock {
        self.state.lock().clock.clone()
    }

    /// Advances the server's clock and all its clones. Tokens expire, orders are fulfilled, and used quotas become
    /// available again.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock();
        state.clock.advance(by);
        state.settle();
    }

    /// Skews the times the server sends, in the `Date` header and in bodies, by this many seconds. Negative values
    /// put them behind the true time. Token lifetimes do not change.
    pub fn set_server_skew(&self, seconds: i64) {
        self.state.lock().skew_seconds = seconds;
    }

    /// Sets whether responses carry a `Date` header. They do by default.
    pub fn send_date_header(&self, send: bool) {
        self.state.lock().date_header = send;
    }
}

/// Tokens and access.
impl Sandbox {
    /// Sets the lifetimes of tokens issued from now on. The defaults are one hour and seven days.
    pub fn set_token_life(&self, access: Duration, refresh: Duration) {
        let auth = &mut self.state.lock().auth;
        auth.access_life = access;
        auth.refresh_life = refresh;
    }

    /// Sets whether login and refresh responses contain `access_expires_at`. They do by default.
    pub fn send_access_expiry(&self, send: bool) {
        self.state.lock().auth.sends_expiry = send;
    }

    /// Sets whether tokens issued from now on are opaque random text. By default they have the form of a JWT.
    pub fn make_opaque_tokens(&self, opaque: bool) {
        self.state.lock().auth.opaque = opaque;
    }

    /// Revokes every access and refresh token, like a logout on another machine.
    pub fn revoke_all_tokens(&self) {
        self.state.lock().auth.revoke_all();
    }

    /// Revokes every access token. Refresh tokens stay valid.
    pub fn revoke_access_tokens(&self) {
        self.state.lock().auth.revoke_access();
    }

    /// Changes the password for later logins. Existing tokens stay valid.
    pub fn change_password(&self, new: &str) {
        new.clone_into(&mut self.state.lock().auth.secret);
    }

    /// Sets whether every request is rejected with 403, as if the client's IP address were not on the allow-list.
    pub fn deny_addresses(&self, deny: bool) {
        self.state.lock().deny_addresses = deny;
    }

    /// Sets whether the quotas of the real sandbox environment are enforced. Requests above them get a 429
    /// response. Off by default.
    pub fn enforce_rate_limits(&self, enforce: bool) {
        self.state.lock().quotas.enforced = enforce;
    }
}

/// Faults.
impl Sandbox {
    /// Queues a fault for the next request to a route. A fault for `*` affects any route whose own queue is
    /// empty.
    ///
    /// # Panics
    /// If the server has no such route. Otherwise a misspelt route would be a fault that never happens.
    pub fn fault(&self, route: &str, fault: Fault) {
        assert_known(route);
        self.state.lock().faults.push(route, fault);
    }

    /// Applies a random fault from `kinds` to about this percentage of the requests to a route (`*` for all). The
    /// same seed gives the same faults in the same order.
    ///
    /// # Panics
    /// If the server has no such route.
    pub fn fault_rate(&self, route: &str, percent: u8, seed: u64, kinds: Vec<Fault>) {
        assert_known(route);
        self.state.lock().faults.push_rate(route, percent, seed, kinds);
    }

    /// Removes all queued faults and fault rates.
    pub fn clear_faults(&self) {
        self.state.lock().faults = super::faults::Faults::default();
    }

    /// Refuses new connections and closes idle ones, like a server that restarts. With `false`, accepts connections
    /// again on the same port. Returns once the change is in effect.
    pub fn refuse_connections(&self, refuse: bool) {
        self.server.listener.set_refusing(refuse);
        if refuse {
            self.server.close_idle();
        }
    }

    /// Closes the idle connections, as servers do after a keep-alive timeout. Returns once they are closed.
    pub fn close_idle_connections(&self) {
        self.server.close_idle();
    }
}

/// Orders and money.
impl Sandbox {
    /// Sets the outcome of the next order of any kind. Outcomes are queued, one for each order.
    pub fn next_order(&self, outcome: Outcome) {
        self.state.lock().outcomes.push(outcome, None);
    }

    /// Like [`next_order`](Sandbox::next_order), but the order is `PENDING` for this long first, on the sandbox's
    /// clock.
    pub fn next_order_after(&self, pending_for: Duration, outcome: Outcome) {
        self.state.lock().outcomes.push(outcome, Some(pending_for));
    }

    /// Makes the next order fail. Its wallet is refunded.
    pub fn fail_next_order(&self, code: &str, reason: &str, user_fixable: bool) {
        let (code, reason) = (code.to_owned(), reason.to_owned());
        self.next_order(Outcome::Failed { code, reason, user_fixable });
    }

    /// Sets how long an order that is not delivered at once stays `PENDING`, on the sandbox's clock. The default is
    /// ten seconds.
    pub fn fulfil_after(&self, pending: Duration) {
        self.state.lock().fulfil_after = pending;
    }

    /// Delays the response to the next eSIM order by this duration on the sandbox's clock. If it is longer than 60
    /// seconds, the response is sent after 60 seconds and the order is still `PENDING`.
    pub fn hold_esim(&self, hold: Duration) {
        self.state.lock().esim_hold = Some(hold);
    }

    /// Sets the maximum number of cards in one gift card order. The default is 5,000.
    pub fn set_order_limit(&self, cards: u32) {
        self.state.lock().order_limit = cards;
    }

    /// Sets whether an order with a used client reference is executed, as on a server that does not check for
    /// duplicates.
    pub fn accept_duplicate_references(&self, accept: bool) {
        self.state.lock().accept_duplicates = accept;
    }

    /// Sets a wallet's balance, in the wallet's currency, with a transaction for the difference. Does nothing if
    /// the wallet does not exist.
    pub fn set_balance(&self, wallet: WalletId, balance: Decimal) {
        let mut state = self.state.lock();
        let Some(before) = state.wallets.find(wallet.get()).map(|wallet| wallet.balance) else { return };
        let now = state.now();
        let booked = state.wallets.book(wallet.get(), balance - before, None, "adjustment".to_owned(), now);
        if let Some(transaction) = booked {
            state.announce_transaction(transaction);
        }
    }

    /// Marks a delivered eSIM as installed. From then on its activation code is withheld.
    pub fn install_esim(&self, order: EsimOrderId) {
        let mut state = self.state.lock();
        let now = state.now();
        if let Ok(order) = state.orders.find_mut(Vertical::Esim, order.get()) {
            order.installed = Some(now);
        }
    }

    /// Posts signed events to this URL from now on: status changes of gift card orders, and debits and credits of
    /// wallets. An event is sent up to six times, until the receiver responds with a 2xx status.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is not a plain HTTP URL on this machine.
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

pub(super) fn assert_known(route: &str) {
    assert!(route == "*" || routes::exists(route), "the sandbox has no route {route:?}");
}
