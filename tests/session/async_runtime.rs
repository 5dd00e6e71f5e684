//! A session works on a thread of an async runtime, although it blocks the thread.

use anyhow::Result;
use popup_rewards::Session;
use popup_rewards::sandbox::Sandbox;
use tokio::runtime::Builder;

/// Uses a session from its first call to its drop.
fn live() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let session = Session::builder(&sandbox.url(), sandbox.credentials()).logout_on_drop(true).build()?;
    assert!(!session.countries()?.is_empty());
    session.refresh()?;
    assert!(!session.access_token()?.expose().is_empty());
    drop(session);
    assert_eq!(sandbox.calls("POST /auth/logout"), 1);
    Ok(())
}

#[test]
fn a_session_works_inside_a_runtime() -> Result<()> {
    Builder::new_current_thread().build()?.block_on(async { live() })
}

#[test]
fn a_session_works_inside_a_task() -> Result<()> {
    Builder::new_current_thread().build()?.block_on(async { tokio::spawn(async { live() }).await? })
}

#[test]
fn a_session_works_on_a_worker_of_a_runtime() -> Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
    runtime.block_on(async { tokio::spawn(async { live() }).await? })
}
