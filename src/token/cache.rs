//! The token cache: the lock on the tokens, and all waiting for them.
//!
//! One mutex guards the state machine and the tokens. It is never held across I/O or while user code runs. Every
//! waiting thread sleeps on one condition variable in [`wait`](Shared::wait). Every change goes through
//! [`change`](Shared::change), which wakes them all. A flight runs on a separate thread (`flight_thread.rs`), so the
//! deadline or panic of one caller does not affect another. The queue of events has a second mutex; neither is locked
//! while the other is held.

mod events;
mod flight_thread;
mod landing;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::Wake;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use self::events::EventQueue;
use super::acquire_error::logged_out;
use super::machine::Machine;
use super::per_process::PerProcess;
use super::source::{Grant, Source};
use super::types::{After401, Close, Poll, RouteName, Snapshot, TokenSettings, Waiter};
use crate::clock::Reading;
use crate::{Error, ErrorKind, EventKind, Result};

/// The tokens of one session, shared by any number of threads.
pub(crate) struct Cache<S: Source>(PerProcess<Arc<Shared<S>>>);

struct Shared<S: Source> {
    state: Mutex<State<S>>,
    changed: Condvar,
    /// Counts the jumps of the clock. A thread compares it before it sleeps, and so misses no jump.
    jumps: AtomicU64,
    /// See [`Machine::confirmed`]: most accepted calls read this and take no lock.
    confirmed: AtomicU64,
    /// Whether the session is closed, for a forked child that cannot take the lock.
    closed: AtomicBool,
    /// The number of callers that waited.
    waits: AtomicU64,
    events: Mutex<EventQueue>,
    settings: TokenSettings,
    source: Arc<S>,
}

/// The error of a flight that reached its deadline.
const OVERDUE: &str = "the login or refresh did not end within its time limit";

/// The state machine and the tokens.
struct State<S: Source> {
    machine: Machine,
    access: Option<S::Access>,
    refresh: Option<S::Refresh>,
    /// The error of the last auth call, if it failed.
    error: Option<Error>,
    /// The latest reading of a poll. It is used if the clock panics.
    last_reading: Reading,
}

impl<S: Source> State<S> {
    fn new(machine: Machine, access: Option<S::Access>) -> Self {
        State {
            machine,
            access,
            refresh: None,
            error: None,
            last_reading: Reading { monotonic: Duration::ZERO, wall: Duration::ZERO },
        }
    }
}

impl<S: Source> Cache<S> {
    pub(crate) fn new(settings: TokenSettings, source: Arc<S>) -> Self {
        Cache(PerProcess::new(Shared::new(settings, State::new(Machine::new(settings), None), source)))
    }

    /// Reads from the current token without cloning it, if it is fresh and the lock is free. Makes no system call.
    pub(crate) fn peek<T>(&self, at_least: Duration, read: impl FnOnce(&S::Access) -> T) -> Option<T> {
        let shared = self.0.first()?;
        let now = shared.source.now();
        let state = shared.state.try_lock()?;
        state.access.as_ref().filter(|_| state.machine.is_fresh(at_least, now)).map(read)
    }

    /// Obtains a token. Returns by the deadline of the waiter.
    pub(crate) fn acquire(&self, waiter: Waiter) -> Result<Grant<S::Access>> {
        let shared = self.shared();
        shared.check_reentry()?;
        shared.acquire(waiter)
    }

    /// Joins a login in progress, or logs in. Opens a closed session.
    pub(crate) fn login(&self, deadline: Duration) -> Result<Grant<S::Access>> {
        let shared = self.shared();
        shared.check_reentry()?;
        let waiter = shared.change(|state| state.machine.login(deadline));
        shared.acquire(waiter)
    }

    /// Pauses until a monotonic reading. Fails with `LoggedOut` as soon as the session is closed, or if it was closed
    /// after the caller read `closes`.
    pub(crate) fn pause_until(&self, until: Duration, closes: u64) -> Result<()> {
        self.shared().wait(until, |state, now| match state.machine.is_open(closes) {
            false => Poll::Ready(Err(logged_out())),
            true if now.monotonic >= until => Poll::Ready(Ok(())),
            true => Poll::Wait { until, pause: true },
        })
    }

    pub(crate) fn refused(&self, generation: u64, route: RouteName, last: bool) -> After401 {
        let now = self.shared().source.now().monotonic;
        self.shared().change(|state| {
            let after = state.machine.refused(generation, route, last, now);
            if after == (After401::Surface { rejected: true }) {
                state.refresh = None;
            }
            after
        })
    }

    pub(crate) fn accepted(&self, generation: u64, route: RouteName) {
        let shared = self.shared();
        if shared.confirmed.load(Ordering::Acquire) != generation {
            let now = shared.source.now().monotonic;
            shared.change(|state| state.machine.accepted(generation, route, now));
        }
    }

    /// Closes the session. A logout also clears the store, and revokes the tokens by `deadline`. No auth call is sent
    /// before this ends.
    pub(crate) fn close(&self, how: Close, deadline: Duration) -> Result<()> {
        let shared = self.shared();
        let tokens = shared.change(|state| {
            let revoke = state.machine.close(how);
            let (access, refresh) = (state.access.take(), state.refresh.take());
            state.error = None;
            access.filter(|_| revoke).map(|access| (access, refresh))
        });
        shared.source.close_connections();
        let cleared = if how == Close::Logout { shared.clear_store() } else { Ok(None) };
        let (stored, cleared) = cleared.map_or_else(|error| (None, Err(error)), |stored| (stored, Ok(())));
        // A refresh token of its own: the pair is not that of the entry. Any of the two may be dead.
        let own = tokens.filter(|(_, refresh)| refresh.is_some() || stored.is_none());
        shared.finish_close([own, stored], deadline).and(cleared)
    }

    /// Drops the tokens, and clears the entry of the store for every process.
    pub(crate) fn forget_stored(&self) -> Result<()> {
        self.close(Close::Forget, Duration::ZERO).unwrap_or_default();
        self.shared().clear_store().map(drop)
    }

    /// Waits until no pair can be lost to the other processes, at most until `deadline`.
    pub(crate) fn until_saved(&self, deadline: Duration) {
        let shared = self.shared();
        let until_pause = |state: &mut State<S>, now: Reading| {
            if now.monotonic >= deadline || !state.machine.may_lose_pair() {
                return Poll::Ready(false);
            }
            if state.machine.is_pausing(now.monotonic) {
                return Poll::Ready(true);
            }
            Poll::Wait { until: deadline, pause: false }
        };
        while shared.wait(deadline, until_pause) {
            shared.change(|state| state.machine.end_flight());
        }
    }

    /// Calls the observer on this thread.
    pub(crate) fn observe(&self, kind: EventKind, reason: Option<&Error>) {
        self.shared().observe(kind, reason);
    }

    /// The number of callers that waited for a token.
    pub(crate) fn waits(&self) -> u64 {
        self.shared().waits.load(Ordering::Relaxed)
    }

    pub(crate) fn closes(&self) -> u64 {
        self.shared().state.lock().machine.closes
    }

    pub(crate) fn generation(&self) -> u64 {
        self.shared().state.lock().machine.generation
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.shared().snapshot()
    }

    fn shared(&self) -> &Arc<Shared<S>> {
        self.0.get(|parent| parent.forked())
    }
}

impl<S: Source> Shared<S> {
    fn new(settings: TokenSettings, state: State<S>, source: Arc<S>) -> Arc<Self> {
        let shared = Arc::new(Shared {
            changed: Condvar::new(),
            jumps: AtomicU64::new(0),
            confirmed: AtomicU64::new(state.machine.confirmed()),
            closed: AtomicBool::new(state.machine.is_closed()),
            waits: AtomicU64::new(0),
            state: Mutex::new(state),
            events: Mutex::default(),
            settings,
            source,
        });
        shared.source.on_jump(Arc::new(ClockWaker(Arc::downgrade(&shared))).into());
        shared
    }

    /// Returns the state of a forked child. It must not wait for a lock: the thread that held it does not exist here.
    fn forked(&self) -> Arc<Self> {
        let closed = self.closed.load(Ordering::SeqCst);
        let parent = self.state.try_lock().map(|parent| (parent.machine.forked(), parent.access.clone()));
        let (machine, access) = parent.unwrap_or_else(|| (Machine::cold(self.settings, closed), None));
        let access = access.map(|access| self.source.forked(&access));
        Shared::new(self.settings, State::new(machine, access), Arc::clone(&self.source))
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
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into_error(state.error.as_ref()))),
        })
    }

    /// Polls until the poll is ready: again after each change, and at the instant that the poll names.
    ///
    /// This is the only place that blocks. If no thread can be started for a flight, the caller runs it here, until
    /// `deadline`.
    fn wait<R>(
        self: &Arc<Self>,
        deadline: Duration,
        mut poll: impl FnMut(&mut State<S>, Reading) -> Poll<R>,
    ) -> R {
        // The pause that was announced to the clock. Reset after this thread has slept.
        let mut announced = None;
        let mut rereads = false;
        loop {
            let jumps = self.jumps.load(Ordering::SeqCst);
            let now = self.source.now();
            let mut state = self.state.lock();
            // The reading may be from before the jump, so read again. Do so once only: a clock may jump at every read.
            let jumped = self.jumps.load(Ordering::SeqCst) != jumps;
            rereads = jumped && !rereads;
            if rereads {
                continue;
            }
            let monotonic = state.last_reading.monotonic.max(now.monotonic);
            state.last_reading = Reading { monotonic, ..now };
            if let Some(id) = state.machine.overdue(now.monotonic) {
                drop(state);
                self.abandon(id, Error::new(ErrorKind::Timeout, OVERDUE));
                continue;
            }
            let polled = poll(&mut state, now);
            let flight = state.machine.flight_to_spawn();
            let mut pausing = None;
            if let (Poll::Wait { until, pause }, None) = (&polled, flight) {
                // The lock is released to announce a pause, so poll once more before sleeping. By then the pause may
                // be over and another one may have begun.
                if *pause && announced.is_none_or(|end| end <= now.monotonic) {
                    (announced, pausing) = (Some(*until), Some(*until));
                } else if !jumped {
                    // A jump from here on wakes this thread: its waker takes the lock before it notifies.
                    self.changed.wait_for(&mut state, until.saturating_sub(now.monotonic));
                    announced = None;
                }
            }
            drop(state);
            if let Some(until) = pausing {
                self.source.on_pause(until);
            }
            if let Some(id) = flight {
                self.start(id, matches!(polled, Poll::Ready(_)), deadline);
            }
            if let Poll::Ready(result) = polled {
                return result;
            }
        }
    }

    /// Makes a change and wakes every waiting thread.
    fn change<R>(&self, change: impl FnOnce(&mut State<S>) -> R) -> R {
        let result = {
            let mut state = self.state.lock();
            let result = change(&mut state);
            self.confirmed.store(state.machine.confirmed(), Ordering::Release);
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

/// Wakes every waiting thread after a clock jump. The reference is weak because the clock keeps the waker.
struct ClockWaker<S: Source>(Weak<Shared<S>>);

impl<S: Source> Wake for ClockWaker<S> {
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
