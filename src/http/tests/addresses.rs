//! Servers with several addresses.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::ALL_VERSIONS;
use ureq::Agent;
use ureq::config::Config;
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::NextTimeout;

use super::fetch;
use super::peer::{Acceptor, Peer, read_head, respond};
use crate::http::connector::Parts;
use crate::http::resolver::CachedResolver;
use crate::http::{BaseUrl, ConnectionSettings, Connections, tls_config};

const URL: &str = "http://api.example.com/thing";

/// Calls a server whose name has these dead addresses before its own. Returns its own address, and the one that the next
/// call tries first.
fn called_after(dead: &[SocketAddr]) -> (SocketAddr, SocketAddr) {
    let peer = Peer::new(ALL_VERSIONS, |acceptor: Acceptor| {
        let mut socket = acceptor.tcp();
        read_head(&mut socket);
        respond(&mut socket, b"{}");
    });
    let alive = SocketAddr::from(([127, 0, 0, 1], peer.port));
    let addresses = [dead, &[alive]].concat();
    let resolver = CachedResolver::looked_up_by(move |_| addresses.clone());
    let limit = Some(Duration::from_millis(500));
    let config = Agent::config_builder().proxy(None).timeout_connect(limit).build();
    let tls = tls_config(None).unwrap();
    let agent = Parts { config, tls, resolver: resolver.clone(), valve: Arc::default() }.agent();
    assert_eq!(fetch(&agent, URL).0, b"{}");
    let again = resolver.resolve(&URL.parse().unwrap(), &Config::default(), NextTimeout::default()).unwrap();
    peer.finish();
    (alive, again[0])
}

#[test]
fn the_next_call_tries_the_address_that_connected_first() {
    let refuses = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (alive, first) = called_after(&[refuses]);
    assert_eq!(first, alive);
}

#[test]
fn silent_addresses_leave_time_for_the_next_one() {
    // A server that accepts no connections: once its queue is full, connecting times out.
    let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    full.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    full.listen(0).unwrap();
    let silent = full.local_addr().unwrap().as_socket().unwrap();
    let mut waiting = Vec::new();
    while let Ok(client) = TcpStream::connect_timeout(&silent, Duration::from_millis(100)) {
        waiting.push(client);
        assert!(waiting.len() < 64, "the queue does not fill");
    }
    let (alive, first) = called_after(&[silent; 3]);
    assert_eq!(first, alive);
}

#[test]
fn the_connections_after_a_logout_share_the_resolver() {
    let settings = ConnectionSettings {
        base: BaseUrl::parse("https://api.example.com").unwrap(),
        timeout: Duration::from_secs(1),
        connect_timeout: Duration::from_secs(1),
        user_agent: "test".to_owned(),
        proxy: None,
        tls: tls_config(None).unwrap(),
    };
    let before = Connections::new(&settings);
    let after = before.successor();
    before.close();
    assert!(after.parts.resolver.is(&before.parts.resolver));
    assert!(!Arc::ptr_eq(&after.parts.valve, &before.parts.valve));
}
