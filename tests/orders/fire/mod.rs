//! Many orders at once over a bad network, and the books checked afterwards.

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
use self::orders::{Asked, Handed, Past};

/// All orders are paid from the wallet in dollars.
const WALLET: i64 = 9;

/// How bad it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fire {
    pub(crate) orders: u32,
    pub(crate) threads: u32,
    /// How many of a hundred calls that create, list or get an order go wrong. If any do, connections die as well, and
    /// references were used before.
    pub(crate) percent: u8,
    /// Whether the server checks that a reference is used once.
    pub(crate) is_strict: bool,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    /// Orders that were handed to the caller.
    pub(crate) placed: u64,
    /// Orders of an earlier run that were found again.
    pub(crate) resumed: u64,
    /// References of somebody else's orders that were refused.
    pub(crate) refused: u64,
    /// Calls that failed.
    pub(crate) failed: u64,
    /// Failed calls that say the order may exist.
    pub(crate) unsure: u64,
    /// Orders the server executed.
    pub(crate) executed: u64,
    /// References the server executed more than once.
    pub(crate) twice: u64,
    /// Orders that were executed although their caller was told that nothing was ordered.
    pub(crate) lost: u64,
    /// Orders that were handed over and are not the ones that were asked for.
    pub(crate) mistaken: u64,
    /// Calls that reached the server.
    pub(crate) calls: u64,
    pub(crate) took: Duration,
}

impl Fire {
    /// Places the orders and checks what the callers were told against the server's books.
    pub(crate) fn run(self) -> Result<Report> {
        let sandbox = Sandbox::start()?;
        let direct = sandbox.session();
        let before = direct.get_wallet(WalletId::from(WALLET))?.amount;
        let pasts = self.prepare(&sandbox, &direct)?;
        let prepared = sandbox.orders_executed();
        sandbox.accept_duplicate_references(!self.is_strict);

        let address = sandbox.url().trim_start_matches("http://").parse()?;
        let network = if self.percent == 0 { None } else { Some(Network::start(address, 11)?) };
        // Short, because some calls hang; without faults nothing does, however busy the machine is.
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
        let results = self.place_all(&session, &pasts)?;
        let took = started.elapsed();

        sandbox.clear_faults();
        ensure!(results.len() == usize::try_from(self.orders)?, "{} results", results.len());
        let executed = sandbox.orders_executed();
        let twice = sandbox.references_executed_twice();
        let mut report = Report { executed, twice, calls: sandbox.calls("*"), took, ..Report::default() };
        let (mut ids, mut in_secret) = (HashSet::new(), 0);
        for result in results {
            let reference = format!("fire-{}", result.number);
            report.note(&result, sandbox.executions_of(&reference));
            match &result.end {
                Ok(handed) => {
                    ensure!(ids.insert(handed.id) || !self.is_strict, "{handed:?} was handed over twice");
                }
                Err(error) => {
                    ensure!(error.client_reference() == Some(&reference), "{reference}: {error:?}");
                    in_secret += u64::from(result.past == Past::None) * sandbox.executions_of(&reference);
                }
            }
        }
        if self.is_strict {
            ensure!(executed == prepared + report.placed + in_secret, "{report:?}");
            let after = direct.get_wallet(WalletId::from(WALLET))?.amount;
            let spent = spent(&direct)?;
            ensure!(before - after == spent, "{} left the wallet for orders of {spent}", before - after);
        }
        Ok(report)
    }

    /// What an earlier run has done, some seconds before.
    fn prepare(self, sandbox: &Sandbox, session: &Session) -> Result<Vec<Past>> {
        if self.percent == 0 {
            return Ok((0..self.orders).map(|_| Past::None).collect());
        }
        let pasts = (0..self.orders).map(|number| Past::make(number, session)).collect();
        sandbox.advance(Duration::from_secs(15));
        pasts
    }

    fn place_all(self, session: &Session, pasts: &[Past]) -> Result<Vec<Placed>> {
        let next = AtomicU32::new(0);
        let work = || -> Result<Vec<Placed>> {
            let mut results = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(past) = usize::try_from(number).ok().and_then(|number| pasts.get(number)) else {
                    return Ok(results);
                };
                let asked = Asked::new(number, "own")?;
                let end = match past {
                    Past::Placed(_) => asked.resume(session),
                    Past::None | Past::Used => asked.create(session),
                };
                results.push(Placed { number, past: *past, end });
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

/// One order, and what its caller was told.
struct Placed {
    number: u32,
    past: Past,
    end: Result<Handed, Error>,
}

impl Report {
    fn note(&mut self, result: &Placed, executions: u64) {
        match (&result.end, result.past) {
            (Ok(handed), Past::None) if handed.is_it => self.placed += 1,
            (Ok(handed), Past::Placed(id)) if handed.is_it && handed.id == id => self.resumed += 1,
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

/// As many of each as they are likely; hanging costs time, so it is rare.
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
    // What a gateway makes of a success that does not reach it.
    faults.extend(
        [301, 302, 307, 403, 404, 405, 406, 410, 412, 413, 421, 423, 425, 429, 431].map(Fault::PageAfter),
    );
    faults.extend([451, 499, 600, 999].map(Fault::PageAfter));
    faults.extend([404, 409, 423, 499].map(Fault::StatusAfter));
    faults.extend([Fault::Garbage, Fault::EmptyOk, Fault::WrongShape, Fault::Hang, Fault::HangAfter]);
    faults
}

/// What all orders of the account cost, in dollars.
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
        writeln!(f, "orders handed over      {placed:>8}")?;
        writeln!(f, "found after a crash     {resumed:>8}")?;
        writeln!(f, "references of others    {refused:>8}  (refused)")?;
        writeln!(
            f,
            "calls that failed       {failed:>8}  ({unsure} errors in all say that the order may exist)"
        )?;
        writeln!(f, "orders executed         {executed:>8}")?;
        writeln!(f, "executed twice          {twice:>8}")?;
        writeln!(f, "lost                    {lost:>8}")?;
        writeln!(f, "mistaken                {mistaken:>8}")?;
        writeln!(f, "calls at the server     {calls:>8}")?;
        write!(f, "orders a second         {rate:>8.0}  ({:.1} s in all)", took.as_secs_f64())
    }
}
