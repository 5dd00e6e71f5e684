//! An early refresh delays no caller.

use std::time::Duration;

use anyhow::Result;
use popup_rewards::Session;
use popup_rewards::sandbox::{Fault, Sandbox};

use super::crowd::{Crowd, HOUR, TEN_HOURS, WEEK, auth_calls, call, nothing_presented_twice, until};
use crate::common::clock::TestClock;

const NEARLY_TEN_HOURS: Duration = Duration::from_secs(10 * 3600 - 300);

/// Returns a session whose token has five minutes left, so it is due for a refresh. The server holds the refresh.
fn expiring(sandbox: &Sandbox, log_out: bool) -> Result<Session> {
    sandbox.set_token_life(TEN_HOURS, WEEK);
    let clock = TestClock::default();
    let session = Session::builder(&sandbox.url(), sandbox.credentials())
        .clock(clock.clone())
        .logout_on_drop(log_out)
        .build()?;
    session.login()?;
    clock.advance(NEARLY_TEN_HOURS);
    sandbox.fault("POST /auth/refresh", Fault::hold(HOUR));
    Ok(session)
}

#[test]
fn an_early_refresh_delays_none_of_32_threads() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = expiring(&sandbox, false)?;
    let waits = session.stats().waits;
    Crowd::start(&session, 32, call)?.all(Ok(()))?;
    assert!(session.status().renewing);
    assert_eq!((session.status().generation, session.stats().waits), (1, waits));
    until("the refresh reaches the server", || auth_calls(&sandbox).1 == 1)?;
    sandbox.advance(HOUR);
    until("the new pair is in use", || session.status().generation == 2)?;
    assert_eq!(auth_calls(&sandbox), (1, 1));
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_session_ends_with_its_last_clone_during_a_refresh() -> Result<()> {
    for log_out in [false, true] {
        let sandbox = Sandbox::start()?;
        let session = expiring(&sandbox, log_out)?;
        call(&session).map_err(|kind| anyhow::anyhow!("{kind:?}"))?;
        until("the refresh reaches the server", || auth_calls(&sandbox).1 == 1)?;
        drop(session);
        // The server still holds the refresh, so the drop did not wait for it.
        assert_eq!(sandbox.calls("POST /auth/logout"), u64::from(log_out));
        sandbox.advance(HOUR);
        nothing_presented_twice(&sandbox)?;
    }
    Ok(())
}
