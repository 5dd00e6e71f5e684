//! Eight threads share one session: one login, one pool of connections, one set of counters.
//!
//! If `API_BASE_URL`, `API_KEY` and `API_SECRET` are set, it uses that server, and a local sandbox otherwise.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Mutex;
use std::thread;

use popup_rewards::sandbox::Sandbox;
use popup_rewards::{ListProducts, Session};

const WORKERS: usize = 8;

fn main() -> anyhow::Result<()> {
    let (session, _sandbox) = connect()?;
    let products = session.list_products(&ListProducts::new().limit(200))?.items;
    let jobs = Mutex::new(products.into_iter());

    let done = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                // Clones are cheap. Workers that outlive this function would own theirs.
                let session = session.clone();
                let jobs = &jobs;
                scope.spawn(move || -> popup_rewards::Result<usize> {
                    let mut done = 0;
                    // The lock is held only while a job is taken.
                    while let Some(product) = jobs.lock().ok().and_then(|mut jobs| jobs.next()) {
                        session.get_product(product.id)?;
                        done += 1;
                    }
                    Ok(done)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(Ok(0))).collect::<Result<Vec<_>, _>>()
    })?;

    println!("products per worker: {done:?}");
    let stats = session.stats();
    println!(
        "{} calls, {} login, {} refreshes, {} retries",
        stats.calls, stats.logins, stats.refreshes, stats.retries
    );
    session.logout()?;
    Ok(())
}

fn connect() -> anyhow::Result<(Session, Option<Sandbox>)> {
    if std::env::var_os("API_BASE_URL").is_some() {
        return Ok((Session::from_env()?, None));
    }
    let sandbox = Sandbox::start()?;
    Ok((sandbox.session(), Some(sandbox)))
}
