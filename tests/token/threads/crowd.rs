//! Many threads that call a session at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use popup_rewards::sandbox::Sandbox;
use popup_rewards::{ErrorKind, Session};

pub(crate) use crate::common::until;

/// A thousand threads with the default stack size would need gigabytes of address space.
const STACK: usize = 256 * 1024;

/// The result of a call in a thread, or `None` if it panicked.
pub(crate) type CallResult = Option<Result<(), ErrorKind>>;

/// The tokens of a test that moves the server's clock by hours must live longer.
pub(crate) const TEN_HOURS: Duration = Duration::from_secs(10 * 3600);
pub(crate) const WEEK: Duration = Duration::from_secs(7 * 86_400);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn call(session: &Session) -> Result<(), ErrorKind> {
    session.countries().map(drop).map_err(|error| error.kind())
}

/// Threads that run the same code at once, each with its own clone of the session.
pub(crate) struct Crowd(Vec<JoinHandle<CallResult>>);

impl Crowd {
    pub(crate) fn start(
        session: &Session,
        threads: usize,
        run: impl Fn(&Session) -> Result<(), ErrorKind> + Clone + Send + 'static,
    ) -> Result<Crowd> {
        let barrier = Arc::new(Barrier::new(threads));
        let start = |_| {
            let (session, barrier, run) = (session.clone(), Arc::clone(&barrier), run.clone());
            let thread = move || {
                barrier.wait();
                catch_unwind(AssertUnwindSafe(|| run(&session))).ok()
            };
            Builder::new().stack_size(STACK).spawn(thread).map_err(Into::into)
        };
        (0..threads).map(start).collect::<Result<_>>().map(Crowd)
    }

    pub(crate) fn results(self) -> Result<Vec<CallResult>> {
        self.0.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))).collect()
    }

    /// Waits for all threads and asserts that all have this result.
    pub(crate) fn all(self, expected: Result<(), ErrorKind>) -> Result<()> {
        let results = self.results()?;
        let others: Vec<_> = results.iter().filter(|found| **found != Some(expected)).take(5).collect();
        ensure!(others.is_empty(), "expected {expected:?}, got {others:?}");
        Ok(())
    }
}

/// Returns the numbers of login and refresh calls that reached the server, whatever the response.
pub(crate) fn auth_calls(sandbox: &Sandbox) -> (u64, u64) {
    (sandbox.calls("POST /auth/login"), sandbox.calls("POST /auth/refresh"))
}

/// Checks the rule that holds at the end of every test.
pub(crate) fn nothing_presented_twice(sandbox: &Sandbox) -> Result<()> {
    let twice = sandbox.refresh_tokens_presented_twice();
    ensure!(twice == 0, "{twice} refresh tokens were presented twice");
    Ok(())
}
