//! A worker process: it makes calls until it is told to stop, and prints a line about itself after each.

use std::io::{BufRead, Write, stdin, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{TryRecvError, channel};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use popup_rewards::store::{EncryptedFileStore, RedisTokenStore, StoreKey};
use popup_rewards::{Clock, Credentials, EventKind, Session, SystemClock};

/// What the environment of a worker says.
pub(crate) const MODE: &str = "WORKER_MODE";
pub(crate) const BASE_URL: &str = "WORKER_BASE_URL";
pub(crate) const KEY: &str = "WORKER_KEY";
/// The path of a file with the secret, which the worker reads at each login.
pub(crate) const SECRET_FILE: &str = "WORKER_SECRET_FILE";
/// `file:<path>` or a Redis URL.
pub(crate) const STORE: &str = "WORKER_STORE";
/// How many seconds the clock of the worker's machine is wrong.
pub(crate) const CLOCK: &str = "WORKER_CLOCK";

/// The deadline of every call.
pub(crate) const DEADLINE: Duration = Duration::from_secs(40);
const PACE: Duration = Duration::from_millis(20);

pub(crate) fn is_worker() -> bool {
    std::env::var_os(MODE).is_some()
}

pub(crate) fn main() -> Result<()> {
    let adoptions = Arc::new(AtomicU64::new(0));
    let session = session(&adoptions)?;
    match std::env::var(MODE)?.as_str() {
        "once" => Ok(session.countries().map(drop)?),
        "loop" => work(&session, &adoptions),
        mode => bail!("unknown mode {mode}"),
    }
}

fn session(adoptions: &Arc<AtomicU64>) -> Result<Session> {
    let (key, file) = (std::env::var(KEY)?, std::env::var(SECRET_FILE)?);
    let credentials = Credentials::from_fn(move || {
        let secret = std::fs::read_to_string(&file).unwrap_or_default();
        Ok(Credentials::new(&*key, secret))
    });
    let wrong_by = std::env::var(CLOCK).unwrap_or_else(|_| "0".to_owned()).parse()?;
    let adoptions = Arc::clone(adoptions);
    let builder = Session::builder(&std::env::var(BASE_URL)?, credentials)
        .deadline(DEADLINE)
        .clock(WrongClock { clock: SystemClock::new(), wrong_by })
        .observer(move |event| {
            adoptions.fetch_add(u64::from(event.kind == EventKind::Adopted), Ordering::SeqCst);
        });
    let (store, key) = (std::env::var(STORE)?, StoreKey::new([9; 32]));
    let builder = match store.strip_prefix("file:") {
        Some(path) => builder.token_store(EncryptedFileStore::open(path, key)?),
        None => builder.token_store(RedisTokenStore::open(&store, key)?),
    };
    Ok(builder.build()?)
}

fn work(session: &Session, adoptions: &Arc<AtomicU64>) -> Result<()> {
    let (orders, ordered) = channel();
    std::thread::spawn(move || {
        stdin().lock().lines().map_while(Result::ok).try_for_each(|line| orders.send(line))
    });
    let report = Arc::new(Mutex::new(Report::default()));
    let reporter = (session.clone(), Arc::clone(&report), Arc::clone(adoptions));
    // On a thread of its own, because a call may wait while its flight refreshes.
    std::thread::spawn(move || print_reports(&reporter.0, &reporter.1, &reporter.2));
    loop {
        match ordered.try_recv().as_deref() {
            Ok("logout") => session.logout()?,
            Ok("stop") | Err(TryRecvError::Disconnected) => break,
            Ok(order) => bail!("unknown order {order}"),
            Err(TryRecvError::Empty) => {}
        }
        let began = Instant::now();
        let result = session.countries();
        {
            let mut report = report.lock();
            report.longest = report.longest.max(began.elapsed());
            report.calls += 1;
            if let Err(error) = result {
                report.errors += 1;
                report.last_error = format!("{:?}", error.kind());
            }
        }
        std::thread::sleep(PACE);
    }
    println!("{}", report.lock().with(session, adoptions).to_line());
    Ok(())
}

fn print_reports(session: &Session, report: &Mutex<Report>, adoptions: &AtomicU64) {
    loop {
        let line = report.lock().with(session, adoptions).to_line();
        if writeln!(stdout(), "{line}").is_err() {
            return;
        }
        std::thread::sleep(PACE / 2);
    }
}

/// What a worker says about itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) logins: u64,
    pub(crate) refreshes: u64,
    pub(crate) adoptions: u64,
    pub(crate) longest: Duration,
    pub(crate) last_error: String,
}

impl Report {
    fn with(&self, session: &Session, adoptions: &AtomicU64) -> Self {
        let stats = session.stats();
        Report {
            logins: stats.logins,
            refreshes: stats.refreshes,
            adoptions: adoptions.load(Ordering::SeqCst),
            ..self.clone()
        }
    }

    fn to_line(&self) -> String {
        let Report { calls, errors, logins, refreshes, adoptions, longest, last_error } = self;
        format!("{calls} {errors} {logins} {refreshes} {adoptions} {} {last_error}", longest.as_millis())
    }

    pub(crate) fn parse(line: &str) -> Result<Self> {
        let mut words = line.splitn(7, ' ');
        let mut number = || -> Result<u64> { Ok(words.next().context("too short")?.parse()?) };
        Ok(Report {
            calls: number()?,
            errors: number()?,
            logins: number()?,
            refreshes: number()?,
            adoptions: number()?,
            longest: Duration::from_millis(number()?),
            last_error: words.next().unwrap_or_default().to_owned(),
        })
    }
}

/// The clock of a machine whose time of day is wrong.
struct WrongClock {
    clock: SystemClock,
    wrong_by: i64,
}

impl Clock for WrongClock {
    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn wall(&self) -> SystemTime {
        let by = Duration::from_secs(self.wrong_by.unsigned_abs());
        let wall = self.clock.wall();
        if self.wrong_by < 0 { wall - by } else { wall + by }
    }
}
