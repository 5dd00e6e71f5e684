//! Orders that go out on a connection which breaks: whether they arrived cannot be known.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{Credentials, RetryPolicy, Session};
use serde_json::json;

use crate::common::verticals::{VERTICALS, cards, named, quick};

#[test]
fn a_connection_closed_while_idle_does_not_reach_the_caller() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.retry(RetryPolicy::new().retries(0)).build().unwrap();
        session.countries().unwrap();
        sandbox.close_idle_connections();
        assert!(vertical.create(&session, &named("idle")).unwrap().is_whole);
        assert_eq!(vertical.calls(&sandbox), [1, 0, 0]);
    }
}

#[test]
fn an_order_sent_again_after_its_connection_broke_may_have_executed_before() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.retry(RetryPolicy::new().retries(0)).build().unwrap();
        // The order goes out on this call's connection, and the server breaks that as if it had been idle.
        session.countries().unwrap();
        sandbox.fault(vertical.create_route(), Fault::CloseAfter);
        sandbox.fault(vertical.create_route(), Fault::RateLimited(5));
        assert!(vertical.create(&session, &named("broken")).unwrap().is_whole);
        assert_eq!(vertical.calls(&sandbox), [2, 1, 1]);
        assert_eq!(sandbox.executions_of("broken"), 1);
    }
}

#[test]
fn a_server_that_is_gone_after_taking_the_order_may_have_executed_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || take_one_order_and_go(&listener));
    let session = Session::builder(&url, Credentials::new("key", "secret"))
        .retry(RetryPolicy::new().retries(2).first_pause(Duration::from_millis(1)))
        .build()
        .unwrap();
    assert!(session.countries().unwrap().is_empty());
    let error = session.create_order(&cards(3001, 20, 1, named("gone"))).unwrap_err();
    assert!(error.may_have_executed(), "{error:?}");
    assert_eq!(error.client_reference(), Some("gone"));
    assert!(server.join().unwrap().unwrap().starts_with("POST /api/v1/orders"));
}

/// Answers a login and a list of countries, reads an order, and is gone; returns the order's first line.
fn take_one_order_and_go(listener: &TcpListener) -> Result<String> {
    let tokens = json!({ "success": true, "data": {
        "access_token": "a.b.c", "refresh_token": "d.e.f",
        "access_expires_at": "2100-01-01T00:00:00Z", "refresh_expires_at": "2100-01-08T00:00:00Z", "client_id": 1
    }});
    loop {
        let (mut stream, _) = listener.accept()?;
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some(first) = read_request(&mut reader)? {
            let body = match first.split(' ').nth(1).context("no path")? {
                "/auth/login" => tokens.to_string(),
                "/api/v1/countries" => "[]".to_owned(),
                _ => return Ok(first),
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}",
                body.len()
            );
            stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())?;
        }
    }
}

/// Reads one request; returns its first line, or none at the end of the connection.
fn read_request(reader: &mut impl BufRead) -> Result<Option<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_ascii_lowercase());
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length:"));
    let length: u64 = length.map_or(Ok(0), |length| length.trim().parse())?;
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    Ok(lines.first().map(|line| line.replacen("post", "POST", 1)))
}

#[test]
fn nothing_was_executed_if_nothing_was_sent() {
    // Bound and dropped: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sandbox = Sandbox::start().unwrap();
    let session = Session::builder(&format!("http://127.0.0.1:{port}"), sandbox.credentials())
        .retry(RetryPolicy::new().retries(0))
        .build()
        .unwrap();
    for vertical in VERTICALS {
        let error = vertical.create(&session, &named("unsent")).unwrap_err();
        assert!(!error.may_have_executed(), "{error:?}");
        assert_eq!(error.client_reference(), Some("unsent"));
    }
}
