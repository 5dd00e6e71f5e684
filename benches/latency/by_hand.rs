//! The same calls by a program that uses one ureq agent and no SDK.

use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use http::Response;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use popup_rewards::{Country, Product};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, TcpConnector, Transport,
    TransportAdapter,
};
use ureq::{Agent, Body};

pub(crate) struct ByHand {
    agent: Agent,
    url: String,
    bearer: String,
}

impl ByHand {
    pub(crate) fn new(url: &str, root: &CertificateDer<'static>) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let config =
            Agent::config_builder().timeout_global(Some(Duration::from_secs(30))).proxy(None).build();
        let connector = ().chain(TcpConnector::default()).chain(Tls(Arc::new(tls)));
        let agent = Agent::with_parts(config, connector, DefaultResolver::default());
        Ok(ByHand { agent, url: url.to_owned(), bearer: String::new() })
    }

    pub(crate) fn log_in(mut self) -> anyhow::Result<Self> {
        let body = serde_json::to_string(&json!({ "username": "key", "password": "secret" }))?;
        let request = self.agent.post(format!("{}/auth/login", self.url));
        let tokens: Value = read(&mut request.header(CONTENT_TYPE, "application/json").send(body)?)?;
        let token = tokens.pointer("/data/access_token").and_then(Value::as_str).context("no token")?;
        self.bearer = format!("Bearer {token}");
        Ok(self)
    }

    pub(crate) fn country(&self) -> anyhow::Result<()> {
        read::<Country>(&mut self.get("/api/v1/countries/1")?).map(drop)
    }

    pub(crate) fn products(&self) -> anyhow::Result<Vec<Product>> {
        let mut products = Vec::new();
        for page in 1.. {
            let mut response = self.get(&format!("/api/v1/products?limit=100&page={page}"))?;
            products.extend(read::<Vec<Product>>(&mut response)?);
            if response.headers().get("x-has-more").is_none_or(|more| more != "true") {
                break;
            }
        }
        Ok(products)
    }

    pub(crate) fn log_out(&self) -> anyhow::Result<()> {
        let request = self.agent.post(format!("{}/auth/logout", self.url));
        read::<Value>(&mut request.header(AUTHORIZATION, &self.bearer).send_empty()?).map(drop)
    }

    fn get(&self, path: &str) -> anyhow::Result<Response<Body>> {
        Ok(self.agent.get(format!("{}{path}", self.url)).header(AUTHORIZATION, &self.bearer).call()?)
    }
}

fn read<T: DeserializeOwned>(response: &mut Response<Body>) -> anyhow::Result<T> {
    ensure!(response.status() == 200, "the server responded with {}", response.status());
    Ok(serde_json::from_slice(&response.body_mut().read_to_vec()?)?)
}

/// A copy of ureq's connector for rustls. Its feature would be enabled in every test of the crate.
#[derive(Debug)]
struct Tls(Arc<ClientConfig>);

struct TlsTransport {
    stream: StreamOwned<ClientConnection, TransportAdapter>,
    buffers: LazyBuffers,
}

impl<In: Transport> Connector<In> for Tls {
    type Out = TlsTransport;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<TlsTransport>, ureq::Error> {
        let Some(tcp) = chained else { return Ok(None) };
        let host = details.uri.host().unwrap_or_default().to_owned();
        let name = ServerName::try_from(host).map_err(|_| ureq::Error::Tls("no name"))?;
        let mut conn = ClientConnection::new(Arc::clone(&self.0), name)
            .map_err(|_| ureq::Error::Tls("no connection"))?;
        let mut sock = TransportAdapter::new(tcp.boxed(), Arc::clone(&details.current_time));
        sock.set_timeout(details.timeout);
        conn.complete_io(&mut sock)?;
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(TlsTransport { stream: StreamOwned { conn, sock }, buffers }))
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        Ok(self.stream.write_all(self.buffers.output().get(..amount).unwrap_or_default())?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}
