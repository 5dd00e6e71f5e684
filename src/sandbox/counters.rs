//! The counters a test can read.

use std::sync::atomic::Ordering;

use super::Sandbox;

impl Sandbox {
    /// Returns how many requests reached a route, including those with a fault. `*` counts all requests, including
    /// those to unknown routes.
    ///
    /// Routes are named as in the API's documentation: `POST /auth/login`, `GET /api/v1/products/:id`.
    ///
    /// # Panics
    /// If the server has no such route. Otherwise a misspelt route would look like one that was never called.
    #[must_use]
    pub fn calls(&self, route: &str) -> u64 {
        super::controls::assert_known(route);
        let state = self.state.lock();
        if route == "*" { state.all_calls } else { state.calls.get(route).copied().unwrap_or_default() }
    }

    /// Returns how many logins succeeded.
    #[must_use]
    pub fn logins(&self) -> u64 {
        self.state.lock().auth.logins
    }

    /// Returns how many refreshes succeeded, whether or not the response reached the client.
    #[must_use]
    pub fn refreshes(&self) -> u64 {
        self.state.lock().auth.refreshes
    }

    /// Returns how many access tokens are valid now.
    #[must_use]
    pub fn live_access_tokens(&self) -> usize {
        let state = self.state.lock();
        state.auth.live_access_tokens(state.now())
    }

    /// Returns how many requests carried an access token that was unknown, expired or revoked.
    #[must_use]
    pub fn calls_with_dead_token(&self) -> u64 {
        self.state.lock().auth.dead_token_calls
    }

    /// Returns how many times a refresh token was presented again.
    ///
    /// An earlier request does not count if its response was 403 or 429, because the server did not read the token
    /// then. It does count if the connection was closed or the response was lost: the client cannot know whether
    /// the token was used.
    #[must_use]
    pub fn refresh_tokens_presented_twice(&self) -> u64 {
        self.state.lock().auth.presented_twice
    }

    /// Returns how many orders of all kinds were executed. An executed order moved money, whatever its outcome.
    #[must_use]
    pub fn orders_executed(&self) -> u64 {
        self.state.lock().orders.executed()
    }

    /// Returns how many orders were executed with this client reference.
    #[must_use]
    pub fn executions_of(&self, reference: &str) -> u64 {
        self.state.lock().orders.executions_of(reference)
    }

    /// Returns how many client references were executed more than once. The server prevents that unless
    /// [`accept_duplicate_references`](Sandbox::accept_duplicate_references) is set.
    #[must_use]
    pub fn references_executed_twice(&self) -> u64 {
        self.state.lock().orders.executed_twice()
    }

    /// Returns how many TCP connections were accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.server.traffic.accepted.load(Ordering::Relaxed)
    }

    /// Returns how many webhook deliveries got a 2xx response.
    #[must_use]
    pub fn webhooks_delivered(&self) -> u64 {
        self.server.traffic.delivered_webhooks.load(Ordering::Relaxed)
    }
}
