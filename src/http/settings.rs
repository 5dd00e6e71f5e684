//! How connections are configured. Every ureq setting that matters is set here.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::client::Resumption;
use ureq::config::Config;
use ureq::{Agent, Proxy};

use super::BaseUrl;

/// The settings of all connections of a session.
#[derive(Clone)]
pub(crate) struct ConnectionSettings {
    pub(crate) base: BaseUrl,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) user_agent: String,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) tls: Arc<ClientConfig>,
}

/// Enough for a pool of worker threads. Further connections are closed after their call.
const IDLE_CONNECTIONS: usize = 64;
/// Servers and load balancers often close connections that are idle for a minute or less.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(30);

/// The size of each of a connection's two buffers. They are zeroed when it opens, wiped when it closes, and kept
/// while it is idle. With ureq's 128 KiB this costs a short script more than its calls, and most of a session's
/// memory. A request or response head must fit, with a byte to spare; a body need not.
const BUFFER: usize = 32 * 1024;

/// The default of rustls.
const TLS_SESSIONS: usize = 256;

impl ConnectionSettings {
    /// The settings of a forked child, which must not touch the lock of its parent's resumable TLS sessions.
    pub(crate) fn forked(&self) -> Self {
        let mut tls = ClientConfig::clone(&self.tls);
        tls.resumption = Resumption::in_memory_sessions(TLS_SESSIONS);
        ConnectionSettings { tls: Arc::new(tls), ..self.clone() }
    }

    pub(super) fn config(&self) -> Config {
        Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .https_only(false)
            .timeout_global(Some(self.timeout))
            .timeout_connect(Some(self.connect_timeout))
            .timeout_resolve(Some(self.connect_timeout))
            .max_idle_connections(IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS)
            .max_idle_age(IDLE_TIME)
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .max_response_header_size(BUFFER - 1)
            .user_agent(self.user_agent.as_str())
            .accept("application/json")
            .accept_encoding("gzip")
            // Otherwise, ureq would read the environment.
            .proxy(self.proxy.clone())
            .build()
    }
}
