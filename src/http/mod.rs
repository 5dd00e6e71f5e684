//! Connections to the server: the only code that names ureq.
//!
//! [`Connections`] is the one pool of a session, for auth and API calls alike. A logout closes it, and it sends
//! nothing more. The code that keeps secrets from staying in memory is in [`wiping`].

mod base_url;
mod connection;
mod connector;
mod envelope;
mod exchange;
mod failure;
mod gzip;
mod hosts;
mod proxy;
mod rate_limit;
mod request;
mod resolver;
mod response;
mod retry;
mod retry_after;
mod roots;
mod route;
mod settings;
mod socket;
#[cfg(test)]
mod tests;
mod tls_hint;
mod valve;
mod wiping;

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Uri};
use parking_lot::Mutex;
use ureq::Agent;

pub(crate) use base_url::BaseUrl;
pub(crate) use envelope::{
    Listed, Listing, WEB_PAGE, auth_failure_of, failure_of, is_web_page, list_of, members, nothing_of,
    object_of, one_of, page_of, payload, says_failed, text_of, value_of,
};
pub(crate) use failure::{Fate, SendError};
pub(crate) use proxy::proxy;
pub use rate_limit::RateLimits;
pub(crate) use rate_limit::{Limiter, Quota, Vertical};
pub(crate) use request::Request;
pub(crate) use response::Response;
pub(crate) use retry::Decision;
pub use retry::RetryPolicy;
pub(crate) use roots::tls_config;
#[cfg(feature = "redis")]
pub(crate) use roots::tls_config_of;
pub(crate) use route::{Method, Route, Safety};
pub(crate) use settings::ConnectionSettings;
#[cfg(test)]
pub(crate) use wiping::Body;
pub(crate) use wiping::{Masked, json_text};

use connector::Parts;
use exchange::Exchange;
use hosts::Hosts;
use resolver::CachedResolver;
use settings::IDLE_TIME;
use valve::Valve;

use crate::Result;
use crate::clock::Stamp;

/// The target of log lines about calls.
pub(crate) const CALL_LOG: &str = "popup_rewards::call";

/// The largest response to an API call, in bytes, after decompression.
pub(crate) const API_LIMIT: u64 = 32 * 1024 * 1024;
/// The largest response to an auth call, in bytes.
pub(crate) const AUTH_LIMIT: u64 = 64 * 1024;

/// How long a connection may have been idle before a request that must not be lost. Servers, load balancers and NAT
/// drop connections that are idle for longer.
const SURELY_OPEN: Duration = Duration::from_secs(5);

/// The pool of connections to one server.
pub(crate) struct Connections {
    base: BaseUrl,
    timeout: Duration,
    parts: Parts,
    /// Replaced when one of its connections turns out to be dead.
    agent: Mutex<Arc<Agent>>,
}

/// The limits of one attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) body: u64,
}

impl Connections {
    pub(crate) fn new(settings: &ConnectionSettings) -> Self {
        let parts = Parts {
            config: settings.config(),
            tls: Arc::clone(&settings.tls),
            resolver: CachedResolver::new(),
            valve: Arc::new(Valve::default()),
        };
        Connections::of(settings.base.clone(), settings.timeout, parts)
    }

    fn of(base: BaseUrl, timeout: Duration, parts: Parts) -> Self {
        let agent = Mutex::new(Arc::new(parts.agent()));
        Connections { base, timeout, parts, agent }
    }

    /// Opens a new pool after this one is closed. It keeps the server's addresses.
    pub(crate) fn successor(&self) -> Self {
        let parts = Parts { valve: Arc::default(), ..self.parts.clone() };
        Connections::of(self.base.clone(), self.timeout, parts)
    }

    /// Closes the pool: it sends nothing more, except requests that [pass](Request::passes_closed). Responses to
    /// earlier requests can still be read.
    pub(crate) fn close(&self) {
        self.parts.valve.close();
    }

    /// Makes one attempt and reads the response in full, whatever its status.
    ///
    /// If the connection turns out to be dead, a request that may be repeated is sent again once, over a new
    /// connection.
    pub(crate) fn send(
        &self,
        request: &Request,
        token: Option<&HeaderValue>,
        limits: Limits,
    ) -> Result<Response, SendError> {
        let uri = self.base.uri(&request.path, &request.query).map_err(SendError::not_sent)?;
        let started = Stamp::now();
        let call = Call { request, uri, token, limits, started };
        let max_idle = if request.route.method == Method::Get { IDLE_TIME } else { SURELY_OPEN };
        match self.exchange(&call, max_idle) {
            (Ok(response), _) => Ok(response),
            (Err(error), first) if failure::is_stale(&error, first) && request.route.may_repeat() => {
                let timeout = limits.timeout.saturating_sub(started.elapsed());
                let again = Call { limits: Limits { timeout, ..limits }, started: Stamp::now(), ..call };
                match self.exchange(&again, max_idle) {
                    (Ok(response), _) => Ok(Response { resent: true, ..response }),
                    (Err(error), second) => Err(failure::classify(error, second, true, &self.hosts())),
                }
            }
            (Err(error), first) => Err(failure::classify(error, first, false, &self.hosts())),
        }
    }

    fn hosts(&self) -> Hosts {
        Hosts::new(&self.base, self.parts.config.proxy())
    }

    /// Sends a request over a connection that was idle for less than `max_idle`, or a new one.
    fn exchange(&self, call: &Call<'_>, max_idle: Duration) -> (Result<Response, ureq::Error>, Exchange) {
        let agent = Arc::clone(&self.agent.lock());
        let exchange = Exchange::new(max_idle, call.request.passes_closed);
        // Opens no connection for a request that the valve would stop.
        if let Err(refusal) = self.parts.valve.check(exchange.passes_closed) {
            return (Err(refusal), exchange);
        }
        let (result, exchange) = exchange.run(|| call.run(&agent, self.timeout));
        if let Err(error) = &result
            && (matches!(error, ureq::Error::Timeout(_)) || failure::is_stale(error, exchange))
        {
            self.empty(&agent);
        }
        (result, exchange)
    }

    /// Drops all idle connections, because one of them was dead. After a suspend, a failover or a restart of the
    /// server, all of them are.
    fn empty(&self, used: &Arc<Agent>) {
        let mut agent = self.agent.lock();
        // Another thread may have done so already. Connections made since are alive.
        if Arc::ptr_eq(&agent, used) {
            *agent = Arc::new(self.parts.agent());
        }
    }
}

/// One attempt to make a call.
#[derive(Clone)]
struct Call<'a> {
    request: &'a Request,
    uri: Uri,
    token: Option<&'a HeaderValue>,
    limits: Limits,
    started: Stamp,
}

impl Call<'_> {
    fn run(&self, agent: &Agent, usual: Duration) -> Result<Response, ureq::Error> {
        let mut response = match &self.request.body {
            Some(body) => agent.run(self.head(agent, usual, body.as_slice())?),
            None if self.request.route.method == Method::Get => agent.run(self.head(agent, usual, ())?),
            // Without a length, ureq would announce a chunked body.
            None => agent.run(self.head(agent, usual, &[][..])?),
        }?;
        let announced =
            response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let mut body = wiping::read(&mut response.body_mut().as_reader(), announced, self.limits.body)?;
        if gzip::is_used(response.headers()) {
            body = gzip::decompress(&body, self.limits.body, self.started, self.limits.timeout)?;
        }
        let (head, _) = response.into_parts();
        Ok(Response { status: head.status.as_u16(), headers: head.headers, body, resent: false })
    }

    fn head<B: ureq::AsSendBody>(
        &self,
        agent: &Agent,
        usual: Duration,
        body: B,
    ) -> Result<http::Request<B>, ureq::Error> {
        let method = self.request.route.method.as_str();
        let mut built = http::Request::builder().method(method).uri(self.uri.clone()).body(body)?;
        headers(built.headers_mut(), self.request, self.token);
        if self.limits.timeout == usual {
            return Ok(built);
        }
        Ok(agent.configure_request(built).timeout_global(Some(self.limits.timeout)).build())
    }
}

/// Adds a request's headers, `Authorization` included. No other place does.
fn headers(map: &mut HeaderMap, request: &Request, token: Option<&HeaderValue>) {
    if let Some(token) = token {
        map.insert(AUTHORIZATION, token.clone());
    }
    if request.body.is_some() {
        map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if request.route.has_secrets {
        // The length of compressed text reveals whether parts of it are alike.
        map.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("valve", &self.parts.valve).finish_non_exhaustive()
    }
}
