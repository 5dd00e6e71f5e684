//! What a connection has to know about the request it carries, and what it reports back.
//!
//! ureq runs a request on the calling thread, reading the body included, and offers no other way to its
//! connections. So both travel in a thread-local.

use std::cell::Cell;
use std::time::Duration;

/// One request on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states")]
pub(super) struct Exchange {
    /// The request goes over a connection that was used less than this ago, or over a new one.
    pub(super) max_idle: Duration,
    /// The request is sent although the valve is closed.
    pub(super) passes_closed: bool,
    /// A new connection was opened for it, TLS included; otherwise it runs on one that was idle.
    pub(super) connected: bool,
    /// At least one byte of the request was handed to the connection.
    pub(super) request_sent: bool,
    /// At least one byte of a response arrived.
    pub(super) response_started: bool,
}

impl Exchange {
    /// An exchange that has not begun.
    pub(super) const fn new(max_idle: Duration, passes_closed: bool) -> Self {
        Exchange { max_idle, passes_closed, connected: false, request_sent: false, response_started: false }
    }

    /// The exchange of this thread.
    pub(super) fn current() -> Self {
        CURRENT.try_with(Cell::get).unwrap_or(WORST)
    }

    /// Runs `work`, which makes this exchange, and returns what became of it.
    pub(super) fn run<T>(self, work: impl FnOnce() -> T) -> (T, Self) {
        // A logger or a clock may make a call of its own inside of another.
        let outer = CURRENT.try_with(|current| current.replace(self));
        let result = work();
        let ended = CURRENT.try_with(|current| current.replace(outer.unwrap_or(NONE)));
        (result, ended.unwrap_or(WORST))
    }
}

/// Notes a fact about the exchange of this thread.
pub(super) fn note(fact: impl FnOnce(&mut Exchange)) {
    let mut exchange = Exchange::current();
    fact(&mut exchange);
    CURRENT.try_with(|current| current.set(exchange)).ok();
}

const NONE: Exchange = Exchange::new(Duration::MAX, false);

/// What counts where a platform has destroyed the thread-local already: anything may have happened.
const WORST: Exchange = Exchange { connected: true, request_sent: true, response_started: true, ..NONE };

thread_local! {
    // Without a destructor, it can be used while others of its kind are destroyed.
    static CURRENT: Cell<Exchange> = const { Cell::new(NONE) };
}
