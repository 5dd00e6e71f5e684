//! The wire: the only code that names ureq.
//!
//! A [`Wire`] is one pool of connections to the configured server. The session gives it up on logout, and a wire
//! that was given up sends nothing more.

mod addresses;
mod base_url;
mod body;
mod buffers;
mod connector;
mod envelope;
mod failure;
mod gunzip;
mod rate_limit;
mod request;
mod response;
mod retry;
mod retry_after;
mod schedule;
mod settings;
mod tls;
mod wipe;

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Uri};
use ureq::Agent;

pub(crate) use base_url::BaseUrl;
pub(crate) use envelope::{
    Listed, Listing, failure_of, list_of, nothing_of, object_of, one_of, page_of, payload, read,
};
pub(crate) use failure::{Failure, Fate};
pub use rate_limit::RateLimits;
pub(crate) use rate_limit::{Limiter, RateClass};
pub(crate) use request::{Method, Request, TimeLimit};
pub(crate) use response::{Body, Response};
pub use retry::RetryPolicy;
pub(crate) use retry::{Decision, Outcome};
pub(crate) use retry_after::http_date;
pub(crate) use settings::{Use, WireSettings, proxy, tls_config};
pub(crate) use wipe::SendGate;

use crate::Result;

/// The largest answer of an API call, in bytes, after decompression.
pub(crate) const API_LIMIT: u64 = 32 * 1024 * 1024;
/// The largest answer of an auth call, in bytes.
pub(crate) const AUTH_LIMIT: u64 = 64 * 1024;

/// A pool of connections to one server.
pub(crate) struct Wire {
    agent: Agent,
    base: BaseUrl,
    gate: Arc<SendGate>,
    timeout: Duration,
}

/// What bounds one attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) body: u64,
}

impl Wire {
    pub(crate) fn new(settings: &WireSettings, purpose: Use) -> Self {
        Wire::behind(settings, purpose, Arc::default())
    }

    /// A pool of its own that is given up together with the other wires behind the same gate.
    pub(crate) fn behind(settings: &WireSettings, purpose: Use, gate: Arc<SendGate>) -> Self {
        let agent = settings.agent(purpose, Arc::clone(&gate));
        Wire { agent, base: settings.base.clone(), gate, timeout: settings.timeout }
    }

    pub(crate) fn gate(&self) -> Arc<SendGate> {
        Arc::clone(&self.gate)
    }

    /// Sends nothing from now on. Answers to what was sent before may still be read.
    pub(crate) fn close(&self) {
        self.gate.close();
    }

    /// Makes one attempt and reads the whole answer, whatever its status.
    pub(crate) fn send(
        &self,
        request: &Request,
        token: Option<&HeaderValue>,
        limits: Limits,
    ) -> Result<Response, Failure> {
        let uri = self.base.uri(&request.path, &request.query).map_err(Failure::not_sent)?;
        wipe::start_call();
        self.exchange(request, uri, token, limits).map_err(|error| failure::classify(error, wipe::facts()))
    }

    fn exchange(
        &self,
        request: &Request,
        uri: Uri,
        token: Option<&HeaderValue>,
        limits: Limits,
    ) -> Result<Response, ureq::Error> {
        let mut answer = match &request.body {
            Some(body) => self.run(self.head(request, uri, token, limits, body.as_slice())),
            None if request.method == Method::Get => self.run(self.head(request, uri, token, limits, ())),
            // Without a body of known length, ureq announces a chunked one.
            None => self.run(self.head(request, uri, token, limits, &[][..])),
        }?;
        let announced =
            answer.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let mut reader = answer.body_mut().as_reader();
        let mut body = body::read(&mut reader, announced, limits.body)?;
        let packed = answer.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
        if packed && !body.bytes().is_empty() {
            body = gunzip::gunzip(body.bytes(), limits.body)?;
        }
        let (head, _) = answer.into_parts();
        Ok(Response { status: head.status.as_u16(), headers: head.headers, body })
    }

    fn run<B>(
        &self,
        request: Result<http::Request<B>, ureq::Error>,
    ) -> Result<http::Response<ureq::Body>, ureq::Error>
    where
        B: ureq::AsSendBody,
    {
        self.agent.run(request?)
    }

    fn head<B: ureq::AsSendBody>(
        &self,
        request: &Request,
        uri: Uri,
        token: Option<&HeaderValue>,
        limits: Limits,
        body: B,
    ) -> Result<http::Request<B>, ureq::Error> {
        let has_body = request.body.is_some();
        let mut built = http::Request::builder().method(request.method.as_str()).uri(uri).body(body)?;
        headers(built.headers_mut(), request, has_body, token);
        if limits.timeout == self.timeout {
            return Ok(built);
        }
        Ok(self.agent.configure_request(built).timeout_global(Some(limits.timeout)).build())
    }
}

/// The one place that builds a request's headers, the `Authorization` value among them.
fn headers(map: &mut HeaderMap, request: &Request, has_body: bool, token: Option<&HeaderValue>) {
    if let Some(token) = token {
        map.insert(AUTHORIZATION, token.clone());
    }
    if has_body {
        map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if request.secret_answer {
        // Compressed text tells its length, and with it whether two pieces of it are alike.
        map.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("gate", &self.gate).finish_non_exhaustive()
    }
}
