//! Errors of a wrong base URL, certificate or scheme, which say what to repair.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use popup_rewards::{Credentials, Error, ErrorKind, RetryPolicy, Session};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::CANARY;
use crate::common::clock::TestClock;
use crate::common::errors::failed;
use crate::common::peer::{Peer, Step, response};

/// Starts a TLS server that serves no request, until the process ends. Returns its port and its certificate.
fn tls_server(change: impl FnOnce(&mut CertificateParams)) -> (u16, String) {
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let (listener, config) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(config));
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, socket);
            // Sends the alert that says why the handshake failed.
            stream.read_to_end(&mut Vec::new()).unwrap_or_default();
            stream.conn.complete_io(&mut stream.sock).ok();
        }
    });
    (port, certificate.pem())
}

/// Returns the error of a login.
fn login(url: &str, roots: Option<&str>, kind: ErrorKind) -> Error {
    let never = RetryPolicy::new().retries(0);
    let builder = Session::builder(url, Credentials::new("key", "secret")).retry(never);
    let builder = builder.clock(TestClock::skipping());
    let builder = match roots {
        Some(pem) => builder.root_certificates(pem.as_bytes()),
        None => builder,
    };
    failed(builder.build().unwrap().login(), kind, "")
}

#[track_caller]
fn refused_certificate(change: impl FnOnce(&mut CertificateParams), is_trusted: bool, hint: &str) {
    let (port, pem) = tls_server(change);
    let error = login(&format!("https://127.0.0.1:{port}"), is_trusted.then_some(&*pem), ErrorKind::Network);
    let says = format!(
        "POST /auth/login: no secure connection to the server 127.0.0.1:{port} could be made: {hint}"
    );
    assert_eq!(error.to_string(), says);
}

const UNKNOWN: &str = "the issuer of its certificate is unknown; pass your own root certificate to SessionBuilder::root_certificates";

#[test]
fn an_unknown_issuer_hints_at_the_root_certificates() {
    refused_certificate(|_| {}, false, UNKNOWN);
}

#[test]
fn another_root_of_the_same_name_hints_at_the_root_certificates() {
    let (port, _) = tls_server(|_| {});
    let (_, other) = tls_server(|_| {});
    let error = login(&format!("https://127.0.0.1:{port}"), Some(&other), ErrorKind::Network);
    assert!(error.to_string().ends_with(UNKNOWN), "{error}");
}

#[test]
fn the_certificate_of_a_ca_is_named_as_such() {
    for is_trusted in [true, false] {
        refused_certificate(
            |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            is_trusted,
            "its certificate is that of a CA (CA:TRUE); give the server one of its own",
        );
    }
}

#[test]
fn an_expired_certificate_is_named_as_such() {
    refused_certificate(
        |params| {
            (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        },
        true,
        "its certificate has expired; renew it, or correct the clock of this machine",
    );
}

#[test]
fn a_certificate_of_the_future_is_named_as_such() {
    refused_certificate(
        |params| params.not_before = date_time_ymd(4000, 1, 1),
        true,
        "its certificate is not valid yet; correct the clock of this machine",
    );
}

#[test]
fn a_certificate_for_another_host_is_named_as_such() {
    refused_certificate(
        |params| *params = CertificateParams::new(["elsewhere.example.com".to_owned()]).unwrap(),
        true,
        "its certificate is for another host; check the host in the URL",
    );
}

#[test]
fn plain_http_to_a_tls_port_says_so() {
    let (port, _) = tls_server(|_| {});
    let error = login(&format!("http://127.0.0.1:{port}"), None, ErrorKind::InvalidResponse);
    assert_eq!(
        error.to_string(),
        format!(
            "POST /auth/login: the server 127.0.0.1:{port} expects TLS, and the request was plain HTTP; \
             use https:// in the base URL"
        )
    );
}

#[test]
fn the_page_of_a_tls_port_that_got_plain_http_says_so() {
    for page in [
        "<html><center>The plain HTTP request was sent to HTTPS port</center></html>",
        "Client sent an HTTP request to an HTTPS server.\n",
        "<p>You're speaking plain HTTP to an SSL-enabled server port.</p>",
    ] {
        let peer = Peer::with_auth([Step::Keep(response("400 Bad Request", "", page))], []).unwrap();
        let error = login(&peer.url(), None, ErrorKind::InvalidRequest);
        assert!(error.to_string().contains("expects TLS, and the request was plain HTTP"), "{error}");
    }
}

#[test]
fn tls_to_a_plain_http_port_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // The thread runs until the process ends.
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            client.read(&mut [0; 4096]).unwrap_or_default();
            client.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").ok();
            client.read_to_end(&mut Vec::new()).ok();
        }
    });
    let error = login(&format!("https://127.0.0.1:{port}"), None, ErrorKind::Network);
    assert_eq!(
        error.to_string(),
        format!(
            "POST /auth/login: no secure connection to the server 127.0.0.1:{port} could be made: \
             its response is not TLS; check the port, or write http:// for plain HTTP"
        )
    );
}

#[test]
fn a_login_that_gets_no_response_of_the_api_hints_at_the_base_url() {
    let page = format!("\u{feff}<!doctype html><title>{CANARY}</title>");
    for (status, kind, says) in [
        ("200 OK", ErrorKind::InvalidResponse, "the response is a web page, not one of this API"),
        ("405 Not Allowed", ErrorKind::InvalidRequest, "the response is a web page, not one of this API"),
        ("404 Not Found", ErrorKind::NotFound, "the server has no such auth route"),
    ] {
        let peer = Peer::with_auth([Step::Keep(response(status, "", &page))], []).unwrap();
        let error = login(&peer.url(), None, kind);
        let (number, _) = status.split_once(' ').unwrap();
        let hint = "check the base URL for a typo or a missing path prefix";
        assert_eq!(error.to_string(), format!("POST /auth/login: {says}; {hint} ({number})"));
    }
}

#[test]
fn the_pages_of_a_gateway_are_not_blamed_on_the_base_url() {
    for (status, kind) in [
        ("403 Forbidden", ErrorKind::Forbidden),
        ("429 Slow Down", ErrorKind::RateLimited),
        ("502 Bad Gateway", ErrorKind::Server),
    ] {
        let page = || Step::Keep(response(status, "content-type: text/html\r\n", "<html></html>"));
        let peer = Peer::with_auth([page(), page(), page()], []).unwrap();
        let error = login(&peer.url(), None, kind);
        assert!(!error.to_string().contains("base URL"), "{error}");
    }
}
