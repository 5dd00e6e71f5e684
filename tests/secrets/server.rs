//! A small server of the API that issues prepared secrets and fails on demand.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use parking_lot::Mutex;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::TLS12;
use rustls::{ALL_VERSIONS, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::drawn::Secrets;
use super::framing::{ClientStream, Framing};

pub(crate) struct SecretServer {
    state: Mutex<SecretState>,
    secrets: Secrets,
}

#[derive(Default)]
struct SecretState {
    /// The number of issued pairs. The last one is valid.
    pairs: usize,
    /// The last command of the client.
    command: String,
    /// The number of issued pairs when the client sent the command to refuse the last one.
    refused: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Transport {
    PlainHttp,
    Tls,
    /// TLS with a server that does not support version 1.3.
    Tls12,
}

/// The addresses of a server, and its certificate if it uses TLS.
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) control: String,
    pub(crate) pem: Option<String>,
}

type Listens = (&'static str, Option<Arc<ServerConfig>>, Option<String>);

struct ParsedRequest {
    line: String,
    bearer: String,
    body: String,
}

/// Starts a server that runs until the process ends.
pub(crate) fn start(secrets: Secrets, transport: Transport) -> Result<Address> {
    let (scheme, tls, pem) = match transport {
        Transport::PlainHttp => ("http", None, None),
        Transport::Tls => certified(ALL_VERSIONS)?,
        Transport::Tls12 => certified(&[&TLS12])?,
    };
    let server = Arc::new(SecretServer { state: Mutex::default(), secrets });
    let commands = Arc::clone(&server);
    let control = listen(move |socket| commands.read_command(socket))?;
    let port = listen(move |socket| server.serve(socket, tls.clone()))?;
    Ok(Address { url: format!("{scheme}://127.0.0.1:{port}"), control: format!("127.0.0.1:{control}"), pem })
}

/// Serves each connection on its own thread until it fails, for example because the client closed it.
fn listen(serve: impl Fn(TcpStream) -> Result<()> + Send + Sync + 'static) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(socket));
        }
    });
    Ok(port)
}

/// Returns the scheme, the configuration and the certificate of a server with these versions of TLS.
fn certified(versions: &[&'static SupportedProtocolVersion]) -> Result<Listens> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok(("https", Some(Arc::new(config)), Some(made.cert.pem())))
}

impl SecretServer {
    fn read_command(&self, mut socket: TcpStream) -> Result<()> {
        let mut command = String::new();
        socket.read_to_string(&mut command)?;
        let mut state = self.state.lock();
        state.refused = (command == "refuse the current token").then_some(state.pairs);
        state.command = command;
        Ok(())
    }

    fn serve(&self, socket: TcpStream, tls: Option<Arc<ServerConfig>>) -> Result<()> {
        socket.set_nodelay(true)?;
        let mut connection: Box<dyn ClientStream> = match tls {
            Some(config) => Box::new(StreamOwned::new(ServerConnection::new(config)?, socket)),
            None => Box::new(socket),
        };
        loop {
            let request = read(&mut *connection)?;
            self.respond(&mut *connection, &request)?;
        }
    }

    fn respond(&self, connection: &mut dyn ClientStream, request: &ParsedRequest) -> Result<()> {
        let command = self.state.lock().command.clone();
        let (status, body) = match &*request.line {
            "POST /auth/login" if command == "refuse logins" => {
                (401, r#"{"error":"unauthorized","message":"wrong username or password"}"#.to_owned())
            }
            "POST /auth/login" => {
                ensure!(
                    request.body.contains(&self.secrets.password),
                    "the login does not carry the password"
                );
                (200, self.next_pair()?)
            }
            "POST /auth/refresh" => {
                let current = self.state.lock().pairs.checked_sub(1).context("nothing to refresh")?;
                let token = &self.secrets.pairs.get(current).context("no such pair")?.refresh;
                ensure!(request.body.contains(token), "the refresh does not carry the current refresh token");
                (200, self.next_pair()?)
            }
            _ if !self.is_current(&request.bearer) => (401, r#"{"error":"unauthorized"}"#.to_owned()),
            "POST /auth/logout" => (200, "{}".to_owned()),
            "POST /api/v1/orders" if command == "change the shape of orders" => {
                (200, self.order().replacen(r#""id":88101"#, r#""id":"many""#, 1))
            }
            "POST /api/v1/orders" if command == "break the text of orders" => {
                (200, format!("\u{feff}{}", self.order().replacen("before ", r"before \ud83c", 1)))
            }
            "POST /api/v1/orders" | "GET /api/v1/orders/88101" => (200, self.order()),
            // Sends no response until the client times out and closes the connection.
            _ if command == "hang" => {
                connection.read_exact(&mut [0])?;
                bail!("the client sent data instead of closing the connection");
            }
            _ if command == "repeat the token" => {
                let message = format!("the token {} does not cover this", request.bearer);
                (403, format!(r#"{{"error":{{"code":"FORBIDDEN","message":"{message}"}}}}"#))
            }
            "GET /api/v1/countries" => (200, r#"{"success":true,"data":[]}"#.to_owned()),
            _ => (404, "{}".to_owned()),
        };
        let framing = match (&*command, &*request.line) {
            ("cut logins", "POST /auth/login") | ("cut orders", "POST /api/v1/orders") => Framing::Cut,
            ("send chunks", _) => Framing::Chunks,
            ("send no length", _) => Framing::UntilClose,
            ("compress", _) => Framing::Compressed,
            _ => Framing::Length,
        };
        framing.write(connection, status, &body)
    }

    fn is_current(&self, bearer: &str) -> bool {
        let state = self.state.lock();
        let current = state.pairs.checked_sub(1).and_then(|index| self.secrets.pairs.get(index));
        state.refused != Some(state.pairs) && current.is_some_and(|pair| pair.access == bearer)
    }

    fn next_pair(&self) -> Result<String> {
        let mut state = self.state.lock();
        let pair = self.secrets.pairs.get(state.pairs).context("no prepared pair is left")?;
        state.pairs += 1;
        let expires = (OffsetDateTime::now_utc() + time::Duration::HOUR).format(&Rfc3339)?;
        Ok(format!(
            r#"{{"success":true,"data":{{"access_token":"{}","refresh_token":"{}","access_expires_at":"{expires}"}}}}"#,
            pair.access, pair.refresh
        ))
    }

    fn order(&self) -> String {
        let vouchers = self.secrets.gift_cards.iter().map(|card| {
            // Some JSON writers escape slashes.
            let claim_url = card.claim_url.replace('/', "\\/");
            format!(
                r#"{{"card_number":"{}","pin_code":"{}","claim_url":"{claim_url}","expires_at":null}}"#,
                card.number, card.pin
            )
        });
        let vouchers = vouchers.collect::<Vec<_>>().join(",");
        // The response exceeds the initial buffer for a body of unknown length, and the codes are in its middle. Copies
        // left there would not be overwritten by chance.
        let (before, after) = ("before ".repeat(1500), "after ".repeat(1500));
        format!(
            r#"{{"id":88101,"product_id":3105,"denomination":20.00,"quantity":2,"status":"DELIVERED","unknown":"{before}","vouchers":[{vouchers}],"other":"{after}"}}"#
        )
    }
}

fn read(connection: &mut dyn ClientStream) -> Result<ParsedRequest> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
        ensure!(head.len() < 64 * 1024, "the head is too long");
    }
    let head = String::from_utf8(head)?;
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
    };
    let length = header("content-length").map_or(Ok(0), |(_, length)| length.parse())?;
    let bearer =
        header("authorization").and_then(|(_, value)| value.strip_prefix("Bearer ")).unwrap_or_default();
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    let Some((line, _)) = head.split_once(" HTTP/1.1\r\n") else { bail!("not a request: {head}") };
    let line = line.split('?').next().unwrap_or_default().to_owned();
    Ok(ParsedRequest { line, bearer: bearer.to_owned(), body: String::from_utf8(body)? })
}
