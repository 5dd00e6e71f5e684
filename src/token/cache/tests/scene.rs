//! A cache whose server, clock and observer are in the hands of the test.

use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::super::*;
use crate::EventKind;
use crate::token::expiry::{Evidence, Expiry};
use crate::token::source::*;
use crate::token::types::*;

/// No wait of a test is longer; none that succeeds takes anything like it.
const BOUND: Duration = Duration::from_secs(20);
pub(super) const FLIGHT_LIMIT: Duration = secs(90);
pub(super) const LIFE: Duration = secs(3600);
pub(super) const LOST: Failure = Failure::Unknown { answered: false, retry_after: Duration::ZERO };

pub(super) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[derive(Clone, Default)]
pub(super) struct TestClock(Arc<Mutex<(Duration, Vec<Waker>)>>);

impl TestClock {
    pub(super) fn now(&self) -> Duration {
        self.0.lock().0
    }

    pub(super) fn advance(&self, by: Duration) {
        let wakers = {
            let mut clock = self.0.lock();
            clock.0 += by;
            clock.1.clone()
        };
        wakers.iter().for_each(Waker::wake_by_ref);
    }
}

/// Can be moved only, like the real one.
#[derive(Debug)]
pub(super) struct Refresh(pub(super) &'static str);

pub(super) type Response = Result<Pair<&'static str, Refresh>, Failed>;
pub(super) type Outcome = Result<u64, (ErrorKind, Option<u64>)>;
type Observer = Box<dyn Fn(EventKind) + Send + Sync>;

/// An auth call that waits for its response.
pub(super) struct AuthCall {
    name: String,
    pub(super) at: Duration,
    pub(super) limit: Duration,
    respond: Sender<Box<dyn FnOnce() -> Response + Send>>,
}

impl AuthCall {
    pub(super) fn answers(self, response: Response) {
        self.runs(move || response);
    }

    /// Runs on the thread of the flight, as a credentials closure does.
    pub(super) fn runs(self, closure: impl FnOnce() -> Response + Send + 'static) {
        self.respond.send(Box::new(closure)).unwrap();
    }

    pub(super) fn panics(self) {
        self.runs(|| resume_unwind(Box::new("on purpose")));
    }

    /// A pair whose life began when the call was sent.
    pub(super) fn grants(self, name: &'static str) {
        let pair = pair(name, self.at);
        self.answers(Ok(pair));
    }

    pub(super) fn fails(self, failure: Failure) {
        self.answers(failed(failure));
    }
}

pub(super) fn pair(name: &'static str, sent: Duration) -> Pair<&'static str, Refresh> {
    let sent = Now { monotonic: sent, wall: sent };
    let evidence = Evidence { sent, server_date: None, expires_at: None, exp: Some(3600), iat: Some(0) };
    Pair { access: name, refresh: Some(Refresh(name)), expiry: Expiry::new(&evidence, secs(300), 0.5) }
}

pub(super) fn failed(failure: Failure) -> Response {
    let kind = match failure {
        Failure::NotSent | Failure::Unknown { .. } => ErrorKind::Network,
        Failure::Refused | Failure::Unchanged => ErrorKind::InvalidCredentials,
        Failure::Forbidden => ErrorKind::Forbidden,
        Failure::Limited { .. } => ErrorKind::RateLimited,
        Failure::Unusable => ErrorKind::InvalidResponse,
        Failure::Aborted | Failure::Unsendable => ErrorKind::Configuration,
    };
    Err(Failed { failure, error: Error::new(kind, "as the test wants") })
}

/// What was held at a logout, and a way to end its revocation.
pub(super) struct Revocation {
    pub(super) access: &'static str,
    pub(super) refresh: Option<&'static str>,
    end: Sender<Result<()>>,
}

impl Revocation {
    pub(super) fn ends(self, result: Result<()>) {
        self.end.send(result).unwrap();
    }
}

pub(super) struct Server {
    clock: TestClock,
    calls: Sender<AuthCall>,
    revocations: Sender<Revocation>,
    pauses: Sender<Duration>,
    ended: Sender<()>,
    pub(super) readings: AtomicU64,
    /// The threads that were asked for.
    pub(super) flights: AtomicU64,
    pub(super) no_threads: AtomicBool,
    /// Whether the clock panics on the threads of flights.
    pub(super) broken_clock: AtomicBool,
    pub(super) observer: Mutex<Option<Arc<Observer>>>,
    /// Keeps the next thread that announces a pause from going on.
    hold: Mutex<Option<Receiver<()>>>,
}

impl Server {
    fn ask(&self, name: String, limit: Duration) -> Response {
        let (respond, response) = channel();
        self.calls.send(AuthCall { name, at: self.clock.now(), limit, respond }).ok();
        response.recv().map_or_else(|_| failed(Failure::Aborted), |respond| respond())
    }
}

impl Source for Server {
    type Access = &'static str;
    type Refresh = Refresh;

    fn now(&self) -> Now {
        self.readings.fetch_add(1, Ordering::SeqCst);
        if self.broken_clock.load(Ordering::SeqCst) && thread::current().name() == Some("flight") {
            resume_unwind(Box::new("on purpose"));
        }
        Now { monotonic: self.clock.now(), wall: self.clock.now() }
    }
    fn random(&self) -> f64 {
        1.0
    }
    fn pausing(&self, until: Duration) {
        self.pauses.send(until).ok();
        let hold = self.hold.lock().take();
        hold.map(|hold| hold.recv_timeout(BOUND).ok());
    }
    fn on_jump(&self, waker: Waker) {
        self.clock.0.lock().1.push(waker);
    }
    fn spawn(&self, flight: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        self.flights.fetch_add(1, Ordering::SeqCst);
        if self.no_threads.load(Ordering::SeqCst) {
            return Err(io::Error::other("no threads"));
        }
        let ended = self.ended.clone();
        let fly = move || {
            flight();
            ended.send(()).ok();
        };
        thread::Builder::new().name("flight".to_owned()).spawn(fly).map(drop)
    }
    fn login(&self, if_changed: bool, deadline: Duration) -> Response {
        let name = if if_changed { "login if changed" } else { "login" };
        self.ask(name.to_owned(), deadline)
    }
    fn refresh(&self, token: &Refresh, deadline: Duration) -> Response {
        self.ask(format!("refresh with {}", token.0), deadline)
    }
    fn revoke(
        &self,
        (access, refresh): Closed<Self>,
        _: Duration,
        pause_until: &dyn Fn(Duration),
    ) -> Result<()> {
        // A revocation whose end is in the past pauses for no time.
        pause_until(Duration::ZERO);
        let (end, ended) = channel();
        self.revocations.send(Revocation { access, refresh: refresh.map(|token| token.0), end }).ok();
        ended.recv().unwrap_or_else(|_| resume_unwind(Box::new("on purpose")))
    }
    fn forked(&self, access: &&'static str) -> &'static str {
        access
    }
    fn observe(&self, kind: EventKind, _: Snapshot, _: Option<&Error>) {
        let observer = self.observer.lock().clone();
        if let Some(observer) = observer {
            observer(kind);
        }
    }
}

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
            observer: Mutex::new(None),
            hold: Mutex::new(None),
        });
        let rules = Rules { flight_limit: FLIGHT_LIMIT, credentials_can_change };
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

    /// The next pause that a thread announces.
    pub(super) fn next_pause(&self) -> Duration {
        self.pauses.recv_timeout(BOUND).expect("no thread paused")
    }

    /// Lets no thread go on that announces a pause, until what comes back is dropped.
    pub(super) fn hold(&self) -> Sender<()> {
        let (release, hold) = channel();
        *self.server.hold.lock() = Some(hold);
        release
    }

    /// Waits for the end of a flight's thread.
    pub(super) fn flight_ends(&self) {
        self.ended.recv_timeout(BOUND).expect("the thread of the flight did not end");
    }

    /// Waits until so many callers have had to wait.
    pub(super) fn until_waiting(&self, callers: u64) {
        let began = Instant::now();
        while self.cache.waits() < callers {
            assert!(began.elapsed() < BOUND, "nobody waits");
            thread::yield_now();
        }
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
        Pending::new(move || match cache.close(Close::Logout) {
            Some(held) => cache.revoke(held, Duration::MAX),
            None => Ok(()),
        })
    }

    pub(super) fn forget(&self) {
        assert!(self.cache.close(Close::Forget).is_none());
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
