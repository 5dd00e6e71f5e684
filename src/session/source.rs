//! What the token cache needs of a session: the time, the auth calls, and the observer.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::auth::{self, RefreshToken, Setting};
use super::builder::Settings;
use super::event::{Event, EventKind, Observer};
use super::orders::Recent;
use super::shared::{SharedTokens, SlotKey};
use super::status::Counters;
use crate::clock::{Reading, date};
use crate::credentials::Login;
use crate::http::{ConnectionSettings, Connections, Decision, Limiter, SendError};
use crate::store::{StoredTokens, TokenStore};
use crate::token::{
    self, AccessToken, AuthError, Expiry, Failure, FlightStore, LoginAttempt, PerProcess, Snapshot, Source,
    TOKEN_LOG, TokenPair, TokenSettings, TokensToRevoke,
};
use crate::{Clock, Credentials, Error, ErrorKind, Result};

/// An access token and the connections that send it. Both are given up together.
pub(crate) struct Access {
    pub(super) token: AccessToken,
    pub(super) connections: Arc<Connections>,
}

/// A refresh token and the connections that send it. They close when the session ends, so a token that is about to be
/// sent then is not.
pub(crate) struct Refresh {
    pub(super) token: RefreshToken,
    pub(super) connections: Arc<Connections>,
}

/// The longest that an auth call may take if a store is set. It is less than the lease of the store.
const SHARED_TIMEOUT: Duration = Duration::from_secs(10);

type BoundPairResult = token::AuthResult<Arc<Access>, Refresh>;

/// A session without its tokens.
pub(crate) struct SessionSource {
    pub(super) settings: Settings,
    pub(super) clock: Box<dyn Clock>,
    pub(super) counters: Counters,
    credentials: Credentials,
    store: Option<Box<dyn TokenStore>>,
    observer: Option<Observer>,
    hasher: RandomState,
    process: PerProcess<Local>,
}

/// What a forked child must not share with its parent: sockets, and locks that the parent may hold.
struct Local {
    connections: Mutex<Arc<Connections>>,
    settings: ConnectionSettings,
    limiter: Limiter,
    recent: Recent,
    /// The routes of the lists whose large pages the server refuses.
    small_pages: Mutex<Vec<&'static str>>,
    /// A hash of the credentials that the server refused last, and the error.
    refused: Mutex<Option<(u64, Error)>>,
    /// What the credentials closure returned, and for which flight.
    resolved: Mutex<Option<(u64, Result<Credentials>)>>,
    /// Whether the credentials closure is running.
    in_closure: AtomicBool,
    /// Where the entry in the token store is. It stays the same, also if a credentials closure returns another key.
    slot_key: Mutex<Option<Arc<SlotKey>>>,
}

impl Local {
    fn new(settings: ConnectionSettings, limiter: Limiter) -> Self {
        Local {
            connections: Mutex::new(Arc::new(Connections::new(&settings))),
            settings,
            limiter,
            recent: Recent::default(),
            small_pages: Mutex::default(),
            refused: Mutex::new(None),
            resolved: Mutex::new(None),
            in_closure: AtomicBool::new(false),
            slot_key: Mutex::new(None),
        }
    }
}

impl SessionSource {
    pub(super) fn new(
        settings: Settings,
        (connections, limiter): (ConnectionSettings, Limiter),
        credentials: Credentials,
        store: Option<Box<dyn TokenStore>>,
        clock: Box<dyn Clock>,
        observer: Option<Observer>,
    ) -> Self {
        SessionSource {
            settings,
            clock,
            counters: Counters::default(),
            credentials,
            store,
            observer,
            hasher: RandomState::new(),
            process: PerProcess::new(Local::new(connections, limiter)),
        }
    }

    fn local(&self) -> &Local {
        self.process.get(|parent| Local::new(parent.settings.forked(), parent.limiter.forked()))
    }

    pub(super) fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.local().connections.lock())
    }

    pub(super) fn limiter(&self) -> &Limiter {
        &self.local().limiter
    }

    pub(super) fn recent(&self) -> &Recent {
        &self.local().recent
    }

    pub(super) fn small_pages(&self) -> &Mutex<Vec<&'static str>> {
        &self.local().small_pages
    }

    fn setting(&self, deadline: Duration) -> Setting {
        let sent = Reading::of(&*self.clock);
        Setting {
            sent,
            timeout: self.longest_call().min(deadline.saturating_sub(sent.monotonic)),
            margin: self.settings.refresh_margin,
            random: self.clock.random(),
        }
    }

    /// The longest that an auth call may take. While it is out, the other processes of a store wait.
    fn longest_call(&self) -> Duration {
        let timeout = self.settings.timeout;
        if self.store.is_some() { timeout.min(SHARED_TIMEOUT) } else { timeout }
    }

    pub(super) fn token_settings(&self) -> TokenSettings {
        TokenSettings {
            flight_limit: self.settings.order_timeout,
            credentials_can_change: self.credentials.can_change(),
            shared: self.store.is_some().then(|| self.longest_call()),
        }
    }

    /// Derives the slot and the key of the entry, once for this process.
    pub(super) fn slot_key(&self, store: &dyn TokenStore, flight: u64) -> Result<Arc<SlotKey>> {
        if let Some(slot_key) = &*self.local().slot_key.lock() {
            return Ok(Arc::clone(slot_key));
        }
        let login = self.credentials_of(flight).map_err(|failed| failed.error)?;
        let key = store.key().sealing_key(&self.local().settings.base.origin(), login.key.expose())?;
        let slot_key = Arc::new(SlotKey { slot: key.slot(), key });
        Ok(Arc::clone(self.local().slot_key.lock().get_or_insert(slot_key)))
    }

    /// Returns the expiry of a stored token.
    pub(super) fn adopted(&self, now: Reading, remaining: Duration, life: Duration) -> Expiry {
        Expiry::adopted(now, remaining, life, self.settings.refresh_margin, self.clock.random())
    }

    /// The credentials of a flight. A closure is called once a flight, and one call at a time: a closure that hangs
    /// must not cost a thread for every flight.
    pub(super) fn credentials_of(&self, flight: u64) -> Result<Login, AuthError> {
        struct InClosure<'a>(&'a AtomicBool);
        impl Drop for InClosure<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::SeqCst);
            }
        }
        if let Some(login) = self.credentials.reveal() {
            return Ok(login);
        }
        let local = self.local();
        let failed = |failure| move |error| AuthError { failure, error };
        let login_of = |resolved: &Result<Credentials>| {
            let login = resolved.as_ref().map(Credentials::reveal).map_err(Error::clone);
            login.map_err(failed(Failure::Aborted))?.ok_or_else(|| {
                let message = "the credentials closure returned no fixed credentials";
                failed(Failure::Aborted)(Error::configuration(message))
            })
        };
        // 0 is no flight, but a logout.
        let is_same = |of: u64| of == flight && of > 0;
        if let Some((_, resolved)) = local.resolved.lock().as_ref().filter(|(of, _)| is_same(*of)) {
            return login_of(resolved);
        }
        if local.in_closure.swap(true, Ordering::SeqCst) {
            let message = "an earlier call of the credentials closure has not returned";
            return Err(failed(Failure::ClosureBusy)(Error::new(ErrorKind::Timeout, message)));
        }
        let _in_closure = InClosure(&local.in_closure);
        let resolved = catch_unwind(AssertUnwindSafe(|| self.credentials.resolve()))
            .unwrap_or_else(|_| Err(Error::configuration("the credentials closure panicked during a login")));
        let login = login_of(&resolved);
        *local.resolved.lock() = Some((flight, resolved));
        login
    }

    /// The error of the last login, if the server refused these very credentials.
    fn refused_before(&self, fingerprint: u64) -> Option<Error> {
        let refused = self.local().refused.lock();
        refused.as_ref().filter(|(found, _)| *found == fingerprint).map(|(_, refusal)| refusal.clone())
    }

    /// Tells credentials apart without keeping them. The key of the hash is random for each session.
    fn fingerprint(&self, login: &Login) -> u64 {
        self.hasher.hash_one((login.key.expose(), login.secret.expose()))
    }

    /// Binds stored tokens to the present connections.
    fn bound(&self, tokens: StoredTokens) -> Option<(Arc<Access>, Option<Refresh>)> {
        let connections = self.connections();
        let expires_at = date(Reading::of(&*self.clock).wall.saturating_add(tokens.remaining));
        let token = AccessToken::new(&tokens.access, expires_at)?;
        let access = Arc::new(Access { token, connections: Arc::clone(&connections) });
        let refresh =
            tokens.refresh.map(|token| Refresh { token: RefreshToken::from_store(token), connections });
        Some((access, refresh))
    }

    fn revoke_with(
        &self,
        access: &Access,
        token: &AccessToken,
        deadline: Duration,
        pause_until: &dyn Fn(Duration),
    ) -> Result<()> {
        let mut made = 0;
        loop {
            made += 1;
            let sent = auth::logout(&access.connections, token, self.setting(deadline));
            let Err(SendError { fate, error }) = sent else { return Ok(()) };
            let now = self.clock.monotonic();
            let left = deadline.saturating_sub(now);
            let failed = (fate, error.retry_after());
            match self.settings.retry.decide(made, failed, true, left, self.clock.random()) {
                Decision::RepeatAfter(pause) => pause_until(now.saturating_add(pause)),
                Decision::GiveUp => return Err(error),
            }
        }
    }
}

impl Source for SessionSource {
    type Access = Arc<Access>;
    type Refresh = Refresh;

    fn now(&self) -> Reading {
        Reading::of(&*self.clock)
    }

    fn random(&self) -> f64 {
        self.clock.random()
    }

    fn on_pause(&self, until: Duration) {
        self.clock.on_pause(until);
    }

    fn on_jump(&self, waker: Waker) {
        self.clock.on_jump(waker);
    }

    fn spawn(&self, flight: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        thread::Builder::new().name("popup-rewards-token".to_owned()).spawn(flight).map(drop)
    }

    fn login(&self, attempt: LoginAttempt<'_>) -> BoundPairResult {
        // Taken before the closure runs: if the session is closed meanwhile, these connections send nothing.
        let connections = self.connections();
        let login = self.credentials_of(attempt.flight)?;
        let fingerprint = self.fingerprint(&login);
        if attempt.if_changed
            && let Some(error) = self.refused_before(fingerprint)
        {
            return Err(AuthError { failure: Failure::Unchanged, error });
        }
        if !(attempt.may_send)() {
            return Err(not_sent());
        }
        self.counters.login();
        let minted = auth::login(&connections, &login, self.setting(attempt.deadline));
        if let Err(AuthError { failure: Failure::Refused, error }) = &minted {
            *self.local().refused.lock() = Some((fingerprint, error.clone()));
        }
        minted.map(|pair| over(&connections, pair))
    }

    fn refresh(
        &self,
        Refresh { token, connections }: &Refresh,
        deadline: Duration,
        may_send: &dyn Fn() -> bool,
    ) -> BoundPairResult {
        if !may_send() {
            return Err(not_sent());
        }
        self.counters.refresh();
        let minted = auth::refresh(connections, token, self.setting(deadline), false);
        minted.map(|pair| over(connections, pair))
    }

    fn store(&self, flight: u64) -> Option<Box<dyn FlightStore<Arc<Access>, Refresh> + '_>> {
        let store = self.store.as_deref()?;
        Some(Box::new(SharedTokens::new(self, store, flight)))
    }

    fn clear_store(&self) -> Result<Option<TokensToRevoke<Self>>> {
        let Some(store) = self.store.as_deref() else { return Ok(None) };
        let mut shared = SharedTokens::new(self, store, 0);
        Ok(shared.clear()?.and_then(|tokens| self.bound(tokens)))
    }

    fn close_connections(&self) {
        let local = self.local();
        let fresh = Arc::new(local.connections.lock().successor());
        let closed = std::mem::replace(&mut *local.connections.lock(), fresh);
        closed.close();
    }

    fn revoke(
        &self,
        (access, refresh): TokensToRevoke<Self>,
        deadline: Duration,
        pause_until: &dyn Fn(Duration),
    ) -> Result<()> {
        let revoked = self.revoke_with(&access, &access.token, deadline, pause_until);
        let Some(refresh) = refresh.filter(|_| is_dead(&revoked)) else { return revoked };
        // An expired access token cannot log out, but its refresh token may live for days. It is spent on one more
        // pair, which then revokes everything.
        self.counters.refresh();
        match auth::refresh(&refresh.connections, &refresh.token, self.setting(deadline), true) {
            Ok(last) => {
                let revoked = self.revoke_with(&access, &last.access, deadline, pause_until);
                if is_dead(&revoked) { Ok(()) } else { revoked }
            }
            Err(AuthError { failure: Failure::Refused, .. }) => Ok(()),
            Err(AuthError { error, .. }) => Err(error),
        }
    }

    fn forked(&self, access: &Arc<Access>) -> Arc<Access> {
        Arc::new(Access { token: access.token.clone(), connections: self.connections() })
    }

    fn observe(&self, kind: EventKind, snapshot: Snapshot, reason: Option<&Error>) {
        let event = Event {
            kind,
            generation: snapshot.generation,
            remaining: Some(snapshot.remaining).filter(|_| snapshot.zone.is_some()),
            next_attempt: Some(snapshot.next_attempt).filter(|wait| !wait.is_zero()),
            reason: reason.map(Error::kind),
            message: reason.map(Error::in_full),
        };
        log::debug!(target: TOKEN_LOG, "{kind:?} generation={} reason={:?}", event.generation, event.reason);
        if let Some(observer) = &self.observer {
            observer(&event);
        }
    }
}

/// Binds a token pair to the connections that it came over.
fn over(
    connections: &Arc<Connections>,
    pair: TokenPair<AccessToken, RefreshToken>,
) -> TokenPair<Arc<Access>, Refresh> {
    let connections = || Arc::clone(connections);
    TokenPair {
        access: Arc::new(Access { token: pair.access, connections: connections() }),
        refresh: pair.refresh.map(|token| Refresh { token, connections: connections() }),
        expiry: pair.expiry,
    }
}

fn not_sent() -> AuthError {
    let message =
        "the session was closed, or the lease of the token store ended, before the request was sent";
    AuthError { failure: Failure::NotSent, error: Error::new(ErrorKind::Timeout, message) }
}

/// Whether a logout failed because its token had expired.
fn is_dead(revoked: &Result<()>) -> bool {
    revoked.as_ref().is_err_and(|error| error.status() == Some(401))
}

#[cfg(test)]
mod tests;
