//! A sandbox and the worker processes that use it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use parking_lot::Mutex;
use popup_rewards::sandbox::Sandbox;

use super::worker::{self, Report};
use crate::common::until;

pub(crate) struct Fleet {
    pub(crate) sandbox: Sandbox,
    store: String,
    folder: PathBuf,
    workers: Vec<Worker>,
}

struct Worker {
    child: Child,
    orders: ChildStdin,
    report: Arc<Mutex<Report>>,
    reader: Option<JoinHandle<()>>,
    is_alive: bool,
}

/// The API allows this many logins in a rolling minute. No case takes longer, so it holds for a whole case.
const LOGINS: u64 = 10;
/// How long a token lives. A fleet renews it about every five seconds.
pub(crate) const LIFE: Duration = Duration::from_secs(6);

impl Fleet {
    /// Starts a server for workers that use this store.
    pub(crate) fn new(store: &str) -> Result<Self> {
        let sandbox = Sandbox::start()?;
        sandbox.set_token_life(LIFE, Duration::from_secs(3600));
        let name =
            format!("popup-fleet-{}-{}", std::process::id(), sandbox.url().rsplit(':').next().unwrap_or("0"));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder)?;
        let fleet = Fleet { sandbox, store: store.to_owned(), folder, workers: Vec::new() };
        fleet.set_secret(fleet.sandbox.password().expose())?;
        Ok(fleet)
    }

    /// Sets the secret that the workers know.
    pub(crate) fn set_secret(&self, secret: &str) -> Result<()> {
        let (path, new) = (self.folder.join("secret"), self.folder.join("secret.new"));
        fs::write(&new, secret)?;
        Ok(fs::rename(new, path)?)
    }

    fn command(&self, mode: &str) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .env(worker::MODE, mode)
            .env(worker::BASE_URL, self.sandbox.url())
            .env(worker::KEY, self.sandbox.username().expose())
            .env(worker::SECRET_FILE, self.folder.join("secret"))
            .env(worker::STORE, &self.store);
        Ok(command)
    }

    /// Runs a worker that makes one call.
    pub(crate) fn run_once(&self) -> Result<ExitStatus> {
        Ok(self.command("once")?.stderr(Stdio::null()).status()?)
    }

    /// Starts workers whose clocks are wrong by these seconds, and waits until each has made a call.
    pub(crate) fn start_with_clocks(&mut self, clocks: &[i64]) -> Result<()> {
        for clock in clocks {
            let mut command = self.command("loop")?;
            command.env(worker::CLOCK, clock.to_string());
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
            let orders = child.stdin.take().context("no stdin")?;
            let lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
            let report = Arc::new(Mutex::new(Report::default()));
            let latest = Arc::clone(&report);
            let reader = std::thread::spawn(move || {
                for line in lines.map_while(Result::ok) {
                    // A killed worker may leave half a line.
                    if let Ok(report) = Report::parse(&line) {
                        *latest.lock() = report;
                    }
                }
            });
            self.workers.push(Worker { child, orders, report, reader: Some(reader), is_alive: true });
        }
        self.until_all_call()
    }

    pub(crate) fn start(&mut self, workers: usize) -> Result<()> {
        self.start_with_clocks(&vec![0; workers])
    }

    pub(crate) fn report(&self, worker: usize) -> Report {
        self.workers[worker].report.lock().clone()
    }

    /// Waits until every living worker has made another call without an error.
    pub(crate) fn until_all_call(&self) -> Result<()> {
        let good = |report: &Report| report.calls - report.errors;
        let living = || self.workers.iter().enumerate().filter(|(_, worker)| worker.is_alive);
        let before: Vec<_> = living().map(|(index, _)| (index, good(&self.report(index)))).collect();
        until("every worker makes a call", || {
            before.iter().all(|(index, calls)| good(&self.report(*index)) > *calls)
        })
    }

    /// Waits until the fleet has refreshed its token this many more times.
    pub(crate) fn until_refreshed(&self, times: u64) -> Result<()> {
        let before = self.sandbox.calls("POST /auth/refresh");
        until("the fleet refreshes", || self.sandbox.calls("POST /auth/refresh") >= before + times)
    }

    /// Waits until a worker has sent a refresh, and returns which one. The server must delay its response.
    pub(crate) fn refreshing(&self) -> Result<usize> {
        let before: Vec<u64> = (0..self.workers.len()).map(|index| self.report(index).refreshes).collect();
        let found =
            || before.iter().enumerate().position(|(index, count)| self.report(index).refreshes > *count);
        until("a worker refreshes", || found().is_some())?;
        found().context("no worker refreshes")
    }

    pub(crate) fn signal(&mut self, worker: usize, signal: libc::c_int) -> Result<()> {
        let worker = &mut self.workers[worker];
        let pid = libc::pid_t::try_from(worker.child.id())?;
        #[expect(unsafe_code, reason = "the standard library cannot send a signal")]
        // SAFETY: `kill` touches no memory, and the process is a child that has not been waited for.
        let sent = unsafe { libc::kill(pid, signal) };
        ensure!(sent == 0, "{}", std::io::Error::last_os_error());
        if signal == libc::SIGKILL {
            worker.is_alive = false;
            worker.child.wait()?;
        }
        Ok(())
    }

    pub(crate) fn order(&mut self, worker: usize, order: &str) -> Result<()> {
        Ok(writeln!(self.workers[worker].orders, "{order}")?)
    }

    /// Stops the workers and checks what must hold for every fleet. A worker may fail only with an error of one of
    /// these kinds.
    pub(crate) fn finish(mut self, allowed: &[&str]) -> Result<String> {
        for worker in self.workers.iter_mut().filter(|worker| worker.is_alive) {
            writeln!(worker.orders, "stop")?;
            ensure!(worker.child.wait()?.success(), "a worker failed");
            worker.is_alive = false;
        }
        for worker in &mut self.workers {
            worker.reader.take().map(|reader| reader.join().ok());
        }
        let reports: Vec<Report> = (0..self.workers.len()).map(|index| self.report(index)).collect();
        for report in &reports {
            let is_allowed = report.errors == 0 || allowed.contains(&report.last_error.as_str());
            ensure!(is_allowed, "{report:?}");
            ensure!(report.longest < worker::DEADLINE + Duration::from_secs(2), "{report:?}");
        }
        let twice = self.sandbox.refresh_tokens_presented_twice();
        ensure!(twice == 0, "{twice} refresh tokens were presented twice");
        let (logins, refreshes) =
            (self.sandbox.calls("POST /auth/login"), self.sandbox.calls("POST /auth/refresh"));
        ensure!(logins <= LOGINS, "{logins} logins");
        let sum = |count: fn(&Report) -> u64| reports.iter().map(count).sum::<u64>();
        let longest = reports.iter().map(|report| report.longest).max().unwrap_or_default();
        Ok(format!(
            "{} calls, {} errors, {logins} logins, {refreshes} refreshes, {} adoptions, longest call {} ms",
            sum(|report| report.calls),
            sum(|report| report.errors),
            sum(|report| report.adoptions),
            longest.as_millis()
        ))
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            worker.child.kill().unwrap_or_default();
            worker.child.wait().map(drop).unwrap_or_default();
        }
        fs::remove_dir_all(&self.folder).unwrap_or_default();
    }
}
