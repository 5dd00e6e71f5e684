//! What it costs to depend on the crate, against the same program written with ureq and with `reqwest::blocking`:
//! crates, a clean release build, the stripped size, and a short run of login, one list and logout.
//!
//! `cargo bench --bench cost` builds the programs in `benches/cost` with the versions of this crate's lock file. The
//! runs alternate, and use one server in another process. `-- run` uses the programs that were built before.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![cfg_attr(
    unix,
    expect(unsafe_code, reason = "the standard library does not tell the CPU time of a process")
)]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const PROGRAMS: [&str; 3] = ["ours", "by-hand", "reqwest"];
const ROUNDS: usize = 200;

fn main() -> Result<()> {
    let argument = |wanted| env::args().any(|argument| argument == wanted);
    if argument("serve") {
        return serve();
    }
    let is_built = argument("run");
    // `cargo bench` passes this. As a test, there is nothing to measure.
    if !argument("--bench") {
        return Ok(());
    }
    println!("{:8} {:>6} {:>11} {:>10}", "", "crates", "build CPU s", "bytes");
    let mut builds = PROGRAMS.map(|_| f64::MAX);
    for _ in 0..if is_built { 0 } else { 2 } {
        for (program, build) in PROGRAMS.iter().zip(&mut builds) {
            *build = build.min(clean_build(program)?);
        }
    }
    for (program, build) in PROGRAMS.iter().zip(builds) {
        let build = if is_built { "-".to_owned() } else { format!("{build:.1}") };
        println!(
            "{program:8} {:>6} {build:>11} {:>10}",
            crates(program)?,
            fs::metadata(binary(program))?.len()
        );
    }
    let mut server = Command::new(env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(server.stdout.take().context("the server has no output")?).lines();
    let mut line = || Ok::<_, anyhow::Error>(lines.next().context("the server has stopped")??);
    let (plain, tls, pem) = (line()?, line()?, line()?);
    let certificate = scratch("").join("root.pem");
    fs::write(&certificate, pem.replace(';', "\n"))?;
    cold_runs("HTTP", &plain, None)?;
    cold_runs("TLS", &tls, Some(&certificate))?;
    // The server ends when its input ends.
    drop(server.stdin.take());
    ensure!(server.wait()?.success(), "the server failed");
    Ok(())
}

fn scratch(program: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/cost").join(program)
}

fn binary(program: &str) -> PathBuf {
    scratch(program).join(format!("release/cost-{program}{}", env::consts::EXE_SUFFIX))
}

fn cargo(command: &str, program: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(root.join("benches/cost")).args([command, "--package", &format!("cost-{program}")]);
    cargo
}

/// The CPU seconds of a clean build.
fn clean_build(program: &str) -> Result<f64> {
    let target = scratch(program);
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    // The same versions for all, where this crate has the dependency.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(root.join("Cargo.lock"), root.join("benches/cost/Cargo.lock"))?;
    let mut build = cargo("build", program);
    build.args(["--release", "--quiet", "--target-dir"]).arg(target);
    Ok(measure(&mut build)?.1)
}

/// The lines of the dependency tree, without repetitions.
fn crates(program: &str) -> Result<usize> {
    let tree = cargo("tree", program).args(["--edges", "normal", "--prefix", "none"]).output()?;
    ensure!(tree.status.success(), "cargo tree failed for {program}");
    let text = String::from_utf8(tree.stdout)?;
    Ok(text.lines().map(|line| line.trim_end_matches(" (*)")).collect::<BTreeSet<_>>().len())
}

/// Runs the programs in turn, and prints their medians and their ratios to the one by hand.
fn cold_runs(protocol: &str, base: &str, certificate: Option<&Path>) -> Result<()> {
    println!("\ncold runs over {protocol}: login, one list, logout; medians of {ROUNDS}");
    let mut times = PROGRAMS.map(|_| (Vec::new(), Vec::new()));
    for round in 0..=ROUNDS {
        for (program, (wall, cpu)) in PROGRAMS.iter().zip(&mut times) {
            let mut run = Command::new(binary(program));
            run.env("API_BASE_URL", base).env("API_KEY", "key").env("API_SECRET", "secret");
            run.envs(certificate.map(|path| ("ROOT_CERTIFICATE", path))).stdout(Stdio::null());
            let taken = measure(&mut run)?;
            // The first run reads the program from the disk.
            if round > 0 {
                wall.push(taken.0);
                cpu.push(taken.1);
            }
        }
    }
    let medians = times.map(|(wall, cpu)| (median(wall), median(cpu)));
    let [_, (hand_wall, hand_cpu), _] = medians;
    for (program, (wall, cpu)) in PROGRAMS.iter().zip(medians) {
        let (wall_ratio, cpu_ratio) = (wall / hand_wall, cpu / hand_cpu);
        println!(
            "{program:8} {:6.2} ms ({wall_ratio:.2}) {:6.2} ms CPU ({cpu_ratio:.2})",
            wall * 1e3,
            cpu * 1e3
        );
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Runs a program and returns its wall and CPU seconds, including its child processes.
fn measure(command: &mut Command) -> Result<(f64, f64)> {
    let (before, start) = (cpu_of_children(), Instant::now());
    ensure!(command.status()?.success(), "{command:?} failed");
    Ok((start.elapsed().as_secs_f64(), cpu_of_children() - before))
}

/// The CPU seconds of all child processes that have ended.
#[cfg(unix)]
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "they are few seconds")]
fn cpu_of_children() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the structure is large enough, and all zeros is a value of it.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        usage.assume_init()
    };
    [usage.ru_utime, usage.ru_stime].iter().map(|time| time.tv_sec as f64 + time.tv_usec as f64 / 1e6).sum()
}

#[cfg(not(unix))]
fn cpu_of_children() -> f64 {
    f64::NAN
}

/// Serves HTTP and TLS until its input ends. Prints a base URL and a certificate for each.
fn serve() -> Result<()> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let config = Arc::new(config);
    let plain = listen(converse)?;
    let tls = listen(move |stream| {
        converse(StreamOwned::new(ServerConnection::new(Arc::clone(&config))?, stream))
    })?;
    println!("http://{plain}\nhttps://{tls}\n{}", made.cert.pem().replace('\n', ";"));
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

fn listen(talk: impl Fn(TcpStream) -> Result<()> + Send + Sync + 'static) -> Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let talk = Arc::new(talk);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let talk = Arc::clone(&talk);
            // The thread ends with its connection.
            thread::spawn(move || stream.set_nodelay(true).map_err(Into::into).and_then(|()| talk(stream)));
        }
    });
    Ok(address)
}

fn converse(stream: impl Read + Write) -> Result<()> {
    const PRODUCT: &str = r#"{"id":3105,"name":"Acme Play US","category":"Gaming","country_code":"USA",
        "currency_code":"USD","image_url":null,"delivery_mode":"Digital","validity":"12 months",
        "available_denominations":[{"min_value":20.0,"max_value":20.0,"discount":2.5}]}"#;
    let products = format!("[{}]", [PRODUCT; 20].join(","));
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut body, mut line) = (String::new(), 0, String::new());
        if stream.read_line(&mut first)? == 0 {
            return Ok(());
        }
        while line != "\r\n" {
            line.clear();
            ensure!(stream.read_line(&mut line)? > 0, "a request was cut short");
            if let Some(length) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                body = length.trim().parse()?;
            }
        }
        std::io::copy(&mut (&mut stream).take(body), &mut std::io::sink())?;
        let reply = match first.split(' ').nth(1) {
            Some("/auth/login") => {
                r#"{"success":true,"data":{"access_token":"aaa.bbb.ccc","refresh_token":"ddd.eee.fff","access_expires_at":"2131-03-02T11:00:00Z","refresh_expires_at":"2131-03-09T10:00:00Z","client_id":77}}"#
            }
            Some("/auth/logout") => r#"{"success":true,"data":{"message":"logged out"}}"#,
            _ => &products,
        };
        let length = reply.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        stream.get_mut().write_all(&[head.as_bytes(), reply.as_bytes()].concat())?;
        stream.get_mut().flush()?;
    }
}
