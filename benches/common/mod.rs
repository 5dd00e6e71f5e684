//! What several benchmarks share: plain ureq, and a minimal server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::ensure;
use http::header::{AUTHORIZATION, HeaderValue};
use serde::de::DeserializeOwned;
use ureq::Agent;
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::DefaultConnector;

const COUNTRY: &str = r#"{"id":1,"name":"United States","official_name":"United States of America","alpha_2":"US",
    "alpha_3":"USA","numeric_code":"840","dialing_prefix":"+1"}"#;
pub(crate) const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3NyJ9.c2lnbmF0dXJlLW9mLWEtdGVzdC10b2tlbg";

/// The same call in plain ureq.
pub(crate) struct Raw {
    pub(crate) agent: Agent,
    base: String,
    bearer: HeaderValue,
}

impl Raw {
    pub(crate) fn new(base: &str, resolver: impl Resolver) -> anyhow::Result<Self> {
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

    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.base);
        let mut response = self.agent.get(url).header(AUTHORIZATION, self.bearer.clone()).call()?;
        ensure!(response.status() == 200, "the server responded with {}", response.status());
        let body = response.body_mut().with_config().limit(32 * 1024 * 1024).read_to_vec()?;
        Ok(serde_json::from_slice(&body)?)
    }
}

/// Starts a minimal server with three responses and persistent connections, which `open` prepares. Returns its
/// address.
pub(crate) fn serve<S: Read + Write>(
    list: &str,
    open: impl Fn(TcpStream) -> anyhow::Result<S> + Send + Sync + 'static,
) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let login = response(&format!(
        r#"{{"success":true,"data":{{"access_token":"{TOKEN}","refresh_token":"ddd.eee.fff","access_expires_at":"2131-03-02T11:00:00Z","refresh_expires_at":"2131-03-09T10:00:00Z","client_id":77}}}}"#
    ));
    let responses = Arc::new([login, response(COUNTRY), response(list)]);
    let open = Arc::new(open);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (responses, open) = (Arc::clone(&responses), Arc::clone(&open));
            // A thread ends with its connection. The listener lives as long as the process.
            thread::Builder::new().stack_size(128 * 1024).spawn(move || {
                stream.set_nodelay(true)?;
                converse(open(stream)?, &responses)
            })?;
        }
        anyhow::Ok(())
    });
    Ok(address)
}

fn response(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn converse(stream: impl Read + Write, [login, country, list]: &[Vec<u8>; 3]) -> anyhow::Result<()> {
    let mut requests = BufReader::new(stream);
    let mut line = String::new();
    loop {
        let mut body = 0;
        let mut response = country;
        loop {
            line.clear();
            if requests.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.starts_with("POST ") {
                response = login;
            } else if line.starts_with("GET /api/v1/products") {
                response = list;
            } else if let Some(length) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                body = length.trim().parse()?;
            } else if line == "\r\n" {
                break;
            }
        }
        std::io::copy(&mut requests.by_ref().take(body), &mut std::io::sink())?;
        requests.get_mut().write_all(response)?;
        requests.get_mut().flush()?;
    }
}
