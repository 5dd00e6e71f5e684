//! A cache in the hands of the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::super::*;
use super::server::{AuthCall, BOUND, Revocation, Server, TestClock};
pub(super) use super::server::{LIFE, LOST, failed, pair, secs};
use crate::token::source::*;
use crate::token::types::*;

pub(super) const FLIGHT_LIMIT: Duration = secs(90);

/// The generation of the token, or the error with its seconds to wait.
pub(super) type Outcome = Result<u64, (ErrorKind, Option<u64>)>;

/// What a thread will bring.
pub(super) struct Pending<T>(Receiver<T>);

impl<T: Send + 'static> Pending<T> {
    pub(super) fn new(work: impl FnOnce() -> T + Send + 'static) -> Self {
        let (done, result) = channel();
        thread::spawn(move || done.send(work()).ok());
        Pending(result)
    }

    pub(super) fn ends(self) -> T {
        self.0.recv_timeout(BOUND).expect("the thread did not end")
    }
}

pub(super) struct Scene {
    pub(super) clock: TestClock,
    pub(super) cache: Arc<Cache<Server>>,
    pub(super) server: Arc<Server>,
    calls: Receiver<AuthCall>,
    revocations: Receiver<Revocation>,
    pauses: Receiver<Duration>,
    ended: Receiver<()>,
}

impl Scene {
    pub(super) fn new() -> Self {
        Scene::with_credentials_that(false)
    }

    pub(super) fn with_credentials_that(credentials_can_change: bool) -> Self {
        let clock = TestClock::default();
        clock.advance(secs(1000));
        let ((calls, seen), (revocations, revoked)) = (channel(), channel());
        let ((pauses, announced), (ended, over)) = (channel(), channel());
        let server = Arc::new(Server {
            clock: clock.clone(),
            calls,
            revocations,
            pauses,
            ended,
            readings: AtomicU64::new(0),
            flights: AtomicU64::new(0),
            no_threads: AtomicBool::new(false),
            broken_clock: AtomicBool::new(false),
            restless_clock: AtomicBool::new(false),
            observer: Mutex::new(None),
            hold: Mutex::new(None),
            hold_reading: Mutex::new(None),
            hold_closing: Mutex::new(None),
            left_current: AtomicBool::new(true),
        });
        let rules = TokenSettings { flight_limit: FLIGHT_LIMIT, credentials_can_change };
        let cache = Arc::new(Cache::new(rules, Arc::clone(&server)));
        Scene { clock, cache, server, calls: seen, revocations: revoked, pauses: announced, ended: over }
    }

    /// A scene with the first pair in it, whose name is "a".
    pub(super) fn logged_in() -> Self {
        let scene = Scene::new();
        let first = scene.caller(0, secs(60));
        scene.next("login").grants("a");
        assert_eq!(first.ends(), Ok(1));
        scene.flight_ends();
        scene
    }

    /// The next auth call.
    pub(super) fn next(&self, expected: &str) -> AuthCall {
        let call = self.calls.recv_timeout(BOUND).expect("no auth call came");
        assert_eq!(call.name, expected);
        call
    }

    pub(super) fn next_revocation(&self) -> Revocation {
        self.revocations.recv_timeout(BOUND).expect("no revocation came")
    }

    pub(super) fn is_revoking(&self) -> bool {
        self.revocations.try_recv().is_ok()
    }

    /// Waits until a thread announces a pause until this instant. A pause may be announced more than once.
    pub(super) fn until_pausing(&self, until: Duration) {
        while self.pauses.recv_timeout(BOUND).expect("no thread paused") != until {}
    }

    /// Lets no thread go on that announces a pause, until what comes back is dropped.
    pub(super) fn hold(&self) -> Sender<()> {
        let (release, hold) = channel();
        *self.server.hold.lock() = Some(hold);
        release
    }

    /// Keeps the next thread that reads the clock from using what it has read, until what comes back is dropped.
    pub(super) fn hold_reading(&self) -> Sender<()> {
        let (release, hold) = channel();
        *self.server.hold_reading.lock() = Some(hold);
        release
    }

    /// Keeps the next thread that closes the connections from going on, until what comes back is dropped.
    pub(super) fn hold_closing(&self) -> Sender<()> {
        let (release, hold) = channel();
        *self.server.hold_closing.lock() = Some(hold);
        release
    }

    pub(super) fn readings(&self) -> u64 {
        self.server.readings.load(Ordering::SeqCst)
    }

    /// A session whose first login has failed, which holds the next one back for a second.
    pub(super) fn after_a_failed_login() -> Scene {
        let scene = Scene::new();
        let first = scene.caller(0, secs(60));
        scene.next("login").fails(Failure::Unusable);
        assert_eq!(first.ends(), Err((ErrorKind::InvalidResponse, Some(1))));
        scene.flight_ends();
        scene
    }

    /// Waits for the end of a flight's thread.
    pub(super) fn flight_ends(&self) {
        self.ended.recv_timeout(BOUND).expect("the thread of the flight did not end");
    }

    pub(super) fn until(holds: impl Fn() -> bool) {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < BOUND, "it does not come to that");
            thread::yield_now();
        }
    }

    /// Waits until so many callers have had to wait.
    pub(super) fn until_waiting(&self, callers: u64) {
        Scene::until(|| self.cache.waits() >= callers);
    }

    /// The flights that were started, whether or not there was a thread for them.
    pub(super) fn flights(&self) -> u64 {
        self.server.flights.load(Ordering::SeqCst)
    }

    /// A caller with so much time for a token newer than a generation.
    pub(super) fn caller(&self, newer_than: u64, time: Duration) -> Pending<Outcome> {
        self.waiting(Waiter::new(newer_than, self.clock.now() + time, self.cache.closes()))
    }

    pub(super) fn waiting(&self, waiter: Waiter) -> Pending<Outcome> {
        let cache = Arc::clone(&self.cache);
        Pending::new(move || outcome_of(cache.acquire(waiter)))
    }

    pub(super) fn login(&self, time: Duration) -> Pending<Outcome> {
        let (cache, deadline) = (Arc::clone(&self.cache), self.clock.now() + time);
        Pending::new(move || outcome_of(cache.login(deadline)))
    }

    pub(super) fn logout(&self) -> Pending<Result<()>> {
        let cache = Arc::clone(&self.cache);
        Pending::new(move || cache.close(Close::Logout, Duration::MAX))
    }

    pub(super) fn forget(&self) {
        self.cache.close(Close::Forget, Duration::ZERO).unwrap();
    }

    /// What a caller gets that has no time to wait.
    pub(super) fn at_once(&self) -> Outcome {
        self.caller(0, Duration::ZERO).ends()
    }
}

fn outcome_of(result: Result<Grant<&'static str>>) -> Outcome {
    let error = |error: Error| (error.kind(), error.retry_after().map(|wait| wait.as_secs()));
    result.map(|grant| grant.generation).map_err(error)
}

pub(super) fn last_retry(newer_than: u64) -> After401 {
    After401::Retry { newer_than, last: true }
}
