//! What a session costs on top of ureq: time and allocations, measured side by side in one run.
//!
//! Both sides ask the same server, in this process and over loopback, for the same answer, with the same header,
//! the same agent settings and the same decoding. They take turns call by call, so that whatever else the machine
//! does meets both alike, and medians over many pairs are what counts.
//!
//! Everything runs on one core where the platform allows that. Otherwise the time of a call says above all on which core
//! the server's thread for that connection happens to be.
//!
//! ureq looks the server up for every call, in a thread of its own, and a session does not (`src/http/resolver.rs`).
//! So the first comparison is made twice: with ureq as it comes, and with one that is handed the address, which
//! leaves what the session itself costs.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::cell::RefCell;
use std::env;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use http::Uri;
use http::header::{AUTHORIZATION, HeaderValue};
use popup_rewards::{Country, CountryId, Credentials, ListProducts, Product, Session};
use serde::de::DeserializeOwned;
use ureq::Agent;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

const COUNTRY: &str = r#"{"id":1,"name":"United States","official_name":"United States of America","alpha_2":"US",
    "alpha_3":"USA","numeric_code":"840","dialing_prefix":"+1"}"#;
const PRODUCT: &str = r#"{"id":3105,"name":"Acme Play US","category":"Gaming","sub_category":"Console",
    "country_code":"USA","currency_code":"USD","image_url":null,"delivery_mode":"Digital","delivery_time":"Instant",
    "validity":"12 months","available_denominations":[{"min_value":20.0,"max_value":20.0,"discount":2.5},
    {"min_value":25.0,"max_value":200.0,"discount":3.0}]}"#;
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3NyJ9.c2lnbmF0dXJlLW9mLWEtdGVzdC10b2tlbg";

fn main() -> anyhow::Result<()> {
    // `cargo bench` passes this; as a test, one short round shows that everything still runs.
    let measured = env::args().any(|arg| arg == "--bench");
    let rounds = |many| if measured { many } else { 1 };
    // The threads that are started from here on inherit it.
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.into_iter().next()) {
        core_affinity::set_for_current(core);
    }
    let base = serve()?;
    let session = Session::new(&base, Credentials::new("key", "secret"))?;
    session.login()?;
    let raw = Raw::new(&base, DefaultResolver::default())?;
    let handed = Raw::new(&base, Handed(base.trim_start_matches("http://").parse()?))?;

    println!(
        "medians: our time and theirs, and the ratio of a pair of calls made one right after the other\n"
    );
    let country = CountryId::from(1);
    compare(
        "GET one country, against ureq",
        rounds(20_000),
        1,
        || session.get_country(country).map(drop).map_err(Into::into),
        || raw.get::<Country>("/api/v1/countries/1").map(drop),
    )?;

    compare(
        "the same, against ureq that is handed the address",
        rounds(20_000),
        1,
        || session.get_country(country).map(drop).map_err(Into::into),
        || handed.get::<Country>("/api/v1/countries/1").map(drop),
    )?;

    let socket = Bare::new(&base, "/api/v1/countries/1")?;
    compare(
        "the same, against a bare socket that writes one request and reads one response",
        rounds(20_000),
        1,
        || session.get_country(country).map(drop).map_err(Into::into),
        || socket.get::<Country>().map(drop),
    )?;

    let filter = ListProducts::new().limit(100);
    compare(
        "GET a page of 100 products, against ureq",
        rounds(4_000),
        1,
        || session.list_products(&filter).map(drop).map_err(Into::into),
        || raw.get::<Vec<Product>>("/api/v1/products?limit=100").map(drop),
    )?;

    compare(
        "access_token() while fresh, against Instant::now()",
        rounds(400),
        5_000,
        || {
            black_box(session.access_token()?);
            Ok(())
        },
        || {
            black_box(Instant::now());
            Ok(())
        },
    )
}

/// Runs both in alternating blocks and prints their medians.
fn compare(
    what: &str,
    rounds: u32,
    block: u32,
    ours: impl Fn() -> anyhow::Result<()>,
    theirs: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut times = (Vec::new(), Vec::new());
    let mut ratios = Vec::new();
    // The first tenth warms up caches, the pool and the branch predictor, and is not counted.
    for round in 0..rounds + rounds.div_ceil(10) {
        let (our_time, their_time) = if round % 2 == 0 {
            let first = time(block, &ours)?;
            (first, time(block, &theirs)?)
        } else {
            let first = time(block, &theirs)?;
            (time(block, &ours)?, first)
        };
        if round >= rounds.div_ceil(10) {
            times.0.push(our_time);
            times.1.push(their_time);
            ratios.push(our_time / their_time);
        }
    }
    println!("{what}");
    println!("  {} and {}", duration(median(&mut times.0)?), duration(median(&mut times.1)?));
    println!("  ratio {:.3}", median(&mut ratios)?);
    println!("  {} and {} allocations\n", allocations(&ours)?, allocations(&theirs)?);
    Ok(())
}

/// Seconds per call.
fn time(calls: u32, call: &impl Fn() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let start = Instant::now();
    for _ in 0..calls {
        call()?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(calls))
}

/// Allocations of one call in this thread, the fewest of a few: now and then a call opens a connection.
fn allocations(call: &impl Fn() -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let mut fewest = u64::MAX;
    for _ in 0..10 {
        let mut outcome = Ok(());
        let counted = allocation_counter::measure(|| outcome = call());
        outcome?;
        fewest = fewest.min(counted.count_total);
    }
    Ok(fewest)
}

fn median(values: &mut [f64]) -> anyhow::Result<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().context("no rounds were run")
}

fn duration(seconds: f64) -> String {
    if seconds < 1e-6 { format!("{:.0} ns", seconds * 1e9) } else { format!("{:.1} µs", seconds * 1e6) }
}

/// The same call in plain ureq.
struct Raw {
    agent: Agent,
    base: String,
    bearer: HeaderValue,
}

impl Raw {
    fn new(base: &str, resolver: impl Resolver) -> anyhow::Result<Self> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_resolve(Some(Duration::from_secs(10)))
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .max_idle_age(Duration::from_secs(30))
            .user_agent("popup-rewards/0.1.0")
            .accept("application/json")
            .proxy(None)
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        let bearer = HeaderValue::try_from(format!("Bearer {TOKEN}"))?;
        Ok(Raw { agent, base: base.to_owned(), bearer })
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.base);
        let mut answer = self.agent.get(url).header(AUTHORIZATION, self.bearer.clone()).call()?;
        ensure!(answer.status() == 200, "the server answered {}", answer.status());
        let body = answer.body_mut().with_config().limit(32 * 1024 * 1024).read_to_vec()?;
        Ok(serde_json::from_slice(&body)?)
    }
}

/// The same call on a socket that stays open: one write of a request that is ready, one response of known length.
struct Bare {
    request: Vec<u8>,
    stream: RefCell<BufReader<TcpStream>>,
}

impl Bare {
    fn new(base: &str, path: &str) -> anyhow::Result<Self> {
        let host = base.trim_start_matches("http://");
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\naccept-encoding: gzip\r\n\
            user-agent: popup-rewards/0.1.0\r\nauthorization: Bearer {TOKEN}\r\n\r\n"
        );
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Bare { request: request.into_bytes(), stream: RefCell::new(BufReader::new(stream)) })
    }

    fn get<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        let mut stream = self.stream.borrow_mut();
        stream.get_mut().write_all(&self.request)?;
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            ensure!(stream.read_line(&mut line)? > 0, "the server closed the connection");
            if let Some(value) = line.strip_prefix("Content-Length:") {
                length = value.trim().parse()?;
            } else if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        Ok(serde_json::from_slice(&body)?)
    }
}

/// Knows the address already.
#[derive(Debug)]
struct Handed(SocketAddr);

impl Resolver for Handed {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

/// The least of a server: it knows three answers and keeps its connections. Returns its base URL.
fn serve() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    let login = answer(&format!(
        r#"{{"success":true,"data":{{"access_token":"{TOKEN}","refresh_token":"ddd.eee.fff","access_expires_at":"2131-03-02T11:00:00Z","refresh_expires_at":"2131-03-09T10:00:00Z","client_id":77}}}}"#
    ));
    let country = answer(COUNTRY);
    let products = answer(&format!("[{}]", [PRODUCT; 100].join(",")));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = [login.clone(), country.clone(), products.clone()];
            // A connection that ends, ends its thread; the listener lives as long as the process.
            thread::spawn(move || converse(stream, &answers));
        }
    });
    Ok(base)
}

fn answer(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn converse(mut stream: TcpStream, [login, country, products]: &[Vec<u8>; 3]) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut requests = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    loop {
        let mut body = 0;
        let mut answer = country;
        loop {
            line.clear();
            if requests.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.starts_with("POST ") {
                answer = login;
            } else if line.starts_with("GET /api/v1/products") {
                answer = products;
            } else if let Some(length) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                body = length.trim().parse()?;
            } else if line == "\r\n" {
                break;
            }
        }
        std::io::copy(&mut requests.by_ref().take(body), &mut std::io::sink())?;
        stream.write_all(answer)?;
    }
}
