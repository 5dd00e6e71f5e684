//! Proxies from the builder or from the environment.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use popup_rewards::{
    ClientReference, CountryId, Credentials, ErrorKind, NewOrder, ProductId, RetryPolicy, Session,
};

use super::COUNTRY;
use crate::common::clock::TestClock;
use crate::common::errors::failed;
use crate::common::peer::{Peer, Step, json};

const PROXY_VARIABLES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Starts a proxy that tunnels this many connections. Returns its address and a receiver of the request heads.
fn proxy(connections: usize) -> (String, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut heads = Vec::new();
        let mut tunnels = Vec::new();
        for _ in 0..connections {
            let (mut client, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                client.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            let head = String::from_utf8(head).unwrap();
            let target = TcpStream::connect(head.split(' ').nth(1).unwrap()).unwrap();
            client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
            let (upwards, downwards) = (client.try_clone().unwrap(), target.try_clone().unwrap());
            tunnels.push(std::thread::spawn(move || copy(upwards, target)));
            tunnels.push(std::thread::spawn(move || copy(downwards, client)));
            heads.push(head);
        }
        for tunnel in tunnels {
            tunnel.join().unwrap();
        }
        sender.send(heads)
    });
    (address, receiver)
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    std::io::copy(&mut from, &mut to).ok();
    to.shutdown(std::net::Shutdown::Both).ok();
}

#[test]
fn a_proxy_from_the_builder_carries_every_call_and_sees_no_token() {
    let peer = Peer::start([Step::Keep(json(COUNTRY))]).unwrap();
    let (address, receiver) = proxy(1);
    let session = peer.builder().proxy(&format!("http://user:pr0xy-canary@{address}")).build().unwrap();
    session.get_country(CountryId::from(1)).unwrap();
    drop(session);
    let heads = receiver.recv_timeout(Duration::from_secs(20)).expect("the proxy was bypassed");
    for head in &heads {
        assert!(
            head.starts_with(&format!("CONNECT {} ", peer.url().trim_start_matches("http://"))),
            "{head}"
        );
        assert!(head.contains("Proxy-Authorization: Basic "), "{head}");
        assert!(!head.contains("Bearer"), "{head}");
    }
    assert!(peer.requests().iter().all(|seen| !seen.head.to_ascii_lowercase().contains("proxy-")));
}

#[test]
fn the_error_of_a_refusing_or_unreachable_proxy_omits_its_password() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (refusing, _) = refusing(b"HTTP/1.1 403 No\r\n\r\n");
    let (odd, _) = self::refusing(b"220 smtp.example.com ESMTP\r\n\r\n");
    let (socks, _) = self::refusing(b"\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00");
    let unreached = |proxy: &str| format!("no connection to the proxy {proxy} could be made");
    let peer = Peer::start([]).unwrap();
    let server = peer.url().replace("http://", "the server ");
    for (proxy, says) in [
        (format!("http://user:pr0xy-canary@{closed}"), unreached(&closed.to_string())),
        (format!("socks5://user:pr0xy-canary@{closed}"), unreached(&closed.to_string())),
        (
            "http://user:pr0xy-canary@proxy.invalid:3128".to_owned(),
            "the host name of the proxy proxy.invalid:3128 could not be resolved".to_owned(),
        ),
        (
            format!("http://user:pr0xy-canary@{refusing}"),
            format!("the proxy {refusing} refused a connection to {server}"),
        ),
        (
            format!("http://user:pr0xy-canary@{odd}"),
            format!("no connection to {server} through the proxy {odd} could be made"),
        ),
        (
            format!("socks5://user:pr0xy-canary@{socks}"),
            format!("no connection to {server} through the proxy {socks} could be made"),
        ),
    ] {
        let session = peer.builder().clock(TestClock::skipping()).proxy(&proxy).build().unwrap();
        let error = failed(session.login(), ErrorKind::Network, "");
        assert_eq!(error.to_string(), format!("POST /auth/login: {says}"));
    }
    assert!(peer.requests().is_empty(), "the proxy was bypassed");
}

#[test]
fn a_tls_failure_behind_a_proxy_is_that_of_the_server() {
    for (scheme, tunnel) in [
        ("http", &b"HTTP/1.1 200 Connected\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n"[..]),
        ("socks5", b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00HTTP/1.1 400 Bad Request\r\n\r\n"),
    ] {
        let (proxy, _) = refusing(tunnel);
        let error = Session::builder("https://127.0.0.1:9", Credentials::new("key", "secret"))
            .clock(TestClock::skipping())
            .proxy(&format!("{scheme}://{proxy}"))
            .build()
            .and_then(|session| session.login())
            .unwrap_err();
        let says = format!(
            "POST /auth/login: no secure connection to the server 127.0.0.1:9 through the proxy {proxy} could be \
             made: its response is not TLS"
        );
        assert!(error.to_string().starts_with(&says), "{error}");
    }
}

/// Starts a proxy that sends this response on every connection. Returns its address and the number of connections.
fn refusing(response: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let connections = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&connections);
    // The thread runs until the process ends.
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            client.read(&mut [0; 4096]).unwrap_or_default();
            client.write_all(response).ok();
            // Closing a socket with unread bytes resets it, and the reset may overtake the response.
            client.read_to_end(&mut Vec::new()).ok();
        }
    });
    (address, connections)
}

#[test]
fn a_proxy_that_refuses_its_password_is_used_once() {
    for (scheme, response, status) in [
        (
            "http",
            &b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n"[..],
            Some(407),
        ),
        ("http", b"HTTP/1.0 407 Denied\r\ncontent-length: 3\r\n\r\nno!", Some(407)),
        // No acceptable method of authentication, and a wrong password.
        ("socks5", b"\x05\xff", None),
        ("socks5", b"\x05\x02\x01\x01", None),
    ] {
        let peer = Peer::start([]).unwrap();
        let (address, connections) = refusing(response);
        let session =
            peer.builder().proxy(&format!("{scheme}://user:pr0xy-canary@{address}")).build().unwrap();
        let says = format!("the proxy {address} does not accept the user name and password");
        let error = failed(session.countries(), ErrorKind::Configuration, &says);
        assert_eq!((error.status(), error.is_retryable()), (status, false), "{error}");
        assert_eq!(error.to_string().contains("407"), status.is_some(), "{error}");
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{scheme}");
        let order = NewOrder::new(ProductId::from(2), 5.into(), 1, ClientReference::generate());
        let error = failed(session.create_order(&order), ErrorKind::Configuration, &says);
        assert!(!error.may_have_executed(), "{error:?}");
        assert_eq!(connections.load(Ordering::SeqCst), 2, "{scheme}");
        assert!(peer.requests().is_empty(), "the proxy was bypassed");
    }
}

#[test]
fn a_call_without_a_login_uses_a_refusing_proxy_once() {
    let peer = Peer::start([]).unwrap();
    let (address, connections) = refusing(b"HTTP/1.1 407 Denied\r\n\r\n");
    let session = peer.builder().proxy(&format!("http://{address}")).build().unwrap();
    let says = format!("the proxy {address} does not accept");
    failed(session.service_status(), ErrorKind::Configuration, &says);
    assert_eq!((connections.load(Ordering::SeqCst), session.stats().retries), (1, 0));
}

/// Runs [`child_makes_a_call`] with only these proxy variables, and returns its output.
fn in_child(server: &str, variables: &[(&str, String)]) -> String {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "http::proxy::child_makes_a_call", "--nocapture"]).env("CALLS", server);
    for name in PROXY_VARIABLES.iter().chain(&["REQUEST_METHOD"]) {
        child.env_remove(name);
    }
    let output = child.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_proxy_from_the_environment_is_not_used_for_loopback() {
    let peer = Peer::start([Step::Keep(json(COUNTRY))]).unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let everywhere = PROXY_VARIABLES[..6].iter().map(|name| (*name, format!("http://{closed}")));
    let output = in_child(&peer.url(), &everywhere.collect::<Vec<_>>());
    assert!(output.contains("found United States"), "{output}");
    assert_eq!(peer.calls().len(), 1);
}

#[test]
fn the_environment_chooses_the_proxy_for_the_server() {
    let (right, connections) = refusing(b"HTTP/1.1 407 Denied\r\n\r\n");
    let (wrong, unused) = refusing(b"HTTP/1.1 403 Denied\r\n\r\n");
    let refused = format!("Configuration: POST /auth/login: the proxy {right} does not accept");
    let refused = refused.as_str();
    let (right, wrong) = (format!("http://{right}"), format!("http://{wrong}"));
    let unresolved = "the host name of the server sub.api.invalid:443 could not be resolved";
    for (variables, says, used) in [
        (vec![("https_proxy", right.clone()), ("HTTPS_PROXY", wrong.clone())], refused, 1),
        (vec![("HTTPS_PROXY", right.clone()), ("ALL_PROXY", wrong.clone())], refused, 1),
        (vec![("HTTPS_PROXY", format!(" {right}\n"))], refused, 1),
        (vec![("HTTP_PROXY", wrong.clone()), ("http_proxy", wrong.clone())], unresolved, 0),
        (
            vec![("ALL_PROXY", wrong.clone()), ("NO_PROXY", "other.test api.invalid".to_owned())],
            unresolved,
            0,
        ),
        (vec![("ALL_PROXY", right.clone()), ("NO_PROXY", "notapi.invalid".to_owned())], refused, 1),
    ] {
        let before = connections.load(Ordering::SeqCst);
        let output = in_child("https://sub.api.invalid", &variables);
        assert!(output.contains(says), "{variables:?}: {output}");
        assert_eq!(connections.load(Ordering::SeqCst) - before, used, "{variables:?}");
    }
    assert_eq!(unused.load(Ordering::SeqCst), 0);
}

#[test]
fn a_malformed_proxy_variable_is_named_and_no_proxy_is_used() {
    let (wrong, unused) = refusing(b"HTTP/1.1 403 Denied\r\n\r\n");
    for value in [format!("\"http://{wrong}\""), format!("htp://{wrong}"), format!("http://{wrong}\nx")] {
        let output = in_child(
            "https://sub.api.invalid",
            &[("HTTPS_PROXY", value.clone()), ("ALL_PROXY", format!("http://{wrong}"))],
        );
        assert!(
            output.contains("no session: Configuration: the environment variable HTTPS_PROXY"),
            "{output}"
        );
        assert!(!output.contains(&wrong), "{output}");
    }
    assert_eq!(unused.load(Ordering::SeqCst), 0);
}

/// Makes one call when run by [`in_child`], and does nothing otherwise.
#[test]
fn child_makes_a_call() {
    let Ok(url) = std::env::var("CALLS") else { return };
    let never = RetryPolicy::new().retries(0);
    match Session::builder(&url, Credentials::new("key", "secret")).retry(never).build() {
        Err(error) => println!("no session: {:?}: {error}", error.kind()),
        Ok(session) => match session.get_country(CountryId::from(1)) {
            Ok(country) => println!("found {}", country.name),
            Err(error) => println!("{:?}: {error}", error.kind()),
        },
    }
}
