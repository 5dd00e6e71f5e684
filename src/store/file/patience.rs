//! How long a call waits for other processes.

use std::io;
use std::thread;
use std::time::Duration;

use crate::clock::Stamp;

const PAUSE: Duration = Duration::from_millis(2);

/// The time that one call may spend waiting, in all.
pub(in crate::store) struct Patience {
    start: Stamp,
    limit: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Patience::of(Duration::from_secs(1))
    }

    pub(in crate::store) fn of(limit: Duration) -> Self {
        Patience { start: Stamp::now(), limit }
    }

    pub(super) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.start.elapsed())
    }

    /// Pauses before another attempt. Returns false, without a pause, if the time is over.
    pub(super) fn pause(&self) -> bool {
        let pause = PAUSE.min(self.left());
        thread::sleep(pause);
        !pause.is_zero()
    }

    /// Retries while another process of Windows, such as a virus scanner, has the file open.
    pub(super) fn retry<T>(&self, mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        loop {
            match attempt() {
                Err(error) if is_in_use(&error) && self.pause() => {}
                result => return result,
            }
        }
    }
}

/// Access denied, sharing violation and lock violation. The same numbers mean something else on other systems.
fn is_in_use(error: &io::Error) -> bool {
    cfg!(windows) && matches!(error.raw_os_error(), Some(5 | 32 | 33))
}
