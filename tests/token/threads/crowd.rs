//! Many threads that start at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use popup_rewards::sandbox::Sandbox;
use popup_rewards::{ErrorKind, Session};

pub(crate) use crate::common::until;

/// A thousand threads with the default stack would want gigabytes of address space.
const STACK: usize = 256 * 1024;

/// What became of a call in a thread; `None` if it panicked.
pub(crate) type Fate = Option<Result<(), ErrorKind>>;

/// The tokens of a test that moves the server's clock by hours must live for longer than that.
pub(crate) const TEN_HOURS: Duration = Duration::from_secs(10 * 3600);
pub(crate) const WEEK: Duration = Duration::from_secs(7 * 86_400);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn call(session: &Session) -> Result<(), ErrorKind> {
    session.countries().map(drop).map_err(|error| error.kind())
}

/// Threads, each with a clone of its own, that do the same at the same moment.
pub(crate) struct Crowd(Vec<JoinHandle<Fate>>);

impl Crowd {
    pub(crate) fn start(
        session: &Session,
        threads: usize,
        deed: impl Fn(&Session) -> Result<(), ErrorKind> + Clone + Send + 'static,
    ) -> Result<Crowd> {
        let barrier = Arc::new(Barrier::new(threads));
        let start = |_| {
            let (session, barrier, deed) = (session.clone(), Arc::clone(&barrier), deed.clone());
            let run = move || {
                barrier.wait();
                catch_unwind(AssertUnwindSafe(|| deed(&session))).ok()
            };
            Builder::new().stack_size(STACK).spawn(run).map_err(Into::into)
        };
        (0..threads).map(start).collect::<Result<_>>().map(Crowd)
    }

    pub(crate) fn fates(self) -> Result<Vec<Fate>> {
        self.0.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread died"))).collect()
    }

    /// Waits for all and asserts that they fared alike.
    pub(crate) fn all(self, fate: Result<(), ErrorKind>) -> Result<()> {
        let fates = self.fates()?;
        let others: Vec<_> = fates.iter().filter(|found| **found != Some(fate)).take(5).collect();
        ensure!(others.is_empty(), "instead of {fate:?}: {others:?}");
        Ok(())
    }
}

/// Login and refresh calls that reached the server, whatever it answered.
pub(crate) fn auth_calls(sandbox: &Sandbox) -> (u64, u64) {
    (sandbox.calls("POST /auth/login"), sandbox.calls("POST /auth/refresh"))
}

/// The rule that holds at the end of every test.
pub(crate) fn nothing_presented_twice(sandbox: &Sandbox) -> Result<()> {
    let twice = sandbox.refresh_tokens_presented_twice();
    ensure!(twice == 0, "{twice} refresh tokens were presented twice");
    Ok(())
}
