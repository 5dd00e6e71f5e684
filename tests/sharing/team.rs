//! Several sessions, each as in a process of its own, with one store and one sandbox.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use popup_rewards::sandbox::Sandbox;
use popup_rewards::store::StoreKey;
use popup_rewards::{Credentials, Event, EventKind, RetryPolicy, Session, SessionBuilder};

use super::memory::MemoryStore;
use crate::common::clock::TestClock;
use crate::common::until;

pub(crate) struct Team {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: TestClock,
    pub(crate) store: MemoryStore,
}

pub(crate) struct Member {
    pub(crate) session: Session,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
}

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

impl Team {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::start().unwrap();
        Team::on(TestClock::of(&sandbox), sandbox)
    }

    /// A team whose members run at the same time: their pauses take real time.
    pub(crate) fn at_once() -> Self {
        let sandbox = Sandbox::start().unwrap();
        Team::on(TestClock::following(&sandbox), sandbox)
    }

    /// A team whose clock stands still.
    pub(crate) fn frozen() -> Self {
        Team::on(TestClock::default().today(), Sandbox::start().unwrap())
    }

    fn on(clock: TestClock, sandbox: Sandbox) -> Self {
        Team { store: MemoryStore::new(&clock), sandbox, clock }
    }

    pub(crate) fn member(&self) -> Member {
        self.member_with(self.sandbox.credentials())
    }

    pub(crate) fn member_with(&self, credentials: Credentials) -> Member {
        self.build(Session::builder(&self.sandbox.url(), credentials), &self.store)
    }

    /// A member whose store has another key.
    pub(crate) fn stranger(&self) -> Member {
        let store = self.store.with_key(StoreKey::new([8; 32]));
        self.build(Session::builder(&self.sandbox.url(), self.sandbox.credentials()), &store)
    }

    fn build(&self, builder: SessionBuilder, store: &MemoryStore) -> Member {
        let events = Arc::new(Mutex::new(Vec::new()));
        let observed = Arc::clone(&events);
        let session = builder
            .clock(self.clock.clone())
            .retry(RetryPolicy::new().retries(0))
            .token_store(store.clone())
            .observer(move |event| observed.lock().push(event.clone()))
            .build()
            .unwrap();
        Member { session, events }
    }

    pub(crate) fn logins(&self) -> u64 {
        self.sandbox.calls("POST /auth/login")
    }

    pub(crate) fn refreshes(&self) -> u64 {
        self.sandbox.calls("POST /auth/refresh")
    }

    /// The number of logins and refreshes.
    pub(crate) fn auth_calls(&self) -> (u64, u64) {
        (self.logins(), self.refreshes())
    }

    /// Waits as [`MemoryStore::settle`] does.
    pub(crate) fn settle(&self) {
        self.store.settle();
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.sandbox.refresh_tokens_presented_twice(), 0);
        }
    }
}

impl Member {
    pub(crate) fn call(&self) {
        self.session.countries().unwrap();
    }

    pub(crate) fn saw(&self, kind: EventKind) -> bool {
        self.events.lock().iter().any(|event| event.kind == kind)
    }

    /// Waits until the observer has seen this event.
    pub(crate) fn until(&self, kind: EventKind) {
        until("the event", || self.saw(kind)).unwrap();
    }
}
