//! How connections are made: ureq's sockets and proxies, our TLS, wiping, and our rules on top.

use std::sync::Arc;

use rustls::ClientConfig;
use ureq::Agent;
use ureq::config::Config;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector};

use super::connection::ConnectionConnector;
use super::resolver::CachedResolver;
use super::socket::SocketConnector;
use super::valve::Valve;
use super::wiping::{TlsConnector, WipingConnector};

/// What successive agents share.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) config: Config,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) resolver: CachedResolver,
    pub(super) valve: Arc<Valve>,
}

impl Parts {
    /// Builds an agent with an empty pool. Its connectors are in the order of ureq's `DefaultConnector`.
    pub(super) fn agent(&self) -> Agent {
        let has_proxy = self.config.proxy().is_some();
        let connector =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(SocketConnector { resolver: self.resolver.clone() })
                .chain(TlsConnector::new(Arc::clone(&self.tls)))
                .chain(WipingConnector)
                .chain(ConnectionConnector { valve: Arc::clone(&self.valve), has_proxy });
        Agent::with_parts(self.config.clone(), connector, self.resolver.clone())
    }
}
