//! The last link of the connector chain: it wipes what ureq leaves in a connection's buffers, notes how far
//! a call got, and stops sending once the session is closed.
//!
//! ureq keeps one output and one input buffer for each connection and never clears them, so a bearer token
//! would stay in memory for as long as the connection, and after that until the allocator hands the block to
//! somebody else. The only way to reach the buffers is through ureq's `unversioned::transport` traits, which
//! its semver promise leaves out. This is why `Cargo.toml` pins ureq's *minor* version (`~3.5.1`), and why
//! the constants below name the very methods relied on: a ureq in which one of them has another meaning must
//! be read again before the pin moves (`TcpTransport`, `LazyBuffers` and `Connection::reuse` are the places).

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::buffers::wipe;

/// What wiping depends on, checked by the compiler: the signatures of ureq 3.5.
const OUTPUT: fn(&mut dyn Buffers) -> &mut [u8] = |buffers| buffers.output();
const FREE_INPUT: fn(&mut dyn Buffers) -> &mut [u8] = |buffers| buffers.input_append_buf();

/// How long closing waits for a request that is just being written. The kernel takes a request in
/// microseconds; only a peer that reads nothing can hold it up.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// How far the call that runs on this thread got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CallFacts {
    /// A new connection was opened for it, TLS included; otherwise it runs on one that had been idle.
    pub(super) connected: bool,
    /// At least one byte of the request was handed to the connection.
    pub(super) request_sent: bool,
    /// At least one byte of an answer arrived.
    pub(super) answer_started: bool,
}

impl CallFacts {
    /// The request went out on a connection that the server had closed while it was idle.
    pub(super) fn was_stale(self) -> bool {
        self.request_sent && !self.connected && !self.answer_started
    }
}

thread_local! {
    // ureq runs a call on the thread that makes it, reading the body included.
    static FACTS: Cell<CallFacts> = const {
        Cell::new(CallFacts { connected: false, request_sent: false, answer_started: false })
    };
}

/// Forgets what is known about the previous call of this thread.
pub(super) fn start_call() {
    FACTS.set(CallFacts::default());
}

/// How far the call that this thread runs, or ran last, got.
pub(super) fn facts() -> CallFacts {
    FACTS.get()
}

fn note(fact: impl FnOnce(&mut CallFacts)) {
    let mut facts = FACTS.get();
    fact(&mut facts);
    FACTS.set(facts);
}

/// Whether the connections of an agent may still send.
///
/// Closing is linear: once [`close`](SendGate::close) has returned, no request is being written and none will
/// be, while the answers to requests that are already out can still be read.
#[derive(Default)]
pub(crate) struct SendGate {
    closed: AtomicBool,
    /// Held for reading while a request is written.
    writing: RwLock<()>,
}

impl SendGate {
    /// Refuses every request from now on, and waits until none is being written.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        drop(self.writing.try_write_for(CLOSE_PATIENCE));
    }

    fn pass<T>(&self, write: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let _writing = self.writing.read();
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::Io(io::Error::new(io::ErrorKind::NotConnected, GateClosed)));
        }
        write()
    }
}

impl fmt::Debug for SendGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendGate").field("closed", &self.closed).finish_non_exhaustive()
    }
}

/// Whether a call failed because its agent may no longer send.
pub(super) fn is_gate_closed(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.get_ref().and_then(|inner| inner.downcast_ref::<GateClosed>()).is_some())
}

#[derive(Debug)]
struct GateClosed;

impl fmt::Display for GateClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session was closed before the request was sent")
    }
}

impl StdError for GateClosed {}

/// Wraps whatever the chain has connected.
#[derive(Debug)]
pub(super) struct WipeConnector {
    gate: Arc<SendGate>,
    has_proxy: bool,
}

impl WipeConnector {
    /// `has_proxy` tells whether the agent's configuration names a proxy.
    pub(super) fn new(gate: Arc<SendGate>, has_proxy: bool) -> Self {
        WipeConnector { gate, has_proxy }
    }
}

impl<In: Transport> Connector<In> for WipeConnector {
    type Out = WipeTransport<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        // To reach a CONNECT proxy ureq runs the whole chain with a configuration that has no proxy any
        // more. What goes over that connection by itself is not the request.
        let to_target = !self.has_proxy || details.config.proxy().is_some();
        Ok(chained.map(|inner| {
            if to_target {
                note(|facts| facts.connected = true);
            }
            WipeTransport { inner, gate: Arc::clone(&self.gate), to_target, size: 0, used: 0 }
        }))
    }
}

/// A connection that leaves nothing in its buffers while it is idle, nor when it is dropped.
pub(super) struct WipeTransport<T: Transport> {
    inner: T,
    gate: Arc<SendGate>,
    to_target: bool,
    /// The size of the input buffer, and how much of its front was written since it was last wiped.
    size: usize,
    used: usize,
}

impl<T: Transport> WipeTransport<T> {
    /// Wipes the used part of the input buffer, which is all free once everything in it was consumed.
    fn wipe_input(&mut self) {
        if self.used > 0 && self.inner.buffers().input().is_empty() {
            let free = FREE_INPUT(self.inner.buffers());
            let used = self.used.min(free.len());
            wipe(free.get_mut(..used).unwrap_or_default());
            self.used = 0;
        }
    }

    fn wipe_output(&mut self, amount: usize) {
        wipe(OUTPUT(self.inner.buffers()).get_mut(..amount).unwrap_or_default());
    }
}

impl<T: Transport> Transport for WipeTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let sent = self.gate.pass(|| {
            if self.to_target && amount > 0 {
                note(|facts| facts.request_sent = true);
            }
            self.inner.transmit_output(amount, timeout)
        });
        self.wipe_output(amount);
        sent
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let buffers = self.inner.buffers();
        let waiting = buffers.input().len();
        self.size = self.size.max(buffers.input_append_buf().len().saturating_add(waiting));
        let progress = self.inner.await_input(timeout);
        let free = self.inner.buffers().input_append_buf().len();
        self.used = self.used.max(self.size.saturating_sub(free));
        if self.to_target && matches!(progress, Ok(true)) {
            note(|facts| facts.answer_started = true);
        }
        progress
    }

    fn is_open(&mut self) -> bool {
        // ureq asks this when a call is done and the connection may go back to the pool.
        self.wipe_input();
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl<T: Transport> Drop for WipeTransport<T> {
    fn drop(&mut self) {
        let buffers = self.inner.buffers();
        // With nothing left to consume, the whole buffer is free space.
        let left = buffers.input().len();
        buffers.input_consume(left);
        wipe(FREE_INPUT(buffers));
        wipe(OUTPUT(buffers));
    }
}

impl<T: Transport> fmt::Debug for WipeTransport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WipeTransport").field("inner", &self.inner).finish_non_exhaustive()
    }
}
