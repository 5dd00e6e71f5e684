//! A cache with a source, a clock and callers that a test controls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::super::*;
use super::server::{BOUND, HeldCall, Revocation, TestClock, TestSource};
pub(super) use super::server::{LIFE, LOST, failed, pair, secs};
use crate::token::source::*;
use crate::token::types::*;

pub(super) const FLIGHT_LIMIT: Duration = secs(90);

/// The generation of the token, or the error and its retry delay in seconds.
pub(super) type Acquired = Result<u64, (ErrorKind, Option<u64>)>;

/// The result of a running thread.
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
    pub(super) cache: Arc<Cache<TestSource>>,
    pub(super) source: Arc<TestSource>,
    calls: Receiver<HeldCall>,
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
        let ((calls, next_calls), (revocations, next_revocations)) = (channel(), channel());
        let ((pauses, next_pauses), (ended, next_ended)) = (channel(), channel());
        let source = Arc::new(TestSource {
            clock: clock.clone(),
            calls,
            revocations,
            pauses,
            ended,
            readings: AtomicU64::new(0),
            flights: AtomicU64::new(0),
            no_threads: AtomicBool::new(false),
            clock_panics: AtomicBool::new(false),
            clock_advances: AtomicBool::new(false),
            observer: Mutex::new(None),
            hold: Mutex::new(None),
            hold_reading: Mutex::new(None),
            hold_closing: Mutex::new(None),
            was_current: AtomicBool::new(true),
        });
        let rules = TokenSettings { flight_limit: FLIGHT_LIMIT, credentials_can_change, shared: None };
        let cache = Arc::new(Cache::new(rules, Arc::clone(&source)));
        Scene {
            clock,
            cache,
            source,
            calls: next_calls,
            revocations: next_revocations,
            pauses: next_pauses,
            ended: next_ended,
        }
    }

    /// Logs in. The first pair is named "a".
    pub(super) fn logged_in() -> Self {
        let scene = Scene::new();
        let first = scene.caller(0, secs(60));
        scene.next("login").grants("a");
        assert_eq!(first.ends(), Ok(1));
        scene.flight_ends();
        scene
    }

    /// Returns the next auth call.
    pub(super) fn next(&self, expected: &str) -> HeldCall {
        let call = self.calls.recv_timeout(BOUND).expect("no auth call was sent");
        assert_eq!(call.name, expected);
        call
    }

    pub(super) fn next_revocation(&self) -> Revocation {
        self.revocations.recv_timeout(BOUND).expect("no revocation was sent")
    }

    pub(super) fn is_revoking(&self) -> bool {
        self.revocations.try_recv().is_ok()
    }

    /// Waits until a thread announces a pause until this instant. A pause may be announced more than once.
    pub(super) fn until_pausing(&self, until: Duration) {
        while self.pauses.recv_timeout(BOUND).expect("no thread paused") != until {}
    }

    /// Blocks the next thread that announces a pause until the returned sender is dropped.
    pub(super) fn hold(&self) -> Sender<()> {
        blocking(&self.source.hold)
    }

    /// Blocks the next thread that has read the clock until the returned sender is dropped.
    pub(super) fn hold_reading(&self) -> Sender<()> {
        blocking(&self.source.hold_reading)
    }

    /// Blocks the next thread that closes the connections until the returned sender is dropped.
    pub(super) fn hold_closing(&self) -> Sender<()> {
        blocking(&self.source.hold_closing)
    }

    pub(super) fn readings(&self) -> u64 {
        self.source.readings.load(Ordering::SeqCst)
    }

    /// Fails the first login, so the next one is delayed by a second.
    pub(super) fn after_a_failed_login() -> Scene {
        let scene = Scene::new();
        let first = scene.caller(0, secs(60));
        scene.next("login").fails(Failure::Unusable);
        assert_eq!(first.ends(), Err((ErrorKind::InvalidResponse, Some(1))));
        scene.flight_ends();
        scene
    }

    /// Waits until the thread of a flight ends.
    pub(super) fn flight_ends(&self) {
        self.ended.recv_timeout(BOUND).expect("the thread of the flight did not end");
    }

    pub(super) fn until(holds: impl Fn() -> bool) {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < BOUND, "timed out");
            thread::yield_now();
        }
    }

    /// Waits until this many callers have waited.
    pub(super) fn until_waiting(&self, callers: u64) {
        Scene::until(|| self.cache.waits() >= callers);
    }

    /// Returns the number of flights, with or without a thread.
    pub(super) fn flights(&self) -> u64 {
        self.source.flights.load(Ordering::SeqCst)
    }

    /// Starts a caller that waits this long for a token newer than this generation.
    pub(super) fn caller(&self, newer_than: u64, time: Duration) -> Pending<Acquired> {
        self.waiting(Waiter::new(newer_than, self.clock.now() + time, self.cache.closes()))
    }

    pub(super) fn waiting(&self, waiter: Waiter) -> Pending<Acquired> {
        let cache = Arc::clone(&self.cache);
        Pending::new(move || acquired(cache.acquire(waiter)))
    }

    pub(super) fn login(&self, time: Duration) -> Pending<Acquired> {
        let (cache, deadline) = (Arc::clone(&self.cache), self.clock.now() + time);
        Pending::new(move || acquired(cache.login(deadline)))
    }

    pub(super) fn logout(&self) -> Pending<Result<()>> {
        let cache = Arc::clone(&self.cache);
        Pending::new(move || cache.close(Close::Logout, Duration::MAX))
    }

    pub(super) fn forget(&self) {
        self.cache.close(Close::Forget, Duration::ZERO).unwrap();
    }

    /// Returns what a caller without time to wait gets.
    pub(super) fn at_once(&self) -> Acquired {
        self.caller(0, Duration::ZERO).ends()
    }
}

fn blocking(hold: &Mutex<Option<Receiver<()>>>) -> Sender<()> {
    let (release, released) = channel();
    *hold.lock() = Some(released);
    release
}

fn acquired(result: Result<Grant<&'static str>>) -> Acquired {
    let error = |error: Error| (error.kind(), error.retry_after().map(|wait| wait.as_secs()));
    result.map(|grant| grant.generation).map_err(error)
}

pub(super) fn last_retry(newer_than: u64) -> After401 {
    After401::Retry { newer_than, last: true }
}
