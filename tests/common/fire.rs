//! Many orders at once over a bad network, and the books checked afterwards.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{
    ClientReference, Error, EsimOrderStatus, ListEsimOrders, ListOrders, ListTopupOrders, NewEsimOrder,
    NewOrder, NewTopupOrder, OrderStatus, RetryPolicy, Session, WalletId,
};
use rust_decimal::Decimal;

/// All orders are paid from the wallet in dollars.
const WALLET: i64 = 9;

/// How bad it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fire {
    pub(crate) orders: u32,
    pub(crate) threads: u32,
    /// How many of a hundred calls that create, list or get an order go wrong.
    pub(crate) percent: u8,
    /// Whether the server checks that a reference is used once.
    pub(crate) is_strict: bool,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    /// Orders that were handed to the caller.
    pub(crate) placed: u64,
    /// Calls that failed.
    pub(crate) failed: u64,
    /// Failed calls that say the order may exist.
    pub(crate) unsure: u64,
    /// Orders the server executed.
    pub(crate) executed: u64,
    /// References the server executed more than once.
    pub(crate) twice: u64,
    /// Calls that reached the server.
    pub(crate) calls: u64,
    pub(crate) took: Duration,
}

/// A call that failed, and what the caller was told.
struct Failed {
    reference: String,
    error: Error,
}

impl Fire {
    /// Places the orders and checks what the callers were told against the server's books.
    pub(crate) fn run(self) -> Result<Report> {
        let sandbox = Sandbox::start()?;
        sandbox.accept_duplicate_references(!self.is_strict);
        // Short, because some calls hang; without faults nothing does, however busy the machine is.
        let limit = Duration::from_millis(if self.percent == 0 { 60_000 } else { 700 });
        let session = Session::builder(&sandbox.url(), sandbox.credentials())
            .order_timeout(limit)
            .timeout(limit)
            .retry(RetryPolicy::new().first_pause(Duration::from_millis(1)))
            .build()?;
        let before = session.get_wallet(WalletId::from(WALLET))?.amount;
        for (seed, vertical) in (7..).zip(["", "topups/", "esim/"]) {
            let place = format!("POST /api/v1/{vertical}orders");
            let ask = [format!("GET /api/v1/{vertical}orders"), format!("GET /api/v1/{vertical}orders/:id")];
            sandbox.fault_rate(&place, self.percent, seed, faults());
            for route in &ask {
                sandbox.fault_rate(route, self.percent, seed, faults());
            }
        }

        let started = Instant::now();
        let (placed, failures) = self.place_all(&session)?;
        let took = started.elapsed();

        sandbox.clear_faults();
        let executed = sandbox.orders_executed();
        let mut executed_in_secret = 0;
        for Failed { reference, error } in &failures {
            let executions = sandbox.executions_of(reference);
            ensure!(error.client_reference() == Some(reference), "{reference}: {error:?}");
            ensure!(executions == 0 || error.may_have_executed(), "{reference} was executed: {error:?}");
            executed_in_secret += executions;
        }
        let report = Report {
            placed: u64::try_from(placed.len())?,
            failed: u64::try_from(failures.len())?,
            unsure: u64::try_from(failures.iter().filter(|it| it.error.may_have_executed()).count())?,
            executed,
            twice: sandbox.references_executed_twice(),
            calls: sandbox.calls("*"),
            took,
        };
        ensure!(report.placed + report.failed == u64::from(self.orders), "{report:?}");
        if self.is_strict {
            let ids: HashSet<i64> = placed.iter().copied().collect();
            ensure!(ids.len() == placed.len(), "two callers got the same order");
            ensure!(executed == report.placed + executed_in_secret, "{report:?}");
            let after = session.get_wallet(WalletId::from(WALLET))?.amount;
            let spent = spent(&session)?;
            ensure!(before - after == spent, "{} left the wallet for orders of {spent}", before - after);
        }
        Ok(report)
    }

    /// The ids of the orders that were handed over, and the calls that failed.
    fn place_all(self, session: &Session) -> Result<(Vec<i64>, Vec<Failed>)> {
        let next = AtomicU32::new(0);
        let work = || -> Result<(Vec<i64>, Vec<Failed>)> {
            let (mut placed, mut failures) = (Vec::new(), Vec::new());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.orders {
                    return Ok((placed, failures));
                }
                let reference = format!("fire-{number}");
                match place(session, number, &reference)? {
                    Ok(id) => placed.push(id),
                    Err(error) => failures.push(Failed { reference, error }),
                }
            }
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads).map(|_| scope.spawn(work)).collect();
            let (mut placed, mut failures) = (Vec::new(), Vec::new());
            for thread in threads {
                let (more_placed, more_failures) = thread.join().ok().context("a worker panicked")??;
                placed.extend(more_placed);
                failures.extend(more_failures);
            }
            Ok((placed, failures))
        })
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
    faults.extend([Fault::Hang, Fault::HangAfter]);
    faults
}

/// Places an order of which no two neighbours are alike; an order that is not the one asked for ends the run.
fn place(session: &Session, number: u32, reference: &str) -> Result<Result<i64, Error>> {
    let own = ClientReference::new(reference)?;
    let wallet = WalletId::from(WALLET);
    let found = match number % 4 {
        0 => session
            .create_topup_order(
                &NewTopupOrder::new(401.into(), Decimal::new(499, 2), own)
                    .input("player_id", "p1")
                    .input("server", "eu")
                    .wallet(wallet),
            )
            .map(|order| {
                let is_it = order.product_id == Some(401.into()) && order.amount == Decimal::new(47_405, 4);
                (order.id.get(), order.client_reference, is_it)
            }),
        1 => session
            .create_esim_order(&NewEsimOrder::new(601.into(), Decimal::new(450, 2), own).wallet(wallet))
            .map(|order| {
                let has_code = order.activation_code.is_some() || order.status != EsimOrderStatus::Delivered;
                let is_it = order.product_id == Some(601.into()) && has_code;
                (order.id.get(), order.client_reference, is_it)
            }),
        _ => {
            let value = Decimal::from(if number.is_multiple_of(3) { 50 } else { 20 });
            let quantity = 1 + number % 7;
            let asked = NewOrder::new(3013.into(), value, quantity, own).wallet(wallet);
            session.create_order(&asked).map(|order| {
                let has_codes = match order.status {
                    OrderStatus::Delivered => u32::try_from(order.vouchers.len()) == Ok(quantity),
                    _ => order.vouchers.is_empty(),
                };
                let same =
                    (order.product_id.get(), order.denomination, order.quantity) == (3013, value, quantity);
                (order.id.get(), order.client_reference, same && has_codes)
            })
        }
    };
    match found {
        Ok((id, found, is_it)) => {
            ensure!(
                is_it && found.as_deref() == Some(reference),
                "{reference} brought order {id} of {found:?}"
            );
            Ok(Ok(id))
        }
        Err(error) => Ok(Err(error)),
    }
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
        let Report { placed, failed, unsure, executed, twice, calls, took } = self;
        let rate = f64::from(u32::try_from(placed + failed).unwrap_or(u32::MAX)) / took.as_secs_f64();
        writeln!(f, "orders handed over      {placed:>8}")?;
        writeln!(f, "calls that failed       {failed:>8}  ({unsure} of them say that the order may exist)")?;
        writeln!(f, "orders executed         {executed:>8}")?;
        writeln!(f, "references twice        {twice:>8}")?;
        writeln!(f, "calls at the server     {calls:>8}")?;
        write!(f, "orders a second         {rate:>8.0}  ({:.1} s in all)", took.as_secs_f64())
    }
}
