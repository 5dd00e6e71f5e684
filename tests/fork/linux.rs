use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use popup_rewards::Session;
use popup_rewards::sandbox::Sandbox;

use crate::common::clock::TestClock;
use crate::common::until;

/// A case: what the client does, and what the server has seen of it afterwards.
type Case = (&'static str, fn() -> Result<()>, fn(&Sandbox) -> Result<()>);

const CASES: [Case; 6] = [
    (
        "a_child_with_an_expiring_token_logs_in_and_leaves_the_refresh_token_to_its_parent",
        expiring,
        |sandbox| {
            same("logins", sandbox.logins(), 2)?;
            same("refreshes", sandbox.refreshes(), 1)
        },
    ),
    ("a_child_that_asks_for_a_refresh_logs_in", asked, |sandbox| {
        same("logins", sandbox.logins(), 2)?;
        same("refreshes", sandbox.refreshes(), 1)
    }),
    ("a_child_opens_connections_of_its_own_and_its_parent_keeps_its_own", connections, |sandbox| {
        // One in each process, for the login and for all calls.
        same("connections", sandbox.connections(), 2)?;
        same("logins", sandbox.logins(), 1)
    }),
    ("children_that_are_forked_under_load_make_calls", under_load, |sandbox| {
        // A child that was forked while a thread held the lock begins without a token.
        ensure!(sandbox.logins() <= 1 + CHILDREN, "{} logins", sandbox.logins());
        same("refreshes", sandbox.refreshes(), 0)
    }),
    ("a_child_of_a_session_that_was_logged_out_stays_logged_out", logged_out, |sandbox| {
        same("logins", sandbox.logins(), 2)
    }),
    ("a_child_that_drops_the_session_does_not_log_its_parent_out", dropped, |sandbox| {
        same("logouts", sandbox.calls("POST /auth/logout"), 1)
    }),
];

pub(crate) fn main() -> Result<()> {
    if let Some(case) = std::env::var_os("FORK_CASE") {
        let (_, client, _) = CASES.iter().find(|(name, ..)| case == *name).context("no such case")?;
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

fn same(what: &str, found: u64, expected: u64) -> Result<()> {
    ensure!(found == expected, "{what}: {found} instead of {expected}");
    Ok(())
}

const FIFTY_SIX_MINUTES: Duration = Duration::from_secs(56 * 60);

fn session() -> Result<(Session, TestClock)> {
    let credentials = popup_rewards::Credentials::from_env()?;
    let clock = TestClock::default();
    let session =
        Session::builder(&std::env::var("API_BASE_URL")?, credentials).clock(clock.clone()).build()?;
    session.countries()?;
    Ok((session, clock))
}

fn expiring() -> Result<()> {
    let (session, clock) = session()?;
    in_child(|| {
        // The very first thing the child does with the session, on the way that makes no call of its own.
        clock.advance(FIFTY_SIX_MINUTES);
        session.access_token()?;
        until("the early refresh", || session.status().generation > 1)?;
        same("refreshes in the child", session.stats().refreshes, 0)
    })?;
    // It never saw the child's pair, and its own refresh token is still good.
    clock.advance(FIFTY_SIX_MINUTES);
    session.access_token()?;
    until("the early refresh", || session.status().generation > 1)?;
    same("refreshes in the parent", session.stats().refreshes, 1)
}

const CHILDREN: u64 = 40;

/// Threads make calls and log in while the process forks: whatever they hold, a child can work.
fn under_load() -> Result<()> {
    let (session, _) = session()?;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
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
        over.store(true, Ordering::Relaxed);
        all
    })
}

fn logged_out() -> Result<()> {
    let (session, _) = session()?;
    session.logout()?;
    in_child(|| {
        let error = session.countries().err().context("it was made")?;
        ensure!(error.kind() == popup_rewards::ErrorKind::LoggedOut, "{error:?}");
        session.login()?;
        session.countries().map(drop).map_err(Into::into)
    })?;
    ensure!(session.countries().is_err(), "the login of the child is not its parent's");
    Ok(())
}

fn asked() -> Result<()> {
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
    // The only handle there is goes out of use in the child, and later, for the one logout, here.
    let mut session = Some(session);
    in_child(|| {
        drop(session.take());
        Ok(())
    })?;
    session.context("the child took the parent's session")?.countries()?;
    Ok(())
}

/// Runs the steps in a forked child and waits for it to do well.
fn in_child(steps: impl FnOnce() -> Result<()>) -> Result<()> {
    // SAFETY: the child has only this thread, and uses nothing that another thread may have locked, but for the locks
    // of the allocator, which the C library looks after. This is what is tested.
    match unsafe { libc::fork() } {
        -1 => Err(std::io::Error::last_os_error().into()),
        0 => {
            // SAFETY: a child that hangs is ended by its alarm, and has failed.
            unsafe { libc::alarm(30) };
            let ended = catch_unwind(AssertUnwindSafe(steps));
            let good = matches!(ended, Ok(Ok(())));
            if let Ok(Err(error)) = ended {
                println!("in the child: {error:#}");
            }
            // SAFETY: it ends the child without running what is the parent's to run.
            unsafe { libc::_exit(i32::from(!good)) }
        }
        child => {
            let mut status = 0;
            // SAFETY: `child` is a child of this process, and the status outlives the call.
            let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
            ensure!(waited == child, "the child cannot be waited for");
            ensure!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the child failed");
            Ok(())
        }
    }
}
