//! A child process and the cache of its parent.

use std::convert::Infallible;
use std::io;
use std::task::Waker;

use super::super::*;
use super::scene::{FLIGHT_LIMIT, pair, secs};
use crate::EventKind;
use crate::token::per_process::tests::in_a_child;
use crate::token::source::*;
use crate::token::types::*;

/// Has no lock and no thread, so that a fork meets none.
#[derive(Default)]
struct Still {
    logins: AtomicU64,
}

impl Source for Still {
    type Access = &'static str;
    type Refresh = Infallible;

    fn now(&self) -> Reading {
        Reading { monotonic: secs(1), wall: secs(1) }
    }
    fn random(&self) -> f64 {
        1.0
    }
    fn on_pause(&self, _: Duration) {}
    fn on_jump(&self, _: Waker) {}
    fn spawn(&self, flight: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        flight();
        Ok(())
    }
    fn close_connections(&self) {}
    fn login(&self, _: LoginAttempt<'_>) -> Result<TokenPair<&'static str, Infallible>, AuthError> {
        self.logins.fetch_add(1, Ordering::SeqCst);
        let TokenPair { access, expiry, .. } = pair("minted", secs(1));
        Ok(TokenPair { access, refresh: None, expiry })
    }
    fn refresh(
        &self,
        token: &Infallible,
        _: Duration,
    ) -> Result<TokenPair<&'static str, Infallible>, AuthError> {
        match *token {}
    }
    fn revoke(&self, _: TokensToRevoke<Self>, _: Duration, _: &dyn Fn(Duration)) -> Result<()> {
        Ok(())
    }
    fn forked(&self, _: &&'static str) -> &'static str {
        "inherited"
    }
    fn observe(&self, _: EventKind, _: Snapshot, _: Option<&Error>) {}
}

fn cache() -> (Cache<Still>, Arc<Still>) {
    let source = Arc::<Still>::default();
    let rules = TokenSettings { flight_limit: FLIGHT_LIMIT, credentials_can_change: false };
    let cache = Cache::new(rules, Arc::clone(&source));
    cache.acquire(Waiter::new(0, secs(60), 0)).unwrap();
    (cache, source)
}

#[test]
fn a_child_uses_the_access_token_of_its_parent() {
    let (cache, source) = cache();
    assert!(in_a_child(|| {
        let grant = cache.acquire(Waiter::new(0, secs(60), cache.closes())).ok();
        grant == Some(Grant { access: "inherited", generation: 1 })
            && source.logins.load(Ordering::SeqCst) == 1
    }));
    assert_eq!(cache.acquire(Waiter::new(0, secs(60), 0)).unwrap().access, "minted");
}

#[test]
fn a_child_touches_no_lock_that_its_parent_held() {
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
