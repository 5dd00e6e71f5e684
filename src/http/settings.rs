//! How the wire is set up: every ureq setting that matters, on purpose.

use std::sync::Arc;
use std::time::Duration;

use ureq::{Agent, Proxy};

use super::addresses::Addresses;
use super::wipe::SendGate;
use super::{BaseUrl, connector, tls};
use crate::{Error, Result};

/// What a pool of connections is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// API calls: connections are kept, answers may be compressed.
    Api,
    /// Login, refresh and logout: a connection of their own each, so that a stale one never makes the fate of a
    /// refresh token unknown, and so that nothing of the exchange lives on.
    Auth,
}

/// What every wire of a session has in common.
#[derive(Clone)]
pub(crate) struct WireSettings {
    pub(crate) base: BaseUrl,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) user_agent: String,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) tls: Arc<rustls::ClientConfig>,
}

/// Room for a pool of worker threads; connections beyond these are closed after their call.
const IDLE_CONNECTIONS: usize = 64;
/// Servers and balancers often close idle connections after a minute or less.
const IDLE_TIME: Duration = Duration::from_secs(30);

impl WireSettings {
    pub(crate) fn forked(&self) -> Self {
        self.clone()
    }

    pub(super) fn agent(&self, purpose: Use, gate: Arc<SendGate>) -> Agent {
        let idle = if purpose == Use::Api { IDLE_CONNECTIONS } else { 0 };
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .https_only(false)
            .timeout_global(Some(self.timeout))
            .timeout_connect(Some(self.connect_timeout))
            .timeout_resolve(Some(self.connect_timeout))
            .max_idle_connections(idle)
            .max_idle_connections_per_host(idle)
            .max_idle_age(IDLE_TIME)
            .user_agent(self.user_agent.as_str())
            .accept("application/json")
            .accept_encoding(if purpose == Use::Api { "gzip" } else { "identity" });
        if self.proxy.is_some() || self.base.is_loopback() {
            // Without this ureq takes a proxy from the environment, which is never meant for loopback.
            config = config.proxy(self.proxy.clone());
        }
        let config = config.build();
        let connector = connector::connector(&config, Arc::clone(&self.tls), gate);
        Agent::with_parts(config, connector, Addresses::new())
    }
}

/// A proxy by its URL.
pub(crate) fn proxy(url: &str) -> Result<Proxy> {
    Proxy::new(url).map_err(|_| {
        Error::configuration("the proxy URL is not valid; give it as http://host:port or socks5://host:port")
    })
}

/// The TLS settings: the given root certificates in place of the built-in ones, if any are given.
pub(crate) fn tls_config(roots: Option<&[u8]>) -> Result<Arc<rustls::ClientConfig>> {
    tls::client_config(tls::roots(roots)?)
}
