//! A source of tokens that a test controls: its auth calls, clock, threads and observer.

use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::super::*;
use crate::EventKind;
use crate::token::expiry::{Evidence, Expiry};
use crate::token::source::*;
use crate::token::types::*;

/// A test that waits this long fails.
pub(super) const BOUND: Duration = Duration::from_secs(20);
pub(super) const LIFE: Duration = secs(3600);
pub(super) const LOST: Failure = Failure::Unknown { from_api: false, retry_after: Duration::ZERO };

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

/// Not `Clone`, like the real one.
#[derive(Debug)]
pub(super) struct Refresh(pub(super) &'static str);

pub(super) type HeldResult = Result<TokenPair<&'static str, Refresh>, AuthError>;
type EventHook = Box<dyn Fn(EventKind) + Send + Sync>;

/// An auth call that waits until the test responds.
pub(super) struct HeldCall {
    pub(super) name: String,
    pub(super) at: Duration,
    pub(super) limit: Duration,
    respond: Sender<Box<dyn FnOnce() -> HeldResult + Send>>,
}

impl HeldCall {
    pub(super) fn responds(self, response: HeldResult) {
        self.runs(move || response);
    }

    /// Runs the closure on the thread of the flight, as a credentials closure does.
    pub(super) fn runs(self, closure: impl FnOnce() -> HeldResult + Send + 'static) {
        self.respond.send(Box::new(closure)).unwrap();
    }

    pub(super) fn panics(self) {
        self.runs(|| resume_unwind(Box::new("on purpose")));
    }

    /// Responds with a pair whose life begins when the call was sent.
    pub(super) fn grants(self, name: &'static str) {
        let pair = pair(name, self.at);
        self.responds(Ok(pair));
    }

    pub(super) fn fails(self, failure: Failure) {
        self.responds(failed(failure));
    }
}

pub(super) fn pair(name: &'static str, sent: Duration) -> TokenPair<&'static str, Refresh> {
    let sent = Reading { monotonic: sent, wall: sent };
    let evidence = Evidence { sent, server_date: None, expires_at: None, exp: Some(3600), iat: Some(0) };
    TokenPair { access: name, refresh: Some(Refresh(name)), expiry: Expiry::new(&evidence, secs(300), 0.5) }
}

pub(super) fn failed(failure: Failure) -> HeldResult {
    let kind = match failure {
        Failure::NotSent | Failure::Unknown { .. } => ErrorKind::Network,
        Failure::Refused | Failure::Unchanged => ErrorKind::InvalidCredentials,
        Failure::Forbidden => ErrorKind::Forbidden,
        Failure::Limited { .. } => ErrorKind::RateLimited,
        Failure::Unusable => ErrorKind::InvalidResponse,
        Failure::ClosureBusy | Failure::Aborted | Failure::Unsendable => ErrorKind::Configuration,
    };
    Err(AuthError { failure, error: Error::new(kind, "set by the test") })
}

/// The tokens of a revocation, which waits until the test ends it.
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

pub(super) struct TestSource {
    pub(super) clock: TestClock,
    pub(super) calls: Sender<HeldCall>,
    pub(super) revocations: Sender<Revocation>,
    pub(super) pauses: Sender<Duration>,
    pub(super) ended: Sender<()>,
    pub(super) readings: AtomicU64,
    /// The number of calls of `spawn`.
    pub(super) flights: AtomicU64,
    pub(super) no_threads: AtomicBool,
    /// Whether the clock panics on the threads of flights.
    pub(super) clock_panics: AtomicBool,
    /// Whether each reading advances the clock by a second.
    pub(super) clock_advances: AtomicBool,
    pub(super) observer: Mutex<Option<Arc<EventHook>>>,
    /// Blocks the next thread that announces a pause.
    pub(super) hold: Mutex<Option<Receiver<()>>>,
    /// Blocks the next thread that has read the clock.
    pub(super) hold_reading: Mutex<Option<Receiver<()>>>,
    /// Blocks the next thread that closes the connections.
    pub(super) hold_closing: Mutex<Option<Receiver<()>>>,
    /// Whether the last login was still current when its response arrived.
    pub(super) was_current: AtomicBool,
}

impl TestSource {
    fn hold_call(&self, name: String, limit: Duration) -> HeldResult {
        let (respond, response) = channel();
        self.calls.send(HeldCall { name, at: self.clock.now(), limit, respond }).ok();
        response.recv().map_or_else(|_| failed(Failure::Aborted), |respond| respond())
    }
}

impl Source for TestSource {
    type Access = &'static str;
    type Refresh = Refresh;

    fn now(&self) -> Reading {
        if self.clock_panics.load(Ordering::SeqCst) && thread::current().name() == Some("flight") {
            resume_unwind(Box::new("on purpose"));
        }
        if self.clock_advances.load(Ordering::SeqCst) {
            self.clock.advance(secs(1));
        }
        let now = self.clock.now();
        self.readings.fetch_add(1, Ordering::SeqCst);
        let hold = self.hold_reading.lock().take();
        hold.map(|hold| hold.recv_timeout(BOUND).ok());
        Reading { monotonic: now, wall: now }
    }
    fn random(&self) -> f64 {
        1.0
    }
    fn on_pause(&self, until: Duration) {
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
        let run = move || {
            flight();
            ended.send(()).ok();
        };
        thread::Builder::new().name("flight".to_owned()).spawn(run).map(drop)
    }
    fn login(&self, attempt: LoginAttempt<'_>) -> HeldResult {
        let name = if attempt.if_changed { "login if changed" } else { "login" };
        let response = self.hold_call(name.to_owned(), attempt.deadline);
        self.was_current.store((attempt.may_send)(), Ordering::SeqCst);
        response
    }
    fn refresh(&self, token: &Refresh, deadline: Duration, _: &dyn Fn() -> bool) -> HeldResult {
        self.hold_call(format!("refresh with {}", token.0), deadline)
    }
    fn close_connections(&self) {
        let hold = self.hold_closing.lock().take();
        hold.map(|hold| hold.recv_timeout(BOUND).ok());
    }
    fn revoke(
        &self,
        (access, refresh): TokensToRevoke<Self>,
        _: Duration,
        pause_until: &dyn Fn(Duration),
    ) -> Result<()> {
        // A pause until an instant in the past returns at once.
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
