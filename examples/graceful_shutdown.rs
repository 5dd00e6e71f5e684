//! Works until its input ends, finishes the jobs in the queue, and logs out.
//!
//! Each line of the standard input is a product to search for. End the input with Ctrl-D. If `API_BASE_URL`,
//! `API_KEY` and `API_SECRET` are set, it uses that server, and a local sandbox otherwise.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::mpsc;
use std::{io, thread};

use popup_rewards::sandbox::Sandbox;
use popup_rewards::{ListProducts, Session};

fn main() -> anyhow::Result<()> {
    let (session, _sandbox) = connect()?;
    let (jobs, queue) = mpsc::channel::<String>();
    let worker = {
        let session = session.clone();
        thread::spawn(move || -> popup_rewards::Result<()> {
            // The queue ends when its sender is dropped. There is no flag to poll, and no job is lost.
            for search in queue {
                let page = session.list_products(&ListProducts::new().search(&search).limit(1))?;
                println!("{search}: {} products", page.total.unwrap_or_default());
            }
            Ok(())
        })
    };

    // A service would wait for a signal here instead.
    let mut lines = io::stdin().lines().peekable();
    if lines.peek().is_none() {
        ["play", "market"].map(str::to_owned).into_iter().try_for_each(|search| jobs.send(search))?;
    }
    for line in lines {
        jobs.send(line?)?;
    }

    // Close the queue, wait for the jobs in it, and only then revoke the token that they use.
    drop(jobs);
    let outcome = worker.join().unwrap_or(Ok(()));
    // The server revokes the tokens of every process of this client, so take care with shared credentials.
    session.logout()?;
    println!("logged out");
    Ok(outcome?)
}

fn connect() -> anyhow::Result<(Session, Option<Sandbox>)> {
    if std::env::var_os("API_BASE_URL").is_some() {
        return Ok((Session::from_env()?, None));
    }
    let sandbox = Sandbox::start()?;
    Ok((sandbox.session(), Some(sandbox)))
}
