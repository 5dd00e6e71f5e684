//! Keeps a session's connections from sending once the session has ended.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use ureq::Error;

/// How long closing waits for a request that is being written. That takes microseconds, unless the peer does not
/// read.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Whether connections may still send.
///
/// Closing is linearizable: once [`close`](Valve::close) has returned, no request begins, unless it passes a closed
/// valve. `close` waits for a write that has begun, but no longer than [`CLOSE_PATIENCE`]. Responses to earlier requests
/// can still be read.
#[derive(Default)]
pub(super) struct Valve {
    closed: AtomicBool,
    /// Held for reading while a request is written.
    writing: RwLock<()>,
}

impl Valve {
    /// Refuses all further requests, and waits for those that are being written.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        drop(self.writing.try_write_for(CLOSE_PATIENCE));
    }

    /// Fails if the valve is closed, unless the request passes a closed valve.
    pub(super) fn check(&self, passes_closed: bool) -> Result<(), Error> {
        if passes_closed || !self.closed.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(Error::Io(io::Error::new(io::ErrorKind::NotConnected, Closed)))
    }

    /// Writes part of a request, unless [`check`](Valve::check) fails.
    pub(super) fn pass<T>(
        &self,
        passes_closed: bool,
        write: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _writing = if passes_closed { None } else { Some(self.writing.read()) };
        self.check(passes_closed)?;
        write()
    }
}

impl fmt::Debug for Valve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Valve").field("closed", &self.closed).finish_non_exhaustive()
    }
}

/// Whether an exchange failed because the valve is closed.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.get_ref().is_some_and(<dyn StdError + Send + Sync>::is::<Closed>))
}

#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session was closed before the request was sent")
    }
}

impl StdError for Closed {}
