//! A thousand threads at once: on a new session, with a failing auth server, or with an expired or revoked token.

use std::time::Duration;

use anyhow::Result;
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{ErrorKind, Session};

use super::crowd::{Crowd, HOUR, TEN_HOURS, WEEK, auth_calls, call, nothing_presented_twice, until};
use crate::common::clock::TestClock;

const THOUSAND: usize = 1_000;

#[test]
fn a_thousand_token_requests_on_a_new_session_make_one_login() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = sandbox.session();
    Crowd::start(&session, THOUSAND, |session| {
        session.access_token().map(drop).map_err(|error| error.kind())
    })?
    .all(Ok(()))?;
    assert_eq!(auth_calls(&sandbox), (1, 0));
    assert_eq!(session.stats().logins, 1);
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_thousand_calls_on_a_new_session_make_one_login() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = sandbox.session();
    Crowd::start(&session, THOUSAND, call)?.all(Ok(()))?;
    assert_eq!(auth_calls(&sandbox), (1, 0));
    assert_eq!(sandbox.calls("GET /api/v1/countries"), 1_000);
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_thousand_calls_share_one_failed_flight_on_503() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = Session::new(&sandbox.url(), sandbox.credentials())?;
    // The first attempt is held until all threads wait. The other two follow after their backoff.
    sandbox.fault("POST /auth/login", Fault::Status(503).held(HOUR));
    sandbox.fault("POST /auth/login", Fault::Status(503).always());
    let crowd = Crowd::start(&session, THOUSAND, call)?;
    until("all wait", || session.stats().waits == 1_000 && sandbox.calls("POST /auth/login") == 1)?;
    sandbox.advance(HOUR);
    crowd.all(Err(ErrorKind::Server))?;
    assert_eq!(auth_calls(&sandbox), (3, 0));
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_thousand_calls_share_one_failed_flight_if_no_connection_is_made() -> Result<()> {
    let sandbox = Sandbox::start()?;
    // The flight pauses between its attempts until the test moves this clock, so even the slowest thread joins it.
    let clock = TestClock::default();
    let session = Session::builder(&sandbox.url(), sandbox.credentials()).clock(clock.clone()).build()?;
    sandbox.refuse_connections(true);
    let crowd = Crowd::start(&session, THOUSAND, call)?;
    until("all wait", || session.stats().waits == 1_000)?;
    until("the flight ends", || {
        clock.advance(Duration::from_secs(1));
        !session.status().renewing
    })?;
    crowd.all(Err(ErrorKind::Network))?;
    assert_eq!(session.stats().logins, 3);
    assert_eq!(auth_calls(&sandbox), (0, 0));
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_thousand_logins_share_one_failed_flight_on_403() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = Session::new(&sandbox.url(), sandbox.credentials())?;
    sandbox.fault("POST /auth/login", Fault::Status(403).held(HOUR));
    let login = |session: &Session| session.login().map_err(|error| error.kind());
    let crowd = Crowd::start(&session, THOUSAND, login)?;
    until("all wait", || session.stats().waits == 1_000 && sandbox.calls("POST /auth/login") == 1)?;
    sandbox.advance(HOUR);
    crowd.all(Err(ErrorKind::Forbidden))?;
    assert_eq!(auth_calls(&sandbox), (1, 0));
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_thousand_calls_with_a_revoked_access_token_make_one_refresh() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.set_token_life(TEN_HOURS, WEEK);
    let clock = TestClock::default();
    let session = Session::builder(&sandbox.url(), sandbox.credentials()).clock(clock.clone()).build()?;
    session.login()?;
    // A token younger than 5 seconds would be retried as it is.
    clock.advance(Duration::from_secs(6));
    sandbox.revoke_access_tokens();
    // The refresh is held until every call has received a 401. The login accounts for one of the waits.
    sandbox.fault("POST /auth/refresh", Fault::hold(HOUR));
    let crowd = Crowd::start(&session, THOUSAND, call)?;
    until("all were refused", || sandbox.calls_with_dead_token() == 1_000 && session.stats().waits == 1_001)?;
    sandbox.advance(HOUR);
    crowd.all(Ok(()))?;
    assert_eq!(auth_calls(&sandbox), (1, 1));
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_thousand_calls_with_an_expired_token_make_one_refresh() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.set_token_life(TEN_HOURS, WEEK);
    let clock = TestClock::default();
    let session = Session::builder(&sandbox.url(), sandbox.credentials()).clock(clock.clone()).build()?;
    session.login()?;
    clock.advance(TEN_HOURS);
    // The refresh is held until every call waits. The login accounts for one of the waits.
    sandbox.fault("POST /auth/refresh", Fault::hold(HOUR));
    let crowd = Crowd::start(&session, THOUSAND, call)?;
    until("all wait", || session.stats().waits == 1_001 && sandbox.calls("POST /auth/refresh") == 1)?;
    sandbox.advance(HOUR);
    crowd.all(Ok(()))?;
    assert_eq!(auth_calls(&sandbox), (1, 1));
    assert_eq!(sandbox.calls("GET /api/v1/countries"), 1_000);
    nothing_presented_twice(&sandbox)
}

#[test]
fn a_thousand_calls_with_all_tokens_revoked_make_a_refresh_and_a_login() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = sandbox.session();
    session.login()?;
    sandbox.advance(Duration::from_secs(6));
    sandbox.revoke_all_tokens();
    Crowd::start(&session, THOUSAND, call)?.all(Ok(()))?;
    assert_eq!(auth_calls(&sandbox), (2, 1));
    nothing_presented_twice(&sandbox)
}
