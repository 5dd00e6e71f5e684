//! The session as the gate's pilot: it knows the time, makes the auth calls and tells the observer.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use super::auth::{self, Called, Minted, RefreshToken, Setting};
use super::event::EventKind;
use super::pilot::{FlightEvent, Pilot};
use super::{Access, Inner};
use crate::clock::Now;
use crate::credentials::Pair as Login;
use crate::http::Connections;
use crate::token::{Attempt, Pair};
use crate::{Error, ErrorKind};

/// An auth call whose pair is ready for use.
type Flown = Attempt<Pair<Arc<Access>, RefreshToken>, RefreshToken, Error>;

/// How long a caller is held up by renewing a token that is still good, before it goes on with its own call.
const EARLY_PATIENCE: Duration = Duration::from_secs(10);

/// How long a caller is held up at least by having a late pair revoked.
const REVOKE_PATIENCE: Duration = Duration::from_secs(2);

impl Pilot<Arc<Access>, RefreshToken, Error> for Arc<Inner> {
    fn now(&self) -> Now {
        Now::read(&*self.clock)
    }

    fn random(&self) -> f64 {
        self.clock.random()
    }

    fn sleep(&self, pause: Duration) {
        self.clock.sleep(pause);
    }

    fn login(&self, deadline: Duration) -> Flown {
        let login = match self.credentials.current() {
            Ok(login) => login,
            Err(error) => return Attempt::NoCredentials(error),
        };
        if let Some(refusal) = self.refused_before(&login) {
            return Attempt::NoCredentials(refusal);
        }
        self.counters.login();
        let called = auth::login(&self.connections(), &login, self.setting(deadline));
        if let Attempt::Refused(refusal) = &called
            && self.credentials.can_change()
        {
            *self.refused.lock() = Some((self.fingerprint(&login), refusal.clone()));
        }
        self.board(called)
    }

    fn refresh(&self, token: RefreshToken, deadline: Duration) -> Flown {
        self.counters.refresh();
        self.board(auth::refresh(token, self.setting(deadline), false))
    }

    fn revoke(&self, pair: Pair<Arc<Access>, RefreshToken>, deadline: Duration) {
        // A pair that came at the very end of the leader's time is worth a moment more.
        let deadline = deadline.max(self.now().monotonic.saturating_add(REVOKE_PATIENCE));
        if let Err(failure) =
            auth::logout(&pair.access.connections, &pair.access.token, self.setting(deadline))
        {
            log::warn!(target: super::TOKEN_LOG, "a late token pair was not revoked: {}", failure.error);
        }
    }

    fn elected(&self, flight: u64, deadline: Duration) {
        if self.settings.background_refresh {
            let unhurried = self.deadline();
            let inner = Arc::clone(self);
            let thread = std::thread::Builder::new().name("popup-rewards-refresh".to_owned());
            if thread.spawn(move || inner.gate.fly_early(flight, unhurried, &inner)).is_ok() {
                return;
            }
        }
        let patience = self.clock.monotonic().saturating_add(EARLY_PATIENCE);
        self.gate.fly_early(flight, patience.min(deadline), self);
    }

    fn waiting(&self) {
        self.counters.wait();
    }

    fn tell(&self, event: FlightEvent<Error>) {
        match event {
            FlightEvent::Published { by_refresh: true } => self.observe(EventKind::Refreshed, None),
            FlightEvent::Published { .. } => self.observe(EventKind::Minted, None),
            FlightEvent::RefreshRefused(reason) => self.observe(EventKind::Rejected, Some(&reason)),
            FlightEvent::Unknown(reason) => self.observe(EventKind::Unknown, Some(&reason)),
            FlightEvent::Failed(reason) => self.observe(EventKind::Failed, Some(&reason)),
            FlightEvent::Late { revoked } => {
                let fate = if revoked { "revoked" } else { "dropped" };
                log::debug!(target: super::TOKEN_LOG, "a token pair arrived after the session was closed: {fate}");
            }
        }
    }

    fn timed_out(&self) -> Error {
        Error::new(ErrorKind::Timeout, "another thread's login or refresh did not end within the time limit")
    }

    fn reentered(&self) -> Error {
        Error::configuration(
            "the session was used from inside its own login; a credentials closure cannot call the session it serves",
        )
    }
}

impl Inner {
    /// A reference of its own, because the lock is not held while a call is made.
    pub(super) fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.connections.lock())
    }

    /// Closes the connections of a session that ends. What comes after it gets new ones.
    pub(super) fn retire(&self, connections: &Arc<Connections>) {
        connections.close();
        let mut current = self.connections.lock();
        if Arc::ptr_eq(&current, connections) {
            *current = Arc::new(Connections::new(&self.connection_settings));
        }
    }

    pub(super) fn setting(&self, deadline: Duration) -> Setting {
        let sent = Now::read(&*self.clock);
        Setting {
            sent,
            timeout: self.settings.timeout.min(deadline.saturating_sub(sent.monotonic)),
            margin: self.settings.refresh_margin,
            random: self.clock.random(),
        }
    }

    /// The answer the server gave to these very credentials, if they come from a closure and it has refused them
    /// before. A pair that cannot change is the state machine's to remember.
    fn refused_before(&self, login: &Login) -> Option<Error> {
        let fingerprint = self.fingerprint(login);
        let refused = self.refused.lock();
        refused.as_ref().filter(|(found, _)| *found == fingerprint).map(|(_, refusal)| refusal.clone())
    }

    /// Tells two pairs of credentials apart without keeping either; the key of the hash is drawn per session.
    fn fingerprint(&self, login: &Login) -> u64 {
        self.hasher.hash_one((login.key.expose(), login.secret.expose()))
    }

    /// Puts a new access token on the connections it came over.
    fn board(&self, called: Called) -> Flown {
        called.map(|Minted { access, refresh, expiry }| {
            let connections = refresh.connections();
            Pair { access: Arc::new(Access { token: access, connections }), refresh, expiry }
        })
    }
}
