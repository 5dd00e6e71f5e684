//! What a failed attempt means: the error to return, and whether the request may have executed.

use std::borrow::Cow;
use std::io;

use super::exchange::Exchange;
use super::hosts::Hosts;
use super::{tls_hint, valve};
use crate::{Error, ErrorKind};

/// What became of a request that failed. It decides whether a retry is safe and of any use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No byte was sent, so any request can be retried.
    NotSent,
    /// No byte was sent, and a retry would fail in the same way: the proxy refuses the client, or the head is too
    /// long.
    Unsendable,
    /// The server did nothing and wants a pause: 429.
    Limited,
    /// The server may have executed it: the response was lost, or is a 5xx.
    Unknown,
    /// The request may have executed, and a retry would fail in the same way: the response is complete, or the proxy
    /// now refuses the client.
    Complete,
}

impl Fate {
    /// The fate of a request whose response is this error.
    pub(crate) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::RateLimited => Fate::Limited,
            ErrorKind::Server | ErrorKind::Timeout => Fate::Unknown,
            _ => Fate::Complete,
        }
    }
}

/// The error of an attempt without a usable response.
#[derive(Debug)]
pub(crate) struct SendError {
    pub(crate) fate: Fate,
    pub(crate) error: Error,
}

impl SendError {
    pub(super) fn not_sent(error: Error) -> Self {
        SendError { fate: Fate::NotSent, error }
    }
}

/// Classifies the last exchange of an attempt. `resent` says that an earlier one may have executed.
pub(super) fn classify(error: ureq::Error, exchange: Exchange, resent: bool, hosts: &Hosts) -> SendError {
    let unless_sent = if exchange.request_sent || resent { Fate::Unknown } else { Fate::NotSent };
    if valve::is_refusal(&error) {
        return SendError { fate: unless_sent, error: crate::token::logged_out() };
    }
    if !exchange.connected
        && !exchange.request_sent
        && let Some(refusal) = proxy_refusal(&error, hosts)
    {
        let fate = if resent { Fate::Complete } else { Fate::Unsendable };
        return SendError { fate, error: refusal.with_source(error) };
    }
    let (kind, message) = describe(&error, exchange, hosts);
    let fate = match (kind, unless_sent) {
        (ErrorKind::InvalidResponse, _) => Fate::Complete,
        (ErrorKind::InvalidRequest, Fate::NotSent) => Fate::Unsendable,
        _ => unless_sent,
    };
    SendError { fate, error: Error::new(kind, message).with_source(error) }
}

/// The error of a proxy that refuses the user name and password. ureq has no kind for it, only a message.
fn proxy_refusal(error: &ureq::Error, hosts: &Hosts) -> Option<Error> {
    let proxy = hosts.peer(true);
    let message =
        format!("{proxy} does not accept the user name and password, or wants some; set them in its URL");
    let refusal = Error::configuration(message);
    match error {
        ureq::Error::ConnectProxyFailed(reason) if reason.contains(" 407/") => Some(refusal.with_status(407)),
        // SOCKS. An error of the operating system would have a number.
        ureq::Error::Io(error) if error.raw_os_error().is_none() => {
            let is_about_methods = error.to_string().ends_with("auth method")
                || error.to_string().ends_with("auth methods")
                || error.kind() == io::ErrorKind::PermissionDenied;
            is_about_methods.then_some(refusal)
        }
        _ => None,
    }
}

/// Whether the exchange failed because its pooled connection was dead. The server most likely closed it while it was
/// idle, but it may also have executed the request.
pub(super) fn is_stale(error: &ureq::Error, exchange: Exchange) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let ureq::Error::Io(error) = error else { return false };
    let is_broken = matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof);
    is_broken && exchange.request_sent && !exchange.connected && !exchange.response_started
}

fn describe(error: &ureq::Error, exchange: Exchange, hosts: &Hosts) -> (ErrorKind, Cow<'static, str>) {
    use ErrorKind::{Configuration, InvalidRequest, InvalidResponse, Network, Timeout};
    let is_timeout = match error {
        ureq::Error::Timeout(_) => true,
        ureq::Error::Io(error) => error.kind() == io::ErrorKind::TimedOut,
        _ => false,
    };
    let (kind, message) = match error {
        _ if exchange.response_is_tls => {
            let server = &hosts.server;
            let message =
                format!("{server} expects TLS, and the request was plain HTTP; use https:// in the base URL");
            return (InvalidResponse, message.into());
        }
        ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..) => {
            (InvalidResponse, "the response exceeds the size limit")
        }
        // The request head does not fit into the buffer.
        ureq::Error::Protocol(reason) if reason.to_string().starts_with("output too small") => {
            (InvalidRequest, "the path, the query and the token are too long to be sent")
        }
        ureq::Error::Protocol(_) if exchange.response_started => {
            (InvalidResponse, "the response is not valid HTTP")
        }
        ureq::Error::Other(_) => (InvalidResponse, "the response cannot be decompressed"),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
            (InvalidRequest, "the request cannot be sent as HTTP")
        }
        ureq::Error::InvalidProxyUrl => (Configuration, "the proxy URL is not valid"),
        _ if !exchange.connected && !exchange.request_sent => {
            let kind = if is_timeout { Timeout } else { Network };
            return (kind, no_connection(error, is_timeout, exchange, hosts).into());
        }
        _ if is_timeout => (Timeout, "no response from the server within the time limit"),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::OutOfMemory => {
            (Network, "not enough memory for the response")
        }
        _ if exchange.response_started => (Network, "the connection broke in the middle of the response"),
        _ => (Network, "the connection broke before the response"),
    };
    (kind, message.into())
}

/// Names the peer that was not reached.
fn no_connection(error: &ureq::Error, is_timeout: bool, exchange: Exchange, hosts: &Hosts) -> String {
    let tls = tls_error(error);
    // ureq connects to a SOCKS proxy itself, without a note. The proxy's replies are errors without a number.
    let is_reply = tls.is_none() && matches!(error, ureq::Error::Io(error) if error.raw_os_error().is_none());
    let peer = hosts.peer(exchange.to_proxy && !is_reply);
    let hint = tls.and_then(tls_hint::of).map(|hint| format!(": {hint}")).unwrap_or_default();
    match error {
        _ if is_timeout => format!("no connection to {peer} within the time limit"),
        ureq::Error::HostNotFound => format!("the host name of {peer} could not be resolved"),
        ureq::Error::ConnectProxyFailed(_) => {
            format!("{} refused a connection to {}", hosts.peer(true), hosts.server)
        }
        ureq::Error::Tls(_) => format!("no secure connection to {peer} could be made"),
        _ if tls.is_some() => format!("no secure connection to {peer} could be made{hint}"),
        _ => format!("no connection to {peer} could be made"),
    }
}

fn tls_error(error: &ureq::Error) -> Option<&rustls::Error> {
    let ureq::Error::Io(error) = error else { return None };
    error.get_ref()?.downcast_ref()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::BaseUrl;

    #[test]
    fn a_407_is_final_even_if_an_earlier_request_may_have_executed() {
        for (resent, fate) in [(false, Fate::Unsendable), (true, Fate::Complete)] {
            let refusal = ureq::Error::ConnectProxyFailed("HTTP/1.1 407/Denied".to_owned());
            let base = BaseUrl::parse("https://api.example.com").unwrap();
            let proxy = ureq::Proxy::new("http://user:s3cret@proxy.example.com:3128").unwrap();
            let hosts = Hosts::new(&base, Some(&proxy));
            let failed = classify(refusal, Exchange::new(Duration::ZERO, false), resent, &hosts);
            assert_eq!((failed.fate, failed.error.kind()), (fate, ErrorKind::Configuration));
            let text = failed.error.to_string();
            assert!(text.starts_with("the proxy proxy.example.com:3128 does not accept the user"), "{text}");
        }
    }
}
