//! The client process, whose memory is searched.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use popup_rewards::{Credentials, Session, SessionBuilder};

use super::drawn::Secrets;
use super::scan::{Found, Needle, Scanner};
use super::server::{self, Transport};

/// The URL of the server. A process with this variable is a client.
const URL: &str = "POPUP_REWARDS_TEST_URL";
const CONTROL: &str = "POPUP_REWARDS_TEST_CONTROL";
const PEM: &str = "POPUP_REWARDS_TEST_PEM";
/// The secrets to search for, as `name=hex` lines.
const NEEDLES: &str = "POPUP_REWARDS_TEST_NEEDLES";

/// Keeps the C library's allocator from returning memory to the kernel, so freed memory can be searched.
const KEEP_EVERYTHING: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "1"),
    ("MALLOC_MMAP_THRESHOLD_", "33554432"),
    ("MALLOC_TRIM_THRESHOLD_", "1000000000"),
];

/// Runs a scenario in a client process. In the first process, starts a server and a client for each transport.
pub(crate) fn run(
    test: &str,
    transports: &[Transport],
    scenario: fn(&mut Client) -> Result<()>,
) -> Result<()> {
    if let Ok(url) = std::env::var(URL) {
        return scenario(&mut Client::new(url)?);
    }
    for transport in transports {
        let secrets = Secrets::draw();
        let needles = secrets.needles();
        let lines: Vec<String> =
            needles.iter().map(|needle| format!("{}={}", needle.name, needle.hex())).collect();
        let address = server::start(secrets, *transport)?;
        let mut client = Command::new(std::env::current_exe()?);
        client.args(["--exact", test, "--nocapture"]);
        client.env(NEEDLES, lines.join("\n")).env(URL, address.url).env(CONTROL, address.control);
        if let Some(pem) = address.pem {
            client.env(PEM, pem);
        }
        client.envs(KEEP_EVERYTHING);
        let output = client.output()?;
        ensure!(output.status.success(), "{transport:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Tells the server how to misbehave, on a separate connection.
pub(crate) fn server_does(what: &str) -> Result<()> {
    let mut control = TcpStream::connect(std::env::var(CONTROL)?)?;
    control.write_all(what.as_bytes())?;
    control.shutdown(Shutdown::Write)?;
    // The server closes the connection when it has applied the command.
    control.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// A client that knows the server, and the secrets in a form that the search does not find.
pub(crate) struct Client {
    url: String,
    scanner: Scanner,
}

impl Client {
    fn new(url: String) -> Result<Self> {
        let needles = std::env::var(NEEDLES)?
            .lines()
            .map(|line| {
                let (name, hex) = line.split_once('=').context("a secret has no name")?;
                Needle::from_hex(name, hex)
            })
            .collect::<Result<_>>()?;
        Ok(Client { url, scanner: Scanner::new(needles)? })
    }

    pub(crate) fn session(&self) -> Result<Session> {
        self.session_with(|builder| builder)
    }

    pub(crate) fn session_with(&self, set: impl FnOnce(SessionBuilder) -> SessionBuilder) -> Result<Session> {
        let mut password = String::with_capacity(64);
        self.scanner.needle("password")?.reveal(&mut password);
        let mut builder = Session::builder(&self.url, Credentials::new("key", password));
        if let Ok(pem) = std::env::var(PEM) {
            builder = builder.root_certificates(pem.as_bytes());
        }
        Ok(set(builder).build()?)
    }

    /// Returns all copies of all secrets.
    pub(crate) fn found(&mut self) -> Result<Vec<Found>> {
        self.scanner.scan()
    }

    /// Expects a single copy of the secret.
    pub(crate) fn expect_one(&mut self, name: &str) -> Result<()> {
        let mut found = self.found()?;
        found.retain(|copy| copy.name == name);
        let copies = found.iter().filter(|copy| copy.from == 0).count();
        ensure!(copies == 1, "expected one copy of {name}, found {copies}: {found:#?}");
        Ok(())
    }

    /// Expects no part of any secret whose name contains `part`.
    pub(crate) fn expect_no(&mut self, part: &str) -> Result<()> {
        let found: Vec<Found> = self.found()?.into_iter().filter(|copy| copy.name.contains(part)).collect();
        ensure!(found.is_empty(), "copies of {part}: {found:#?}");
        Ok(())
    }

    pub(crate) fn expect_nothing(&mut self) -> Result<()> {
        self.expect_no("")
    }

    /// Logs in without wiping anything: formatted strings, and responses read into a `Value`.
    pub(crate) fn log_in_carelessly(&self) -> Result<()> {
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        let mut password = String::new();
        self.scanner.needle("password")?.reveal(&mut password);
        let body = serde_json::json!({ "username": "key", "password": password }).to_string();
        let login = format!("{}/auth/login", self.url);
        let response = agent.post(login).send(body)?.body_mut().read_to_string()?;
        let response: serde_json::Value = serde_json::from_str(&response)?;
        let token =
            response.pointer("/data/access_token").and_then(serde_json::Value::as_str).context("no token")?;
        for _ in 0..10 {
            let call = agent.get(format!("{}/api/v1/countries", self.url));
            call.header("authorization", format!("Bearer {token}")).call()?.body_mut().read_to_string()?;
        }
        Ok(())
    }
}
