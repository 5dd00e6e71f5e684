//! What a test can ask the server afterwards.

use std::sync::atomic::Ordering;

use super::Sandbox;

impl Sandbox {
    /// How many requests reached a route, those that met a fault included. `*` is all, unknown routes included.
    ///
    /// Routes are named as in the API's documentation: `POST /auth/login`, `GET /api/v1/products/:id`.
    ///
    /// # Panics
    /// If the server has no such route: a misspelt route would otherwise look like one that was never called.
    #[must_use]
    pub fn calls(&self, route: &str) -> u64 {
        super::controls::known(route);
        let state = self.state.lock();
        if route == "*" { state.all_calls } else { state.calls.get(route).copied().unwrap_or_default() }
    }

    /// How many logins succeeded.
    #[must_use]
    pub fn logins(&self) -> u64 {
        self.state.lock().auth.logins
    }

    /// How many refreshes succeeded, whether or not their answer reached the client.
    #[must_use]
    pub fn refreshes(&self) -> u64 {
        self.state.lock().auth.refreshes
    }

    /// How many access tokens would be accepted now.
    #[must_use]
    pub fn live_access_tokens(&self) -> usize {
        let state = self.state.lock();
        state.auth.live_access_tokens(state.now())
    }

    /// How many requests carried an access token that is unknown, expired or revoked.
    #[must_use]
    pub fn calls_with_dead_token(&self) -> u64 {
        self.state.lock().auth.dead_token_calls
    }

    /// How many times a refresh token arrived that had arrived before.
    ///
    /// An earlier arrival does not count if it was answered 403 or 429, as the token was not looked at then. It
    /// does count if the connection was closed or the answer lost: the client cannot know what became of it.
    #[must_use]
    pub fn refresh_tokens_presented_twice(&self) -> u64 {
        self.state.lock().auth.presented_twice
    }

    /// How many orders of all kinds were executed: money moved, whatever became of them later.
    #[must_use]
    pub fn orders_executed(&self) -> u64 {
        self.state.lock().orders.executed()
    }

    /// How many orders were executed under a client reference.
    #[must_use]
    pub fn executions_of(&self, reference: &str) -> u64 {
        self.state.lock().orders.executions_of(reference)
    }

    /// How many client references were executed more than once. The server refuses that by itself unless
    /// [`accept_duplicate_references`](Sandbox::accept_duplicate_references) told it not to.
    #[must_use]
    pub fn references_executed_twice(&self) -> u64 {
        self.state.lock().orders.executed_twice()
    }

    /// How many TCP connections were accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.server.traffic.accepted.load(Ordering::Relaxed)
    }

    /// How many webhook deliveries were answered with a 2xx status.
    #[must_use]
    pub fn webhooks_delivered(&self) -> u64 {
        self.server.traffic.delivered_events.load(Ordering::Relaxed)
    }
}
