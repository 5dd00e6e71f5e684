//! What happens to the fleets. Every case checks what [`Fleet::finish`] checks.

use std::time::Duration;

use anyhow::{Result, ensure};
use popup_rewards::sandbox::Fault;

use super::fleet::Fleet;
use super::relay::slow_network;
use super::storage::Storage;
use crate::common::until;

/// A name, and a case that returns its figures.
type Case = (&'static str, fn() -> Result<String>);

pub(crate) const CASES: [Case; 15] = [
    ("redis_eight_processes_share_one_login", || steady(&Storage::redis()?)),
    ("file_eight_processes_share_one_login", || steady(&Storage::file())),
    ("redis_the_holder_of_the_lease_is_killed_while_it_refreshes", || killed(&Storage::redis()?)),
    ("file_the_holder_of_the_lease_is_killed_while_it_refreshes", || killed(&Storage::file())),
    ("redis_a_stopped_process_wakes_with_an_expired_lease", || stopped(&Storage::redis()?)),
    ("file_a_stopped_process_wakes_with_an_expired_lease", || stopped(&Storage::file())),
    ("redis_the_storage_is_emptied", || emptied(&Storage::redis()?)),
    ("file_the_storage_is_emptied", || emptied(&Storage::file())),
    ("redis_one_process_logs_out", || logged_out(&Storage::redis()?)),
    ("redis_the_key_is_revoked_and_the_password_changed", || rotated(&Storage::redis()?)),
    ("redis_the_server_is_stopped_for_longer_than_a_token_lives", redis_stopped),
    ("redis_the_server_is_killed_and_started", redis_restarted),
    ("redis_the_network_is_slow", redis_slow),
    ("redis_the_clocks_of_two_machines_differ_by_an_hour", redis_clocks),
    ("file_a_script_is_run_two_hundred_times", script),
];

fn steady(storage: &Storage) -> Result<String> {
    let mut fleet = Fleet::new(&storage.name())?;
    fleet.start(8)?;
    fleet.until_refreshed(3)?;
    fleet.until_all_call()?;
    let logins = fleet.sandbox.calls("POST /auth/login");
    ensure!(logins == 1, "{logins} logins");
    fleet.finish(&[])
}

fn killed(storage: &Storage) -> Result<String> {
    let mut fleet = Fleet::new(&storage.name())?;
    fleet.start(8)?;
    // Delayed after the server has executed it: the refresh token is spent, and the new pair is lost.
    fleet.sandbox.fault("POST /auth/refresh", Fault::SlowResponse(Duration::from_secs(2)));
    let holder = fleet.refreshing()?;
    fleet.signal(holder, libc::SIGKILL)?;
    fleet.until_all_call()?;
    fleet.until_refreshed(2)?;
    fleet.until_all_call()?;
    let logins = fleet.sandbox.calls("POST /auth/login");
    ensure!(logins == 2, "{logins} logins");
    fleet.finish(&[])
}

fn stopped(storage: &Storage) -> Result<String> {
    let mut fleet = Fleet::new(&storage.name())?;
    fleet.start(8)?;
    fleet.sandbox.fault("POST /auth/refresh", Fault::SlowResponse(Duration::from_secs(1)));
    let holder = fleet.refreshing()?;
    fleet.signal(holder, libc::SIGSTOP)?;
    // The others wait for the end of the lease, log in, and refresh what they got.
    fleet.until_refreshed(2)?;
    fleet.signal(holder, libc::SIGCONT)?;
    fleet.until_all_call()?;
    fleet.until_refreshed(2)?;
    fleet.finish(&[])
}

fn emptied(storage: &Storage) -> Result<String> {
    let mut fleet = Fleet::new(&storage.name())?;
    fleet.start(8)?;
    fleet.until_refreshed(1)?;
    storage.empty()?;
    fleet.until_refreshed(2)?;
    fleet.until_all_call()?;
    fleet.finish(&[])
}

fn logged_out(storage: &Storage) -> Result<String> {
    let mut fleet = Fleet::new(&storage.name())?;
    fleet.start(8)?;
    fleet.order(3, "logout")?;
    until("the worker is logged out", || fleet.report(3).last_error == "LoggedOut")?;
    fleet.until_refreshed(2)?;
    for worker in [0, 1, 2, 4, 5, 6, 7] {
        let before = fleet.report(worker).calls;
        until("the others go on", || fleet.report(worker).calls > before)?;
        ensure!(fleet.report(worker).errors == 0, "{:?}", fleet.report(worker));
    }
    let logins = fleet.sandbox.calls("POST /auth/login");
    ensure!(logins == 2, "{logins} logins");
    fleet.finish(&["LoggedOut"])
}

fn rotated(storage: &Storage) -> Result<String> {
    let mut fleet = Fleet::new(&storage.name())?;
    fleet.start(8)?;
    fleet.sandbox.change_password("another-secret");
    fleet.sandbox.revoke_all_tokens();
    let refused = |worker| fleet.report(worker).last_error == "InvalidCredentials";
    until("every worker is refused", || (0..8).all(refused))?;
    // Two processes at most can find it out at the same time: one refreshes, and then logs in.
    let logins = fleet.sandbox.calls("POST /auth/login");
    ensure!(logins <= 3, "{logins} logins with a refused key");
    fleet.set_secret("another-secret")?;
    fleet.until_all_call()?;
    fleet.until_refreshed(1)?;
    fleet.finish(&["InvalidCredentials"])
}

fn redis_stopped() -> Result<String> {
    let storage = Storage::redis()?;
    let Storage::Redis(server) = &storage else { return Ok(String::new()) };
    let mut fleet = Fleet::new(&storage.name())?;
    fleet.start(8)?;
    fleet.until_refreshed(1)?;
    server.pause()?;
    let logins = || (0..8).map(|worker| fleet.report(worker).logins).sum::<u64>();
    until("every worker has logged in for itself", || logins() >= 8)?;
    server.resume()?;
    fleet.until_all_call()?;
    let adoptions = |worker| fleet.report(worker).adoptions;
    let before: Vec<u64> = (0..8).map(adoptions).collect();
    until("most workers share a token again", || {
        (0..8).filter(|worker| adoptions(*worker) > before[*worker]).count() >= 7
    })?;
    fleet.finish(&[])
}

fn redis_restarted() -> Result<String> {
    let mut storage = Storage::redis()?;
    let name = storage.name();
    let mut fleet = Fleet::new(&name)?;
    fleet.start(8)?;
    fleet.until_refreshed(1)?;
    // The snapshot holds a refresh token that is presented after it.
    let Storage::Redis(server) = &mut storage else { return Ok(String::new()) };
    server.snapshot()?;
    fleet.until_refreshed(1)?;
    server.kill()?;
    server.restart()?;
    fleet.until_refreshed(2)?;
    fleet.until_all_call()?;
    fleet.finish(&[])
}

fn redis_slow() -> Result<String> {
    let storage = Storage::redis()?;
    let Storage::Redis(server) = &storage else { return Ok(String::new()) };
    let port = slow_network(server.port(), Duration::from_millis(100))?;
    let mut fleet = Fleet::new(&format!("redis://127.0.0.1:{port}"))?;
    fleet.start(8)?;
    fleet.until_refreshed(3)?;
    let logins = fleet.sandbox.calls("POST /auth/login");
    ensure!(logins == 1, "{logins} logins");
    fleet.finish(&[])
}

fn redis_clocks() -> Result<String> {
    let storage = Storage::redis()?;
    let mut fleet = Fleet::new(&storage.name())?;
    fleet.start_with_clocks(&[0, 3600, -3600, 3600])?;
    let before = fleet.sandbox.calls("POST /auth/refresh");
    fleet.until_refreshed(4)?;
    fleet.until_all_call()?;
    let adopted = (0..4).filter(|worker| fleet.report(*worker).adoptions > 0).count();
    ensure!(adopted == 4, "only {adopted} workers have adopted a token");
    let logins = fleet.sandbox.calls("POST /auth/login");
    ensure!(logins == 1, "{logins} logins and {before} refreshes");
    fleet.finish(&[])
}

fn script() -> Result<String> {
    let storage = Storage::file();
    let fleet = Fleet::new(&storage.name())?;
    fleet.sandbox.set_token_life(Duration::from_secs(3600), Duration::from_secs(7200));
    for run in 1..=200 {
        ensure!(fleet.run_once()?.success(), "run {run} failed");
    }
    let logins = fleet.sandbox.calls("POST /auth/login");
    ensure!(logins == 1, "{logins} logins");
    // With a wrong secret nothing changes until the tokens are revoked.
    fleet.set_secret("wrong")?;
    ensure!(fleet.run_once()?.success(), "a live token needs no secret");
    fleet.sandbox.revoke_all_tokens();
    for run in 1..=50 {
        ensure!(!fleet.run_once()?.success(), "run {run} succeeded with a wrong secret");
    }
    let refused = fleet.sandbox.calls("POST /auth/login") - logins;
    ensure!(refused == 1, "{refused} logins in 50 runs with a wrong secret");
    fleet.finish(&[])
}
