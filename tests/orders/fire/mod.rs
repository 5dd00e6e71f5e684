//! Places many orders at once over a bad network, then checks the results against the server's records.

mod network;
mod orders;

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{
    Error, ErrorKind, ListEsimOrders, ListOrders, ListTopupOrders, RetryPolicy, Session, WalletId,
};
use rust_decimal::Decimal;

use self::network::Network;
use self::orders::{Past, Returned, Wanted};

/// All orders are paid from the dollar wallet.
const WALLET: i64 = 9;

/// The settings of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fire {
    pub(crate) orders: u32,
    pub(crate) threads: u32,
    /// The percentage of order calls (create, list, get) that get a fault. Above zero, connections also break, and an
    /// earlier run has used some of the references.
    pub(crate) percent: u8,
    /// Whether the server refuses a reference that was already used.
    pub(crate) is_strict: bool,
}

/// The results of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    /// Orders returned to the caller.
    pub(crate) placed: u64,
    /// Orders of an earlier run that were found.
    pub(crate) resumed: u64,
    /// Orders refused because another customer's order has the reference.
    pub(crate) refused: u64,
    /// Failed calls.
    pub(crate) failed: u64,
    /// Errors that say the order may exist.
    pub(crate) unsure: u64,
    /// Orders that the server executed.
    pub(crate) executed: u64,
    /// References that the server executed more than once.
    pub(crate) twice: u64,
    /// Executed orders whose error said that they were not.
    pub(crate) lost: u64,
    /// Returned orders that are not the requested ones.
    pub(crate) mistaken: u64,
    /// Calls that reached the server.
    pub(crate) calls: u64,
    pub(crate) took: Duration,
}

impl Fire {
    /// Places the orders and checks the results against the server's records.
    pub(crate) fn run(self) -> Result<Report> {
        let sandbox = Sandbox::start()?;
        let direct = sandbox.session();
        let before = direct.get_wallet(WalletId::from(WALLET))?.amount;
        let pasts = self.prepare(&sandbox, &direct)?;
        let prepared = sandbox.orders_executed();
        sandbox.accept_duplicate_references(!self.is_strict);

        let address = sandbox.url().trim_start_matches("http://").parse()?;
        let network = if self.percent == 0 { None } else { Some(Network::start(address, 11)?) };
        // Short because some faults hang. Without faults it must suffice on a busy machine.
        let limit = Duration::from_millis(if self.percent == 0 { 60_000 } else { 700 });
        let url = network.as_ref().map_or_else(|| sandbox.url(), Network::url);
        let session = Session::builder(&url, sandbox.credentials())
            .order_timeout(limit)
            .timeout(limit)
            .retry(RetryPolicy::new().first_pause(Duration::from_millis(1)))
            .build()?;
        session.login()?;
        for (seed, vertical) in (7..).zip(["", "topups/", "esim/"]) {
            for route in [format!("POST /api/v1/{vertical}orders"), format!("GET /api/v1/{vertical}orders")] {
                sandbox.fault_rate(&route, self.percent, seed, faults());
            }
            sandbox.fault_rate(&format!("GET /api/v1/{vertical}orders/:id"), self.percent, seed, faults());
        }

        let started = Instant::now();
        let attempts = self.place_all(&session, &pasts)?;
        let took = started.elapsed();

        sandbox.clear_faults();
        ensure!(attempts.len() == usize::try_from(self.orders)?, "{} attempts", attempts.len());
        let executed = sandbox.orders_executed();
        let twice = sandbox.references_executed_twice();
        let mut report = Report { executed, twice, calls: sandbox.calls("*"), took, ..Report::default() };
        let (mut ids, mut unreported) = (HashSet::new(), 0);
        for attempt in attempts {
            let reference = format!("fire-{}", attempt.number);
            report.note(&attempt, sandbox.executions_of(&reference));
            match &attempt.result {
                Ok(returned) => {
                    ensure!(ids.insert(returned.id) || !self.is_strict, "{returned:?} was returned twice");
                }
                Err(error) => {
                    ensure!(error.client_reference() == Some(&reference), "{reference}: {error:?}");
                    unreported += u64::from(attempt.past == Past::None) * sandbox.executions_of(&reference);
                }
            }
        }
        if self.is_strict {
            ensure!(executed == prepared + report.placed + unreported, "{report:?}");
            let after = direct.get_wallet(WalletId::from(WALLET))?.amount;
            let spent = spent(&direct)?;
            ensure!(before - after == spent, "{} left the wallet for orders of {spent}", before - after);
        }
        Ok(report)
    }

    /// Places the orders of an earlier run, some seconds in the past.
    fn prepare(self, sandbox: &Sandbox, session: &Session) -> Result<Vec<Past>> {
        if self.percent == 0 {
            return Ok((0..self.orders).map(|_| Past::None).collect());
        }
        let pasts = (0..self.orders).map(|number| Past::make(number, session)).collect();
        sandbox.advance(Duration::from_secs(15));
        pasts
    }

    fn place_all(self, session: &Session, pasts: &[Past]) -> Result<Vec<Attempt>> {
        let next = AtomicU32::new(0);
        let work = || -> Result<Vec<Attempt>> {
            let mut results = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(past) = usize::try_from(number).ok().and_then(|number| pasts.get(number)) else {
                    return Ok(results);
                };
                let wanted = Wanted::new(number, "own")?;
                let result = match past {
                    Past::Placed(_) => wanted.resume(session),
                    Past::None | Past::Used => wanted.create(session),
                };
                results.push(Attempt { number, past: *past, result });
            }
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads).map(|_| scope.spawn(work)).collect();
            let mut results = Vec::new();
            for thread in threads {
                results.extend(thread.join().ok().context("a worker panicked")??);
            }
            Ok(results)
        })
    }
}

/// One order and what the call returned.
struct Attempt {
    number: u32,
    past: Past,
    result: Result<Returned, Error>,
}

impl Report {
    fn note(&mut self, attempt: &Attempt, executions: u64) {
        match (&attempt.result, attempt.past) {
            (Ok(returned), Past::None) if returned.is_match => self.placed += 1,
            (Ok(returned), Past::Placed(id)) if returned.is_match && returned.id == id => self.resumed += 1,
            (Ok(_), _) => self.mistaken += 1,
            (Err(error), past) => {
                let is_lost = past == Past::None && executions > 0 && !error.may_have_executed();
                self.lost += u64::from(is_lost);
                self.unsure += u64::from(error.may_have_executed());
                if past == Past::Used && error.kind() == ErrorKind::DuplicateReference {
                    self.refused += 1;
                } else {
                    self.failed += 1;
                }
            }
        }
    }
}

/// Returns the faults, weighted. Faults that hang are rare because they cost time.
fn faults() -> Vec<Fault> {
    let usual = [
        Fault::CloseBefore,
        Fault::CloseAfter,
        Fault::Status(502),
        Fault::StatusAfter(502),
        Fault::RateLimited(0),
        Fault::CutBody,
    ];
    let mut faults: Vec<Fault> = std::iter::repeat_n(usual, 16).flatten().collect();
    // What a gateway may send for a success that it did not receive.
    faults.extend(
        [301, 302, 307, 403, 404, 405, 406, 410, 412, 413, 421, 423, 425, 429, 431].map(Fault::PageAfter),
    );
    faults.extend([451, 499, 600, 999].map(Fault::PageAfter));
    faults.extend([404, 409, 423, 499].map(Fault::StatusAfter));
    faults.extend([Fault::Garbage, Fault::EmptyOk, Fault::WrongShape, Fault::Hang, Fault::HangAfter]);
    faults
}

/// Returns the total cost of the account's orders in dollars.
fn spent(session: &Session) -> Result<Decimal> {
    let mut total = Decimal::ZERO;
    for order in session.orders(&ListOrders::new().limit(500)) {
        let order = order?;
        total += order.amount.unwrap_or_default() - order.discount.unwrap_or_default();
    }
    for order in session.topup_orders(&ListTopupOrders::new().limit(500)) {
        total += order?.amount;
    }
    for order in session.esim_orders(&ListEsimOrders::new().limit(500)) {
        total += order?.amount;
    }
    Ok(total)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { placed, resumed, refused, failed, unsure, executed, twice, lost, mistaken, calls, took } =
            self;
        let all = placed + resumed + refused + failed;
        let rate = f64::from(u32::try_from(all).unwrap_or(u32::MAX)) / took.as_secs_f64();
        writeln!(f, "orders returned         {placed:>8}")?;
        writeln!(f, "found after a crash     {resumed:>8}")?;
        writeln!(f, "used references refused {refused:>8}")?;
        writeln!(
            f,
            "calls that failed       {failed:>8}  (in all, {unsure} errors say that the order may exist)"
        )?;
        writeln!(f, "orders executed         {executed:>8}")?;
        writeln!(f, "executed twice          {twice:>8}")?;
        writeln!(f, "lost                    {lost:>8}")?;
        writeln!(f, "mistaken                {mistaken:>8}")?;
        writeln!(f, "calls at the server     {calls:>8}")?;
        write!(f, "orders a second         {rate:>8.0}  ({:.1} s in all)", took.as_secs_f64())
    }
}
