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
/// Closing is linearizable: once [`close`](Valve::close) has returned, no request is written any more, unless it is
/// exempt. Responses to earlier requests can still be read.
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

    /// Fails if the valve is closed and the request is not exempt.
    pub(super) fn check(&self, exempt: bool) -> Result<(), Error> {
        if exempt || !self.closed.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(Error::Io(io::Error::new(io::ErrorKind::NotConnected, Closed)))
    }

    /// Writes part of a request, under the same condition.
    pub(super) fn pass<T>(&self, exempt: bool, write: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let _writing = if exempt { None } else { Some(self.writing.read()) };
        self.check(exempt)?;
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
