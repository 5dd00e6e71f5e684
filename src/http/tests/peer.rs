//! A scripted TLS server on a loopback port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use ureq::Agent;
use ureq::config::{Config, ConfigBuilder};
use ureq::typestate::AgentScope;

use crate::http::connector::Parts;
use crate::http::resolver::CachedResolver;
use crate::http::{BaseUrl, ConnectionSettings, Connections, Limits, tls_config};

pub(super) type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// A server that runs a script. By default, its certificate is valid for 127.0.0.1 and localhost.
pub(super) struct Peer {
    pub(super) port: u16,
    pub(super) pem: String,
    config: Arc<ServerConfig>,
    script: Option<JoinHandle<()>>,
}

/// Accepts the connections for a script.
pub(super) struct Acceptor {
    listener: TcpListener,
    config: Arc<ServerConfig>,
}

impl Acceptor {
    /// Returns the next connection, without TLS.
    pub(super) fn tcp(&self) -> TcpStream {
        self.listener.accept().unwrap().0
    }

    /// Returns the next connection with TLS. The first read performs the handshake.
    pub(super) fn tls(&self) -> TlsStream {
        self.wrap(self.tcp())
    }

    pub(super) fn wrap(&self, socket: TcpStream) -> TlsStream {
        StreamOwned::new(ServerConnection::new(Arc::clone(&self.config)).unwrap(), socket)
    }
}

impl Peer {
    pub(super) fn new(
        versions: &[&'static SupportedProtocolVersion],
        script: impl FnOnce(Acceptor) + Send + 'static,
    ) -> Self {
        Peer::named(&["127.0.0.1", "localhost"], versions, script)
    }

    pub(super) fn named(
        names: &[&str],
        versions: &[&'static SupportedProtocolVersion],
        script: impl FnOnce(Acceptor) + Send + 'static,
    ) -> Self {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        Peer::start(Arc::new(config), made.cert.pem(), script)
    }

    /// Starts another server with the same certificate.
    pub(super) fn named_like(other: &Peer, script: impl FnOnce(Acceptor) + Send + 'static) -> Self {
        Peer::start(Arc::clone(&other.config), other.pem.clone(), script)
    }

    fn start(config: Arc<ServerConfig>, pem: String, script: impl FnOnce(Acceptor) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = Acceptor { listener, config: Arc::clone(&config) };
        Peer { port, pem, config, script: Some(std::thread::spawn(move || script(acceptor))) }
    }

    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}/thing", self.port)
    }

    /// Waits until the script ends, and fails if an assertion in it failed.
    pub(super) fn finish(mut self) {
        self.script.take().unwrap().join().unwrap();
    }
}

/// Returns an agent that trusts only the peer.
pub(super) fn agent(peer: &Peer) -> Agent {
    agent_with(&peer.pem, |config| config)
}

pub(super) fn agent_with(
    pem: &str,
    set: impl FnOnce(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>,
) -> Agent {
    let limit = Some(Duration::from_secs(20));
    let builder = Agent::config_builder().proxy(None).http_status_as_error(false).timeout_global(limit);
    let config: Config = set(builder).build();
    let tls = tls_config(Some(pem.as_bytes())).unwrap();
    Parts { config, tls, resolver: CachedResolver::new(), valve: Arc::default() }.agent()
}

/// Returns connections to the peer in plain text.
pub(super) fn connections(peer: &Peer) -> Connections {
    connections_to(&format!("http://127.0.0.1:{}", peer.port), None)
}

/// Returns connections to the peer over TLS.
pub(super) fn tls_connections(peer: &Peer) -> Connections {
    connections_to(&format!("https://127.0.0.1:{}", peer.port), Some(peer.pem.as_bytes()))
}

fn connections_to(url: &str, pem: Option<&[u8]>) -> Connections {
    Connections::new(&ConnectionSettings {
        base: BaseUrl::parse(url).unwrap(),
        timeout: Duration::from_secs(20),
        connect_timeout: Duration::from_secs(20),
        user_agent: "test".to_owned(),
        proxy: None,
        tls: tls_config(pem).unwrap(),
    })
}

pub(super) fn limits(milliseconds: u64) -> Limits {
    Limits { timeout: Duration::from_millis(milliseconds), body: 100_000 }
}

/// Reads a request head. The caller reads the body, if there is one.
pub(super) fn read_head(connection: &mut impl Read) -> String {
    let mut head = String::new();
    let mut reader = BufReader::with_capacity(1, connection);
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "the client closed the connection: {head}");
    }
    head
}

/// Sends the head of a response. The caller sends the body.
pub(super) fn respond_head(connection: &mut impl Write, length: usize) {
    write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").unwrap();
}

pub(super) fn respond(connection: &mut impl Write, body: &[u8]) {
    respond_head(connection, body.len());
    connection.write_all(body).unwrap();
    connection.flush().unwrap();
}

/// Waits until the client has closed its side.
pub(super) fn wait_for_close(connection: &mut TcpStream) {
    let mut rest = Vec::new();
    let _end = connection.read_to_end(&mut rest);
}
