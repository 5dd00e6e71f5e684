//! How this crate's connections are made: ureq's own sockets and proxies, our TLS, and wiping on top.

use std::sync::Arc;

use rustls::ClientConfig;
use ureq::config::Config;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector, TcpConnector};

use super::tls::TlsConnector;
use super::wipe::{SendGate, WipeConnector};

/// The connector of an agent with this configuration; the links are in the order of ureq's
/// `DefaultConnector`.
pub(super) fn connector(
    config: &Config,
    tls: Arc<ClientConfig>,
    gate: Arc<SendGate>,
) -> impl Connector + use<> {
    ().chain(SocksConnector::default())
        .chain(ConnectProxyConnector::default())
        .chain(TcpConnector::default())
        .chain(TlsConnector::new(tls))
        .chain(WipeConnector::new(gate, config.proxy().is_some()))
}
