//! The tables, and the processes of their lines.

use std::net::TcpStream;
use std::process::{Command, exit};
use std::sync::{Arc, Barrier};
use std::time::Duration;
use std::{env, thread};

use anyhow::{Context, bail, ensure};
use popup_rewards::{Country, CountryId, Credentials, Session};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use ureq::unversioned::resolver::DefaultResolver;

use super::usage::Usage;
use crate::common::{Raw, serve};

const LOGIN: &str = r#"{"username":"key","password":"secret"}"#;
const COUNTRY: &str = "/api/v1/countries/1";
/// How many calls each thread makes at the same time as the others.
const CALLS: usize = 3;
/// Longer than a connection stays in the pool.
const OUTLASTS_IDLE: Duration = Duration::from_secs(31);

pub(crate) fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [side, count, base, pem] = arguments.as_slice() {
        return line(side, count.parse()?, base, pem);
    }
    // `cargo bench` passes this. As a test, a few sessions check that everything runs.
    let count = if arguments.iter().any(|argument| argument == "--bench") { "1000" } else { "10" };
    let (pem, tls) = tls()?;
    let plain = format!("http://{}", serve("[]", Ok)?);
    let secure = format!("https://{}", serve("[]", move |stream| accept(stream, &tls))?);

    println!("{count} idle sessions, each after a login and a call; per session, then all of them for 2 s");
    println!(
        "{:26}{:>10}{:>10}{:>8}{:>8}{:>12}{:>14}",
        "", "RSS", "heap", "fds", "threads", "idle CPU", "idle threads"
    );
    run("session", "idle", count, &plain, "")?;
    run("ureq::Agent", "idle-ureq", count, &plain, "")?;
    run("session over TLS", "idle", count, &secure, &pem)?;

    println!("\none session, {count} threads that call at the same time; in all");
    println!("{:26}{:>10}{:>10}{:>8}{:>8}", "", "RSS", "heap", "fds", "threads");
    run("session", "shared", count, &plain, "")?;
    run("ureq::Agent", "shared-ureq", count, &plain, "")?;
    run("session over TLS", "shared", count, &secure, &pem)
}

/// Runs a process that measures one side and prints the result.
fn run(name: &str, side: &str, count: &str, base: &str, pem: &str) -> anyhow::Result<()> {
    println!("{name}");
    let status = Command::new(env::current_exe()?).args([side, count, base, pem]).status()?;
    ensure!(status.success(), "{name} failed");
    Ok(())
}

fn line(side: &str, count: usize, base: &str, pem: &str) -> anyhow::Result<()> {
    let session = || {
        let mut builder = Session::builder(base, Credentials::new("key", "secret"));
        if !pem.is_empty() {
            builder = builder.root_certificates(pem.as_bytes());
        }
        builder.build()
    };
    let agent = || Raw::new(base, DefaultResolver::default());
    match side {
        "idle" => idle(count, || {
            let session = session()?;
            call(&session)?;
            Ok(session)
        }),
        "idle-ureq" => idle(count, || {
            let agent = agent()?;
            login_by_hand(&agent, base)?;
            call_by_hand(&agent)?;
            Ok(agent)
        }),
        "shared" => shared(count, &session()?, call),
        "shared-ureq" => {
            let agent = agent()?;
            login_by_hand(&agent, base)?;
            shared(count, &agent, call_by_hand)
        }
        _ => bail!("there is no side {side}"),
    }
}

fn call(session: &Session) -> anyhow::Result<()> {
    session.get_country(CountryId::from(1))?;
    Ok(())
}

fn call_by_hand(agent: &Raw) -> anyhow::Result<()> {
    agent.get::<Country>(COUNTRY).map(drop)
}

fn login_by_hand(agent: &Raw, base: &str) -> anyhow::Result<()> {
    let mut response = agent.agent.post(format!("{base}/auth/login")).send(LOGIN)?;
    response.body_mut().read_to_string()?;
    Ok(())
}

/// Creates many sessions and leaves them idle.
fn idle<T>(count: usize, make: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<()> {
    // One session first, so what a process allocates once does not count.
    let first = make()?;
    let before = Usage::now()?;
    let mut kept = Vec::with_capacity(count);
    for _ in 0..count {
        kept.push(make()?);
    }
    let fresh = Usage::now()?;
    thread::sleep(Duration::from_secs(2));
    let rested = Usage::now()?;
    let all = rested - before;
    println!(
        "{:26}{:>10}{:>10}{:>8}{:>8}{:>12}{:>14}",
        "",
        kib(all.resident, count)?,
        kib(all.heap, count)?,
        all.descriptors / i64::try_from(count)?,
        all.threads / i64::try_from(count)?,
        format!("{} ms", (rested - fresh).cpu),
        rested.threads - 1,
    );
    drop((first, kept));
    Ok(())
}

/// Uses one session from many threads. Measures while they exist, after they have ended, and after the connections
/// have expired.
fn shared<T: Sync>(
    count: usize,
    one: &T,
    call: impl Fn(&T) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<()> {
    call(one)?;
    let before = Usage::now()?;
    let barrier = Arc::new(Barrier::new(count + 1));
    thread::scope(|scope| {
        let mut threads = Vec::with_capacity(count);
        for _ in 0..count {
            let (barrier, call) = (&barrier, &call);
            let thread = thread::Builder::new().stack_size(256 * 1024);
            let thread = thread.spawn_scoped(scope, move || {
                let calls = (0..CALLS).map(|_| {
                    barrier.wait();
                    call(one)
                });
                // A thread that fails must not leave the others waiting at the barrier.
                let outcomes: Vec<_> = calls.collect();
                barrier.wait();
                barrier.wait();
                outcomes.into_iter().collect::<anyhow::Result<()>>()
            });
            threads.push(thread.unwrap_or_else(|error| {
                // Otherwise the threads that were started would wait forever.
                println!("a thread could not be started: {error}");
                exit(1)
            }));
        }
        for _ in 0..=CALLS {
            barrier.wait();
        }
        let usage = Usage::now();
        barrier.wait();
        show("while the threads exist", usage? - before)?;
        threads.into_iter().try_for_each(|thread| thread.join().ok().context("a thread panicked")?)
    })?;
    show("after they ended", Usage::now()? - before)?;
    thread::sleep(if count < 100 { Duration::ZERO } else { OUTLASTS_IDLE });
    show("when they are too old", Usage::now()? - before)?;
    call(one)?;
    show("after the next call", Usage::now()? - before)
}

fn show(when: &str, usage: Usage) -> anyhow::Result<()> {
    println!(
        "  {when:24}{:>10}{:>10}{:>8}{:>8}",
        kib(usage.resident, 1)?,
        kib(usage.heap, 1)?,
        usage.descriptors,
        usage.threads
    );
    Ok(())
}

fn kib(bytes: i64, count: usize) -> anyhow::Result<String> {
    Ok(format!("{} KiB", bytes / 1024 / i64::try_from(count)?))
}

fn tls() -> anyhow::Result<(String, Arc<ServerConfig>)> {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())?;
    Ok((own.cert.pem(), Arc::new(config)))
}

fn accept(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
) -> anyhow::Result<StreamOwned<ServerConnection, TcpStream>> {
    Ok(StreamOwned::new(ServerConnection::new(Arc::clone(config))?, stream))
}
