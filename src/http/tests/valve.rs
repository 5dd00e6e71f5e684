//! The valve and the record of an exchange, on loopback sockets.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::channel;

use ureq::Agent;

use super::peer::read_head;
use super::{Exchange, NOT_SENT, ON_IDLE_CONNECTION, ON_NEW_CONNECTION, fetch, get};
use crate::http::connector::Parts;
use crate::http::exchange::note;
use crate::http::resolver::CachedResolver;
use crate::http::tls_config;
use crate::http::valve::{Valve, is_refusal};

fn agent(valve: &Arc<Valve>) -> Agent {
    let config = Agent::config_builder().proxy(None).build();
    let (tls, valve) = (tls_config(None).unwrap(), Arc::clone(valve));
    Parts { config, tls, resolver: CachedResolver::new(), valve }.agent()
}

#[test]
fn nothing_is_sent_through_a_closed_valve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let valve = Arc::new(Valve::default());
    valve.close();
    let (result, exchange) = get(&agent(&valve), &format!("http://{}/", listener.local_addr().unwrap()));
    let error = result.unwrap_err();
    assert!(is_refusal(&error), "{error:?}");
    assert_eq!(exchange, Exchange { request_sent: false, response_started: false, ..ON_NEW_CONNECTION });
    let mut sent = Vec::new();
    listener.accept().unwrap().0.read_to_end(&mut sent).unwrap();
    assert_eq!(sent, b"", "a part of the request was sent");
}

#[test]
fn a_request_that_passes_a_closed_valve_reuses_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let valve = Arc::new(Valve::default());
    let server = std::thread::spawn(move || {
        let mut socket = listener.accept().unwrap().0;
        for _ in 0..2 {
            read_head(&mut socket);
            socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        }
    });
    let agent = agent(&valve);
    assert_eq!(fetch(&agent, &url).1, ON_NEW_CONNECTION);
    valve.close();
    let (body, exchange) = Exchange { passes_closed: true, ..NOT_SENT }
        .run(|| agent.get(&url).call().unwrap().body_mut().read_to_string().unwrap());
    assert_eq!((body.as_str(), exchange), ("ok", Exchange { passes_closed: true, ..ON_IDLE_CONNECTION }));
    server.join().unwrap();
}

#[test]
fn a_pending_response_can_be_read_after_the_valve_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let valve = Arc::new(Valve::default());
    let caller = agent(&valve);
    let (is_out, wait) = channel();
    let call = std::thread::spawn(move || fetch(&caller, &url).0);
    let server = std::thread::spawn(move || {
        let mut socket = listener.accept().unwrap().0;
        read_head(&mut socket);
        is_out.send(socket).unwrap();
    });
    let mut socket = wait.recv().unwrap();
    valve.close();
    socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").unwrap();
    assert_eq!(call.join().unwrap(), b"late");
    server.join().unwrap();
}

#[test]
fn closing_the_valve_waits_for_a_request_that_is_being_written() {
    let valve = Arc::new(Valve::default());
    let (entered, wait) = channel();
    let (finish, finished) = channel();
    let writer = {
        let valve = Arc::clone(&valve);
        std::thread::spawn(move || {
            valve
                .pass(false, || {
                    entered.send(()).unwrap();
                    finished.recv().unwrap();
                    Ok(())
                })
                .unwrap();
        })
    };
    wait.recv().unwrap();
    let closer = {
        let valve = Arc::clone(&valve);
        std::thread::spawn(move || valve.close())
    };
    while valve.check(false).is_ok() {
        std::thread::yield_now();
    }
    assert!(!closer.is_finished(), "the valve closed while the request was being written");
    finish.send(()).unwrap();
    closer.join().unwrap();
    writer.join().unwrap();
    assert!(is_refusal(&valve.pass(false, || Ok(())).unwrap_err()));
}

#[test]
fn an_exchange_records_only_its_own_thread_and_call() {
    let ((), outer) = NOT_SENT.run(|| {
        note(|exchange| exchange.request_sent = true);
        let elsewhere = std::thread::spawn(Exchange::current).join().unwrap();
        assert_eq!(elsewhere, NOT_SENT);
        // A call within another, such as by a logger.
        let ((), inner) = NOT_SENT.run(|| note(|exchange| exchange.connected = true));
        assert_eq!(inner, Exchange { connected: true, ..NOT_SENT });
    });
    assert_eq!(outer, Exchange { request_sent: true, ..NOT_SENT });
}
