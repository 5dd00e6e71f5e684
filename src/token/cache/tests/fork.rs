//! The cache in a forked child process.

use std::io;
use std::task::Waker;

use super::super::*;
use super::scene::{FLIGHT_LIMIT, pair, secs};
use crate::EventKind;
use crate::token::per_process::tests::in_a_child;
use crate::token::source::*;
use crate::token::types::*;

/// A source without locks and threads, which a child could not use.
#[derive(Default)]
struct ForkSource {
    logins: AtomicU64,
    /// The seconds since the login.
    age: AtomicU64,
    /// Whether flights start but never run.
    hangs: AtomicBool,
}

impl Source for ForkSource {
    type Access = &'static str;
    type Refresh = ();

    fn now(&self) -> Reading {
        let now = secs(1 + self.age.load(Ordering::SeqCst));
        Reading { monotonic: now, wall: now }
    }
    fn random(&self) -> f64 {
        1.0
    }
    fn on_pause(&self, _: Duration) {}
    fn on_jump(&self, _: Waker) {}
    fn spawn(&self, flight: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        if !self.hangs.load(Ordering::SeqCst) {
            flight();
        }
        Ok(())
    }
    fn close_connections(&self) {}
    fn login(&self, _: LoginAttempt<'_>) -> Result<TokenPair<&'static str, ()>, AuthError> {
        self.logins.fetch_add(1, Ordering::SeqCst);
        let TokenPair { access, expiry, .. } = pair("minted", self.now().monotonic);
        Ok(TokenPair { access, refresh: Some(()), expiry })
    }
    fn refresh(
        &self,
        (): &(),
        _: Duration,
        _: &dyn Fn() -> bool,
    ) -> Result<TokenPair<&'static str, ()>, AuthError> {
        Err(AuthError {
            failure: Failure::NotSent,
            error: Error::new(ErrorKind::Network, "refreshes always fail"),
        })
    }
    fn revoke(&self, _: TokensToRevoke<Self>, _: Duration, _: &dyn Fn(Duration)) -> Result<()> {
        Ok(())
    }
    fn forked(&self, _: &&'static str) -> &'static str {
        "inherited"
    }
    fn observe(&self, _: EventKind, _: Snapshot, _: Option<&Error>) {}
}

fn cache() -> (Cache<ForkSource>, Arc<ForkSource>) {
    let source = Arc::<ForkSource>::default();
    let rules = TokenSettings { flight_limit: FLIGHT_LIMIT, credentials_can_change: false, shared: None };
    let cache = Cache::new(rules, Arc::clone(&source));
    cache.acquire(Waiter::new(0, secs(60), 0)).unwrap();
    (cache, source)
}

#[test]
fn a_child_uses_the_access_token_of_its_parent_and_has_no_refresh_token() {
    let (cache, source) = cache();
    assert!(in_a_child(|| {
        let grant = cache.acquire(Waiter::new(0, secs(60), cache.closes())).ok();
        grant == Some(Grant { access: "inherited", generation: 1 })
            && !cache.shared().state.lock().machine.can_refresh()
            && source.logins.load(Ordering::SeqCst) == 1
    }));
    assert_eq!(cache.acquire(Waiter::new(0, secs(60), 0)).unwrap().access, "minted");
}

#[test]
fn a_child_does_not_wait_for_a_flight_of_its_parent() {
    let (cache, source) = cache();
    source.hangs.store(true, Ordering::SeqCst);
    // The token expires soon, so a flight starts in the background.
    source.age.store(3400, Ordering::SeqCst);
    assert_eq!(cache.acquire(Waiter::new(0, secs(3460), 0)).unwrap().generation, 1);
    assert!(cache.shared().state.lock().machine.flight.is_some());
    assert!(in_a_child(|| {
        source.hangs.store(false, Ordering::SeqCst);
        cache.acquire(Waiter::new(1, secs(3460), 0)).is_ok_and(|grant| grant.generation == 2)
    }));
}

#[test]
fn a_child_does_not_use_a_lock_that_its_parent_held() {
    let (cache, source) = cache();
    let _held = cache.shared().state.lock();
    assert!(in_a_child(|| {
        cache.peek(Duration::ZERO, |_| ()).is_none()
            && cache.acquire(Waiter::new(0, secs(60), 0)).is_ok_and(|grant| grant.access == "minted")
            && source.logins.load(Ordering::SeqCst) == 2
    }));
}

#[test]
fn a_child_of_a_parent_that_logged_out_is_logged_out() {
    let (cache, source) = cache();
    cache.close(Close::Forget, Duration::ZERO).unwrap();
    let is_closed = || {
        let closed = cache.acquire(Waiter::new(0, secs(60), cache.closes())).unwrap_err();
        closed.kind() == ErrorKind::LoggedOut && source.logins.load(Ordering::SeqCst) == 1
    };
    assert!(in_a_child(is_closed));
    let _held = cache.shared().state.lock();
    assert!(in_a_child(is_closed));
}
