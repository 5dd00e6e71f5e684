//! The token cache: the only place that locks, and the only place that blocks.
//!
//! One mutex guards the machine and the tokens it is about. It is held for as long as it takes to look at them: never
//! across I/O, and never while code of the user runs. Whoever waits sleeps on the one condition variable in
//! [`wait`](Shared::wait); every change goes through [`change`](Shared::change), which wakes all of them. A flight
//! runs on a thread of its own (`fly.rs`), so no caller's deadline or panic is another caller's problem.

mod fly;
mod observe;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::Wake;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use self::observe::Untold;
use super::machine::Machine;
use super::per_process::PerProcess;
use super::refusal::{error_of, logged_out};
use super::source::{Grant, Source};
use super::types::{After401, Close, Poll, RouteName, Rules, Snapshot, Waiter};
use crate::clock::Now;
use crate::{Error, ErrorKind, EventKind, Result};

/// The tokens of one session, for any number of threads.
pub(crate) struct Cache<S: Source>(PerProcess<Arc<Shared<S>>>);

struct Shared<S: Source> {
    state: Mutex<State<S>>,
    changed: Condvar,
    /// Counts the jumps of a clock that can jump, so that none is missed between reading it and going to sleep.
    jumps: AtomicU64,
    /// The generation of which `accepted` has nothing more to learn: most calls of a session touch no lock there.
    settled: AtomicU64,
    /// Whether the session is closed, for a child that cannot have the lock.
    closed: AtomicBool,
    /// How often a caller had to wait.
    waits: AtomicU64,
    /// The events of flights that the observer was not told of yet. Locked for as long as it takes to look.
    untold: Mutex<Untold>,
    rules: Rules,
    source: Arc<S>,
}

/// What a flight ends with that has not ended by itself.
const OVERDUE: &str = "the login or refresh did not end within its time limit";

/// The machine, and the tokens it is about.
struct State<S: Source> {
    machine: Machine,
    access: Option<S::Access>,
    refresh: Option<S::Refresh>,
    /// Of the last auth call, if it failed.
    error: Option<Error>,
    /// The monotonic reading of the last poll, for a thread whose clock panics.
    polled: Duration,
}

impl<S: Source> State<S> {
    fn new(machine: Machine, access: Option<S::Access>) -> Self {
        State { machine, access, refresh: None, error: None, polled: Duration::ZERO }
    }
}

impl<S: Source> Cache<S> {
    pub(crate) fn new(rules: Rules, source: Arc<S>) -> Self {
        Cache(PerProcess::new(Shared::new(rules, State::new(Machine::new(rules), None), source)))
    }

    /// Reads from the token without cloning it, if it is fresh and the lock is free. Makes no system call.
    pub(crate) fn peek<T>(&self, at_least: Duration, read: impl FnOnce(&S::Access) -> T) -> Option<T> {
        let shared = self.0.first()?;
        let now = shared.source.now();
        let state = shared.state.try_lock()?;
        state.access.as_ref().filter(|_| state.machine.is_fresh(at_least, now)).map(read)
    }

    /// Obtains a token. Returns by the waiter's deadline, whatever happens to anybody else.
    pub(crate) fn acquire(&self, waiter: Waiter) -> Result<Grant<S::Access>> {
        let shared = self.shared();
        shared.check_reentry()?;
        shared.acquire(waiter)
    }

    /// Joins a login that is under way, else mints a new pair. Opens a closed session.
    pub(crate) fn login(&self, deadline: Duration) -> Result<Grant<S::Access>> {
        let shared = self.shared();
        shared.check_reentry()?;
        let waiter = shared.change(|state| state.machine.login(deadline));
        shared.acquire(waiter)
    }

    /// Every other pause of the crate. Ends with `LoggedOut` at the first logout after there had been `closes`.
    pub(crate) fn pause_until(&self, until: Duration, closes: u64) -> Result<()> {
        self.shared().wait(until, |state, now| match state.machine.is_open(closes) {
            false => Poll::Ready(Err(logged_out())),
            true if now.monotonic >= until => Poll::Ready(Ok(())),
            true => Poll::Wait { until, pause: true },
        })
    }

    pub(crate) fn refused(&self, generation: u64, route: RouteName, last: bool) -> After401 {
        let now = self.shared().source.now().monotonic;
        self.shared().change(|state| state.machine.refused(generation, route, last, now))
    }

    pub(crate) fn accepted(&self, generation: u64, route: RouteName) {
        let shared = self.shared();
        if shared.settled.load(Ordering::Acquire) != generation {
            let now = shared.source.now().monotonic;
            shared.change(|state| state.machine.accepted(generation, route, now));
        }
    }

    /// Closes the session, and after a logout revokes what was held, by `deadline`. No login leaves before that ends.
    pub(crate) fn close(&self, how: Close, deadline: Duration) -> Result<()> {
        let shared = self.shared();
        let held = shared.change(|state| {
            let revoke = state.machine.close(how);
            let (access, refresh) = (state.access.take(), state.refresh.take());
            state.error = None;
            access.filter(|_| revoke).map(|access| (access, refresh))
        });
        shared.source.close_connections();
        shared.end_close(held, deadline)
    }

    /// Tells the observer what happened on the thread of a caller.
    pub(crate) fn observe(&self, kind: EventKind, reason: Option<&Error>) {
        self.shared().observe(kind, reason);
    }

    /// How often a caller had to wait for a token.
    pub(crate) fn waits(&self) -> u64 {
        self.shared().waits.load(Ordering::Relaxed)
    }

    pub(crate) fn closes(&self) -> u64 {
        self.shared().state.lock().machine.closes()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.shared().state.lock().machine.generation()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.shared().snapshot()
    }

    fn shared(&self) -> &Arc<Shared<S>> {
        self.0.get(|parent| parent.forked())
    }
}

impl<S: Source> Shared<S> {
    fn new(rules: Rules, state: State<S>, source: Arc<S>) -> Arc<Self> {
        let shared = Arc::new(Shared {
            changed: Condvar::new(),
            jumps: AtomicU64::new(0),
            settled: AtomicU64::new(state.machine.settled()),
            closed: AtomicBool::new(state.machine.is_closed()),
            waits: AtomicU64::new(0),
            state: Mutex::new(state),
            untold: Mutex::default(),
            rules,
            source,
        });
        shared.source.on_jump(Arc::new(Jump(Arc::downgrade(&shared))).into());
        shared
    }

    /// Of a child process: takes over what can be had without waiting for a thread that is not there.
    fn forked(&self) -> Arc<Self> {
        let closed = self.closed.load(Ordering::SeqCst);
        let parent = self.state.try_lock().map(|parent| (parent.machine.forked(), parent.access.clone()));
        let (machine, access) = parent.unwrap_or_else(|| (Machine::cold(self.rules, closed), None));
        let access = access.map(|access| self.source.forked(&access));
        Shared::new(self.rules, State::new(machine, access), Arc::clone(&self.source))
    }

    fn acquire(self: &Arc<Self>, mut waiter: Waiter) -> Result<Grant<S::Access>> {
        let (deadline, mut waits) = (waiter.deadline, false);
        self.wait(deadline, |state, now| match state.machine.acquire(&mut waiter, now) {
            Poll::Wait { until, pause } => {
                let first = !std::mem::replace(&mut waits, true);
                self.waits.fetch_add(u64::from(first), Ordering::Relaxed);
                Poll::Wait { until, pause }
            }
            Poll::Ready(Ok(generation)) => {
                let access = state.access.clone().ok_or_else(logged_out);
                Poll::Ready(access.map(|access| Grant { access, generation }))
            }
            Poll::Ready(Err(refusal)) => Poll::Ready(Err(error_of(refusal, state.error.as_ref()))),
        })
    }

    /// The only place that blocks: polls, and polls again after a change or at the instant named. A flight that the
    /// caller has to fly itself, because no thread can be started, is over by `deadline`.
    fn wait<R>(
        self: &Arc<Self>,
        deadline: Duration,
        mut poll: impl FnMut(&mut State<S>, Now) -> Poll<R>,
    ) -> R {
        // The pause that the clock was told of, until this thread has slept.
        let mut announced = None;
        let mut is_second = false;
        loop {
            let jumps = self.jumps.load(Ordering::SeqCst);
            let now = self.source.now();
            let mut state = self.state.lock();
            // The reading may be from before the jump. There is no third, because a clock may jump whenever it is read.
            let jumped = self.jumps.load(Ordering::SeqCst) != jumps;
            is_second = jumped && !is_second;
            if is_second {
                continue;
            }
            state.polled = state.polled.max(now.monotonic);
            if let Some(id) = state.machine.overdue(now.monotonic) {
                drop(state);
                self.abandon(id, Error::new(ErrorKind::Timeout, OVERDUE));
                continue;
            }
            let polled = poll(&mut state, now);
            let flight = state.machine.launch();
            let mut pausing = None;
            if let (Poll::Wait { until, pause }, None) = (&polled, flight) {
                // Announced outside of the lock, so there is one more poll between that and going to sleep. That one
                // may find the pause over and another begun.
                if *pause && announced.is_none_or(|end| end <= now.monotonic) {
                    (announced, pausing) = (Some(*until), Some(*until));
                } else if !jumped {
                    // A jump from here on needs the lock to wake this thread.
                    self.changed.wait_for(&mut state, until.saturating_sub(now.monotonic));
                    announced = None;
                }
            }
            drop(state);
            if let Some(until) = pausing {
                self.source.pausing(until);
            }
            if let Some(id) = flight {
                self.start(id, matches!(polled, Poll::Ready(_)), deadline);
            }
            if let Poll::Ready(result) = polled {
                return result;
            }
        }
    }

    /// Every change goes through here, so that none is made without waking whoever waits.
    fn change<R>(&self, change: impl FnOnce(&mut State<S>) -> R) -> R {
        let result = {
            let mut state = self.state.lock();
            let result = change(&mut state);
            self.settled.store(state.machine.settled(), Ordering::Release);
            self.closed.store(state.machine.is_closed(), Ordering::SeqCst);
            result
        };
        self.changed.notify_all();
        result
    }

    fn snapshot(&self) -> Snapshot {
        let now = self.source.now();
        self.state.lock().machine.snapshot(now)
    }
}

/// Wakes whoever waits after the clock has jumped. It keeps nothing alive, because the clock keeps it.
struct Jump<S: Source>(Weak<Shared<S>>);

impl<S: Source> Wake for Jump<S> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(shared) = self.0.upgrade() {
            shared.jumps.fetch_add(1, Ordering::SeqCst);
            shared.change(|_| ());
        }
    }
}
