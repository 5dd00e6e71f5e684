//! How this crate's connections are made: ureq's own sockets and proxies, our TLS, and wiping on top.

use std::sync::Arc;

use rustls::RootCertStore;
use ureq::config::Config;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector, TcpConnector};

use super::tls::TlsConnector;
use super::wipe::{SendGate, WipeConnector};

/// The connector of an agent with this configuration; the links are in the order of ureq's
/// `DefaultConnector`.
pub(super) fn connector(
    config: &Config,
    roots: RootCertStore,
    gate: Arc<SendGate>,
) -> crate::Result<impl Connector + use<>> {
    Ok(
        ().chain(SocksConnector::default())
            .chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(TlsConnector::new(roots)?)
            .chain(WipeConnector::new(gate, config.proxy().is_some())),
    )
}
