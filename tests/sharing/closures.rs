//! Credentials closures of sessions with a store, which calls them to find its entry.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use popup_rewards::store::StoreKey;
use popup_rewards::{Credentials, Error, ErrorKind, EventKind, RetryPolicy, Session};

use super::team::Team;

#[test]
fn a_closure_that_uses_its_own_session_fails_at_once() {
    let team = Team::frozen();
    let own: Arc<Mutex<Option<Session>>> = Arc::default();
    let found = Arc::clone(&own);
    let credentials = Credentials::from_fn(move || {
        let session = found.lock().clone();
        session.unwrap().countries()?;
        Err(Error::store("unreachable", "the call above fails"))
    });
    let session = Session::builder(&team.sandbox.url(), credentials)
        .clock(team.clock.clone())
        .retry(RetryPolicy::new().retries(0))
        .token_store(team.store.clone())
        .build()
        .unwrap();
    *own.lock() = Some(session.clone());
    // On a clock that stands still, a call that waits for its own flight never ends.
    let error = session.countries().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error:?}");
    assert!(error.to_string().contains("used its own session"), "{error}");
    own.lock().take();
}

#[test]
fn a_closure_that_fails_is_called_once_a_flight_and_no_fault_of_the_store() {
    for panics in [false, true] {
        let team = Team::new();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let member = team.member_with(Credentials::from_fn(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            if panics {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            StoreKey::from_env("NO_SUCH_VARIABLE").map(|_| Credentials::new("key", "secret"))
        }));
        let error = member.session.countries().unwrap_err();
        assert_ne!(error.kind(), ErrorKind::Store, "{error:?}");
        member.until(EventKind::Failed);
        assert!(!member.saw(EventKind::StoreFailed));
        assert_eq!(calls.load(Ordering::SeqCst), 1, "panics: {panics}");
        team.sandbox.advance(Duration::from_secs(120));
        drop(member.session.countries());
        assert_eq!(calls.load(Ordering::SeqCst), 2, "the next flight asks again");
    }
}
