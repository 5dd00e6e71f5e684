use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use popup_rewards::sandbox::Sandbox;
use popup_rewards::{Session, SessionBuilder};

use super::store;
use crate::common::clock::TestClock;
use crate::common::until;

/// A name, what the client does, and a check of what the server received.
type Case = (&'static str, fn() -> Result<()>, fn(&Sandbox) -> Result<()>);

const CASES: [Case; 9] = [
    ("a_child_with_an_expiring_token_logs_in_instead_of_refreshing", expiring, |sandbox| {
        same("logins", sandbox.logins(), 2)?;
        same("refreshes", sandbox.refreshes(), 1)
    }),
    ("a_refresh_in_a_child_is_a_login", refreshed, |sandbox| {
        same("logins", sandbox.logins(), 2)?;
        same("refreshes", sandbox.refreshes(), 1)
    }),
    ("a_child_opens_its_own_connection_and_the_parent_keeps_its_own", connections, |sandbox| {
        // One in each process, for all of its calls.
        same("connections", sandbox.connections(), 2)?;
        same("logins", sandbox.logins(), 1)
    }),
    ("children_forked_under_load_can_make_calls", under_load, |sandbox| {
        // A child that was forked while a thread held the lock starts without a token.
        ensure!(sandbox.logins() <= 1 + CHILDREN, "{} logins", sandbox.logins());
        same("refreshes", sandbox.refreshes(), 0)
    }),
    ("a_child_of_a_logged_out_session_is_logged_out", logged_out, |sandbox| {
        same("logins", sandbox.logins(), 2)
    }),
    ("a_drop_in_a_child_does_not_log_out_the_parent", dropped, |sandbox| {
        same("logouts", sandbox.calls("POST /auth/logout"), 1)
    }),
    ("a_child_and_its_parent_share_the_stored_tokens", store::in_turn, |sandbox| {
        same("logins", sandbox.logins(), 1)?;
        same("refreshes", sandbox.refreshes(), 2)
    }),
    ("a_child_and_its_parent_that_need_a_token_at_the_same_time_refresh_once", store::at_once, |sandbox| {
        same("logins", sandbox.logins(), 1)?;
        same("refreshes", sandbox.refreshes(), store::ROUNDS)
    }),
    ("a_drop_in_a_child_saves_a_pair_that_is_on_its_way", store::dropped, |sandbox| {
        same("logins", sandbox.logins(), 1)?;
        same("refreshes", sandbox.refreshes(), 2)
    }),
];

pub(crate) fn main() -> Result<()> {
    if let Some(case) = std::env::var_os("FORK_CASE") {
        let (_, client, _) = CASES.iter().find(|(name, ..)| case == *name).context("unknown case")?;
        return client();
    }
    println!("running {} fork tests", CASES.len());
    for (name, _, check) in CASES {
        let sandbox = Sandbox::start()?;
        let client = Command::new(std::env::current_exe()?)
            .env("FORK_CASE", name)
            .env("API_BASE_URL", sandbox.url())
            .env("API_KEY", sandbox.username().expose())
            .env("API_SECRET", sandbox.password().expose())
            .status()?;
        ensure!(client.success(), "{name}: the client failed");
        check(&sandbox).context(name)?;
        same("refresh tokens presented twice", sandbox.refresh_tokens_presented_twice(), 0).context(name)?;
        println!("test {name} ... ok");
    }
    Ok(())
}

pub(super) fn same(what: &str, found: u64, expected: u64) -> Result<()> {
    ensure!(found == expected, "{what}: expected {expected}, got {found}");
    Ok(())
}

pub(super) const FIFTY_SIX_MINUTES: Duration = Duration::from_secs(56 * 60);

fn session() -> Result<(Session, TestClock)> {
    let clock = TestClock::default();
    Ok((session_with(|builder| builder.clock(clock.clone()))?, clock))
}

/// Returns a session that has made a call.
pub(super) fn session_with(set: impl FnOnce(SessionBuilder) -> SessionBuilder) -> Result<Session> {
    let credentials = popup_rewards::Credentials::from_env()?;
    let session = set(Session::builder(&std::env::var("API_BASE_URL")?, credentials)).build()?;
    session.countries()?;
    Ok(session)
}

fn expiring() -> Result<()> {
    let (session, clock) = session()?;
    in_child(|| {
        // The child's first use of the session is one that sends nothing by itself.
        clock.advance(FIFTY_SIX_MINUTES);
        session.access_token()?;
        until("the early refresh", || session.status().generation > 1)?;
        same("refreshes in the child", session.stats().refreshes, 0)
    })?;
    // The parent does not have the child's pair, and its own refresh token is still valid.
    clock.advance(FIFTY_SIX_MINUTES);
    session.access_token()?;
    until("the early refresh", || session.status().generation > 1)?;
    same("refreshes in the parent", session.stats().refreshes, 1)
}

const CHILDREN: u64 = 40;

/// Forks while threads make calls. A child must work whatever locks they held.
fn under_load() -> Result<()> {
    let (session, _) = session()?;
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    session.countries().map(drop).unwrap_or_default();
                    session.access_token().map(drop).unwrap_or_default();
                }
            });
        }
        let all = (0..CHILDREN).try_for_each(|_| {
            in_child(|| {
                session.access_token()?;
                session.countries()?;
                Ok(())
            })
        });
        stop.store(true, Ordering::Relaxed);
        all
    })
}

fn logged_out() -> Result<()> {
    let (session, _) = session()?;
    session.logout()?;
    in_child(|| {
        let error = session.countries().err().context("the call succeeded")?;
        ensure!(error.kind() == popup_rewards::ErrorKind::LoggedOut, "{error:?}");
        session.login()?;
        session.countries().map(drop).map_err(Into::into)
    })?;
    ensure!(session.countries().is_err(), "the child's login must not log in its parent");
    Ok(())
}

fn refreshed() -> Result<()> {
    let (session, _) = session()?;
    in_child(|| Ok(session.refresh()?))?;
    Ok(session.refresh()?)
}

fn connections() -> Result<()> {
    let (session, _) = session()?;
    let both = || -> Result<()> {
        session.countries()?;
        Ok(session.service_status()?)
    };
    both()?;
    in_child(both)?;
    both()
}

fn dropped() -> Result<()> {
    let (url, credentials) = (std::env::var("API_BASE_URL")?, popup_rewards::Credentials::from_env()?);
    let session = Session::builder(&url, credentials).logout_on_drop(true).build()?;
    session.countries()?;
    // The only clone is dropped in the child and then here. Only the second drop logs out.
    let mut session = Some(session);
    in_child(|| {
        drop(session.take());
        Ok(())
    })?;
    session.context("the parent's session is missing")?.countries()?;
    Ok(())
}

/// Runs the steps in a forked child and waits until it succeeds.
pub(super) fn in_child(steps: impl FnOnce() -> Result<()>) -> Result<()> {
    beside_child(steps, || Ok(()))
}

/// Runs the steps in a forked child, and others in this process at the same time. Waits until the child succeeds.
pub(super) fn beside_child(
    steps: impl FnOnce() -> Result<()>,
    here: impl FnOnce() -> Result<()>,
) -> Result<()> {
    // SAFETY: the child has only this thread. It uses no lock that another thread may hold, except those of the
    // allocator, which the C library handles. This is what is tested.
    match unsafe { libc::fork() } {
        -1 => Err(std::io::Error::last_os_error().into()),
        0 => {
            // SAFETY: the alarm only ends a child that hangs, which fails the test.
            unsafe { libc::alarm(30) };
            let ended = catch_unwind(AssertUnwindSafe(steps));
            let good = matches!(ended, Ok(Ok(())));
            if let Ok(Err(error)) = ended {
                println!("in the child: {error:#}");
            }
            // SAFETY: ends the child without running the parent's exit handlers.
            unsafe { libc::_exit(i32::from(!good)) }
        }
        child => {
            let result = here();
            let mut status = 0;
            // SAFETY: `child` is a child of this process, and the status outlives the call.
            let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
            ensure!(waited == child, "cannot wait for the child");
            ensure!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the child failed");
            result
        }
    }
}
