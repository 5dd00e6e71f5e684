//! How connections are made: ureq's own sockets and proxies, our TLS, wiping, and our rules on top.

use std::sync::Arc;

use rustls::ClientConfig;
use ureq::config::Config;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, SocksConnector, TcpConnector, Transport,
};
use ureq::{Agent, Error};

use super::connection::ConnectionConnector;
use super::resolver::CachedResolver;
use super::valve::Valve;
use super::wiping::{TlsConnector, WipingConnector, remaining};

/// What the agents of one pool after another have in common.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) config: Config,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) resolver: CachedResolver,
    pub(super) valve: Arc<Valve>,
}

impl Parts {
    /// An agent with an empty pool; the links of its connector are in the order of ureq's `DefaultConnector`.
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

/// Tries one address after another, and tells the resolver which of them connected.
#[derive(Debug)]
struct SocketConnector {
    resolver: CachedResolver,
}

impl<In: Transport> Connector<In> for SocketConnector {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let tcp = TcpConnector::default();
        if chained.is_some() {
            return tcp.connect(details, chained);
        }
        let mut failure = Error::HostNotFound;
        for (tried, &address) in details.addrs.iter().enumerate() {
            let mut timeout = remaining(details.timeout, details.now, (details.current_time)());
            if timeout.after.is_zero() {
                return Err(Error::Timeout(timeout.reason));
            }
            if tried + 1 < details.addrs.len() {
                timeout = half(timeout);
            }
            let mut addrs = details.resolver.empty();
            addrs.push(address);
            let alone = ConnectionDetails {
                addrs,
                timeout,
                now: (details.current_time)(),
                uri: details.uri,
                resolver: details.resolver,
                config: details.config,
                request_level: details.request_level,
                current_time: Arc::clone(&details.current_time),
                run_connector: Arc::clone(&details.run_connector),
                register_shutdown: Arc::clone(&details.register_shutdown),
            };
            match Connector::<In>::connect(&tcp, &alone, None) {
                Ok(connected) => {
                    self.resolver.prefer(address);
                    return Ok(connected);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Leaves as much time for the addresses to come as for this one.
fn half(timeout: NextTimeout) -> NextTimeout {
    NextTimeout { after: timeout.after / 2, ..timeout }
}
