//! Proxies: the one that was set is used; those of the environment are not meant for loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use popup_rewards::{CountryId, Credentials, ErrorKind, RetryPolicy, Session};

use super::wire::{Answer, Peer, json};
use super::{COUNTRY, failed};

const PROXY_VARIABLES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A proxy that tunnels this many connections, and says what it was asked.
fn proxy(connections: usize) -> (String, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut asked = Vec::new();
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
            asked.push(head);
        }
        for tunnel in tunnels {
            tunnel.join().unwrap();
        }
        tell.send(asked)
    });
    (address, told)
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    std::io::copy(&mut from, &mut to).ok();
    to.shutdown(std::net::Shutdown::Both).ok();
}

#[test]
fn a_proxy_that_was_set_is_used_for_every_call_and_shown_no_token() {
    let peer = Peer::start([Answer::Keep(json(COUNTRY))]).unwrap();
    let (address, told) = proxy(1);
    let session = peer.builder().proxy(&format!("http://user:pr0xy-canary@{address}")).build().unwrap();
    session.get_country(CountryId::from(1)).unwrap();
    drop(session);
    let asked = told.recv_timeout(Duration::from_secs(20)).expect("the proxy was passed by");
    for head in &asked {
        assert!(
            head.starts_with(&format!("CONNECT {} ", peer.url().trim_start_matches("http://"))),
            "{head}"
        );
        assert!(head.contains("Proxy-Authorization: Basic "), "{head}");
        assert!(!head.contains("Bearer"), "{head}");
    }
    assert!(peer.seen().iter().all(|seen| !seen.head.to_ascii_lowercase().contains("proxy-")));
}

#[test]
fn a_proxy_that_refuses_or_is_not_there_is_told_without_its_password() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refusing = Peer::start([Answer::Close(b"HTTP/1.1 407 Authenticate\r\n\r\n".to_vec())]).unwrap();
    for (url, says) in [
        (format!("http://user:pr0xy-canary@{closed}"), "no connection"),
        (refusing.url().replace("//", "//user:pr0xy-canary@"), "the proxy refused the connection"),
    ] {
        let peer = Peer::start([]).unwrap();
        let session = peer.builder().retry(RetryPolicy::new().retries(0)).proxy(&url).build().unwrap();
        failed(session.login(), ErrorKind::Network, says);
        assert!(peer.seen().is_empty(), "the proxy was passed by");
    }
}

#[test]
fn proxies_of_the_environment_are_not_used_for_loopback() {
    let peer = Peer::start([Answer::Keep(json(COUNTRY))]).unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "proxy::child_makes_a_call", "--nocapture"]).env("CALLS", peer.url());
    child.envs(PROXY_VARIABLES.map(|name| (name, format!("http://{closed}"))));
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = child.output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("found United States"));
    assert_eq!(peer.calls().len(), 1);
}

/// Makes one call where [`proxies_of_the_environment_are_not_used_for_loopback`] says; else nothing.
#[test]
fn child_makes_a_call() {
    if let Ok(url) = std::env::var("CALLS") {
        let session = Session::new(&url, Credentials::new("key", "secret")).unwrap();
        println!("found {}", session.get_country(CountryId::from(1)).unwrap().name);
    }
}
