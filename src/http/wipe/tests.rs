//! The send gate and the facts of a call, on loopback sockets.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;

use ureq::Agent;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::TcpConnector;

use super::*;

fn agent(gate: &Arc<SendGate>) -> Agent {
    let limit = Some(Duration::from_secs(10));
    let config = Agent::config_builder().proxy(None).timeout_global(limit).build();
    let connector = ().chain(TcpConnector::default()).chain(WipeConnector::new(Arc::clone(gate), false));
    Agent::with_parts(config, connector, DefaultResolver::default())
}

/// Reads up to the end of a request without a body.
fn read_head(socket: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
}

#[test]
fn a_closed_gate_lets_nothing_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gate = Arc::new(SendGate::default());
    gate.close();
    start_call();
    let error = agent(&gate).get(format!("http://{}/", listener.local_addr().unwrap())).call().unwrap_err();
    assert!(is_gate_closed(&error), "{error:?}");
    assert_eq!(facts(), CallFacts { connected: true, request_sent: false, answer_started: false });
    let mut sent = Vec::new();
    listener.accept().unwrap().0.read_to_end(&mut sent).unwrap();
    assert_eq!(sent, b"", "not a byte of the request left");
}

#[test]
fn the_answer_to_a_request_that_is_out_can_be_read_after_closing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let gate = Arc::new(SendGate::default());
    let caller = agent(&gate);
    let (is_out, wait) = channel();
    let call =
        std::thread::spawn(move || caller.get(url).call().unwrap().body_mut().read_to_string().unwrap());
    let server = std::thread::spawn(move || {
        let mut socket = listener.accept().unwrap().0;
        read_head(&mut socket);
        is_out.send(socket).unwrap();
    });
    let mut socket = wait.recv().unwrap();
    gate.close();
    socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").unwrap();
    assert_eq!(call.join().unwrap(), "late");
    server.join().unwrap();
}

#[test]
fn closing_waits_for_a_request_that_is_being_written() {
    let gate = Arc::new(SendGate::default());
    let (entered, wait) = channel();
    let (finish, finished) = channel();
    let writer = {
        let gate = Arc::clone(&gate);
        std::thread::spawn(move || {
            gate.pass(|| {
                entered.send(()).unwrap();
                finished.recv().unwrap();
                Ok(())
            })
            .unwrap();
        })
    };
    wait.recv().unwrap();
    let closer = {
        let gate = Arc::clone(&gate);
        std::thread::spawn(move || gate.close())
    };
    while !gate.closed.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    assert!(!closer.is_finished(), "the request is still being written");
    finish.send(()).unwrap();
    closer.join().unwrap();
    writer.join().unwrap();
    assert!(is_gate_closed(&gate.pass(|| Ok(())).unwrap_err()));
}

#[test]
fn facts_are_those_of_the_calling_thread() {
    note(|facts| facts.request_sent = true);
    let elsewhere = std::thread::spawn(facts).join().unwrap();
    assert_eq!(elsewhere, CallFacts::default());
    assert!(facts().request_sent);
    start_call();
    assert_eq!(facts(), CallFacts::default());
}
