//! What a script costs with a round trip of 50 ms, against one ureq agent used by hand.
//!
//! Both sides speak TLS over a relay that forwards everything 25 ms later in each direction. Each round starts cold,
//! with a new session and a new agent. The sides alternate, and the relay counts their connections. The rows are
//! about round trips; `calls` measures the cost of the calls themselves. Bandwidth is unlimited and TCP slow start is
//! not modelled, so a large page takes as long as a small one.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod by_hand;
mod relay;
mod server;

use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, ensure};
use popup_rewards::store::{EncryptedFileStore, StoreKey};
use popup_rewards::{CountryId, Credentials, ListProducts, Session};

use crate::by_hand::ByHand;
use crate::relay::Relay;
use crate::server::{PRODUCTS, Server};

fn main() -> anyhow::Result<()> {
    // `cargo bench` passes this. As a test, one short round checks that everything runs.
    let measured = env::args().any(|arg| arg == "--bench");
    let (delay, rounds) =
        if measured { (Duration::from_millis(25), 15) } else { (Duration::from_millis(1), 1) };
    let server = Server::start()?;
    let relay = Relay::start(server.address, delay)?;
    let folder = env::temp_dir().join(format!("popup-latency-{}", std::process::id()));
    let bench = Bench { url: format!("https://{}", relay.address), server, relay, rounds };

    println!("medians: our time and theirs, their ratio, and the connections of one round\n");
    let country = CountryId::from(1);
    let call = |session: &Session| session.get_country(country).map(drop);
    bench.row("login + call", call, |by_hand| by_hand.log_in()?.country())?;
    let tokens = folder.join("tokens");
    call(&bench.session(Some(&tokens))?)?;
    bench.compare(
        "call, in the second run of a script with a token store, against login + call",
        || Ok(call(&bench.session(Some(&tokens))?)?),
        |by_hand| by_hand.log_in()?.country(),
    )?;
    bench.row(
        "login + call + logout",
        |session| session.get_country(country).and_then(|_| session.logout()),
        |by_hand| {
            let client = by_hand.log_in()?;
            client.country()?;
            client.log_out()
        },
    )?;
    bench.row(
        "login + ten calls",
        |session| (0..10).try_for_each(|_| session.get_country(country).map(drop)),
        |by_hand| {
            let client = by_hand.log_in()?;
            (0..10).try_for_each(|_| client.country())
        },
    )?;
    bench.row(
        "login + a walk over 1,237 products, against pages of 100",
        |session| {
            let products: Vec<_> = session.products(&ListProducts::new()).collect::<Result<_, _>>()?;
            assert_eq!(products.len(), PRODUCTS);
            Ok(())
        },
        |by_hand| {
            ensure!(by_hand.log_in()?.products()?.len() == PRODUCTS, "the walk by hand missed products");
            Ok(())
        },
    )?;
    Ok(fs::remove_dir_all(folder)?)
}

struct Bench {
    url: String,
    server: Server,
    relay: Relay,
    rounds: u32,
}

impl Bench {
    fn row(
        &self,
        what: &str,
        ours: impl Fn(&Session) -> popup_rewards::Result<()>,
        theirs: impl Fn(ByHand) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.compare(what, || Ok(ours(&self.session(None)?)?), theirs)
    }

    /// Creates a session, whose tokens are in a file if there is a path.
    fn session(&self, tokens: Option<&Path>) -> popup_rewards::Result<Session> {
        let builder = Session::builder(&self.url, Credentials::new("key", "secret"))
            .root_certificates(self.server.pem.as_bytes());
        let Some(path) = tokens else { return builder.build() };
        builder.token_store(EncryptedFileStore::open(path, StoreKey::new([7; 32]))?).build()
    }

    fn compare(
        &self,
        what: &str,
        ours: impl Fn() -> anyhow::Result<()>,
        theirs: impl Fn(ByHand) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let theirs = || theirs(ByHand::new(&self.url, &self.server.certificate)?);
        let mut times = (Vec::new(), Vec::new());
        let mut connections = (0, 0);
        for round in 0..self.rounds {
            // The second side finds warmer caches.
            if round % 2 == 0 {
                self.time(&ours, &mut times.0, &mut connections.0)?;
                self.time(&theirs, &mut times.1, &mut connections.1)?;
            } else {
                self.time(&theirs, &mut times.1, &mut connections.1)?;
                self.time(&ours, &mut times.0, &mut connections.0)?;
            }
        }
        let (our_time, their_time) = (median(&mut times.0)?, median(&mut times.1)?);
        println!("{what}");
        println!("  {:.1} ms and {:.1} ms", our_time * 1e3, their_time * 1e3);
        println!("  ratio {:.3}", our_time / their_time);
        println!("  {} and {} connections\n", connections.0, connections.1);
        ensure!(connections.0 == 1, "a session takes one connection for a script");
        Ok(())
    }

    /// Records the seconds of one run, and the most connections of any run.
    fn time(
        &self,
        run: &impl Fn() -> anyhow::Result<()>,
        times: &mut Vec<f64>,
        connections: &mut usize,
    ) -> anyhow::Result<()> {
        let before = self.relay.connections();
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64());
        *connections = (*connections).max(self.relay.connections() - before);
        Ok(())
    }
}

fn median(values: &mut [f64]) -> anyhow::Result<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().context("no rounds were run")
}
