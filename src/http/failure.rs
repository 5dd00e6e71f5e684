//! What a failed attempt means: the error to show, and whether the request may have had its effect.

use std::io;

use super::wipe::{self, CallFacts};
use crate::{Error, ErrorKind};

/// Whether the server may have acted on a request that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Not a byte of the request left: sending it again is safe, whatever it is.
    NotSent,
    /// It may have been executed.
    Unknown,
}

/// An attempt that brought no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) fate: Fate,
    /// Whether it went out on a pooled connection that broke before a byte of the answer. The server had most likely
    /// closed it while it was idle, but may just as well have acted on the request.
    pub(crate) stale: bool,
    pub(crate) error: Error,
}

impl Failure {
    pub(super) fn not_sent(error: Error) -> Self {
        Failure { fate: Fate::NotSent, stale: false, error }
    }
}

pub(super) fn classify(error: ureq::Error, facts: CallFacts) -> Failure {
    let fate = if facts.request_sent { Fate::Unknown } else { Fate::NotSent };
    if wipe::is_gate_closed(&error) {
        return Failure { fate, stale: false, error: crate::token::logged_out() };
    }
    let stale = facts.was_stale() && is_broken(&error);
    let (kind, message) = describe(&error, facts);
    Failure { fate, stale, error: Error::new(kind, message).with_source(error) }
}

fn describe(error: &ureq::Error, facts: CallFacts) -> (ErrorKind, &'static str) {
    use ErrorKind::{Configuration, InvalidRequest, InvalidResponse, Network, Timeout};
    match error {
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            (Timeout, "no connection to the server within the time limit")
        }
        ureq::Error::Timeout(_) if !facts.connected && !facts.request_sent => {
            (Timeout, "no connection to the server within the time limit")
        }
        ureq::Error::Timeout(_) => (Timeout, "no answer from the server within the time limit"),
        ureq::Error::HostNotFound => (Network, "the server's host name was not found"),
        ureq::Error::Tls(_) => (Network, "no secure connection to the server could be made"),
        ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..) => {
            (InvalidResponse, "the server's answer is larger than any of this API")
        }
        ureq::Error::Protocol(_) => (InvalidResponse, "the server's answer is not HTTP"),
        ureq::Error::Other(_) => (InvalidResponse, "the server's answer cannot be decompressed"),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
            (InvalidRequest, "the request cannot be sent as HTTP")
        }
        ureq::Error::InvalidProxyUrl => (Configuration, "the proxy URL is not valid"),
        ureq::Error::ConnectProxyFailed(_) => (Network, "the proxy refused the connection"),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
            (Timeout, "no answer from the server within the time limit")
        }
        ureq::Error::Io(error) if is_tls(error) => {
            (Network, "no secure connection to the server could be made")
        }
        _ if facts.answer_started => (Network, "the connection broke in the middle of the answer"),
        _ if facts.request_sent => (Network, "the connection broke before the answer"),
        _ => (Network, "no connection to the server could be made"),
    }
}

/// Whether a call failed because its connection did, rather than because time ran out.
fn is_broken(error: &ureq::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let ureq::Error::Io(error) = error else { return false };
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

fn is_tls(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some()
}
