//! What a connection has to know about the request that it carries, and what it reports back.
//!
//! ureq sends a request and reads its body on the calling thread, and offers no other way to reach a connection. So
//! both travel in a thread-local.

use std::cell::Cell;
use std::time::Duration;

/// One request on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states")]
pub(super) struct Exchange {
    /// The connection was used less than this ago, or is new.
    pub(super) max_idle: Duration,
    /// The request is sent although the valve is closed.
    pub(super) passes_closed: bool,
    /// A connection to the proxy is being made. Otherwise, it is one to the server, perhaps through the proxy.
    pub(super) to_proxy: bool,
    /// A new connection was opened, including TLS; otherwise an idle one is used.
    pub(super) connected: bool,
    /// At least one byte of the request was written.
    pub(super) request_sent: bool,
    /// At least one byte of a response arrived.
    pub(super) response_started: bool,
    /// The response to a request in plain text begins like a TLS record.
    pub(super) response_is_tls: bool,
}

impl Exchange {
    /// An exchange that has not begun.
    pub(super) const fn new(max_idle: Duration, passes_closed: bool) -> Self {
        Exchange {
            max_idle,
            passes_closed,
            to_proxy: false,
            connected: false,
            request_sent: false,
            response_started: false,
            response_is_tls: false,
        }
    }

    /// The exchange of this thread.
    pub(super) fn current() -> Self {
        CURRENT.try_with(Cell::get).unwrap_or(WORST)
    }

    /// Runs `work` as this exchange, and returns what the connection reported.
    pub(super) fn run<T>(self, work: impl FnOnce() -> T) -> (T, Self) {
        // A logger or a clock may make a call inside another one.
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

/// The exchange where a platform has already destroyed the thread-local: anything may have happened.
const WORST: Exchange = Exchange { connected: true, request_sent: true, response_started: true, ..NONE };

thread_local! {
    // It has no destructor, so it can be used while other thread-locals are destroyed.
    static CURRENT: Cell<Exchange> = const { Cell::new(NONE) };
}
