//! Webhook deliveries: signature, content and retries.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, Result};
use popup_rewards::sandbox::{Outcome, Sandbox};
use popup_rewards::{ErrorKind, Secret};
use ring::hmac;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::client::Client;

struct ReceivedDelivery {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl ReceivedDelivery {
    fn header(&self, name: &str) -> Result<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).with_context(|| format!("no {name}"))
    }

    fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// Receives one delivery and sends a response with this status.
fn receive(listener: &TcpListener, status: &str) -> Result<ReceivedDelivery> {
    let (stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let mut delivery = ReceivedDelivery { headers, body: Vec::new() };
    delivery.body.resize(delivery.header("content-length")?.parse()?, 0);
    reader.read_exact(&mut delivery.body)?;
    write!(reader.get_mut(), "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")?;
    // Waits until the sender closes the connection. Closing it here could lose the response.
    reader.read_to_end(&mut Vec::new())?;
    Ok(delivery)
}

/// Starts a sandbox that delivers webhooks to a listener, and a client.
///
/// The listener receives one delivery per status, and responds with that status.
fn reporting(statuses: &'static [&str]) -> Result<(Sandbox, Client, Receiver<Result<ReceivedDelivery>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (sender, deliveries) = channel();
    std::thread::spawn(move || {
        for status in statuses {
            // Fails only if the test has already failed.
            sender.send(receive(&listener, status)).unwrap_or_default();
        }
    });
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let url = format!("http://{address}/hooks?from=sandbox");
    sandbox.deliver_webhooks_to(&url, &Secret::new("whsec"))?;
    Ok((sandbox, client, deliveries))
}

/// Returns the next delivery, or an error after 20 seconds.
fn next(deliveries: &Receiver<Result<ReceivedDelivery>>) -> Result<ReceivedDelivery> {
    deliveries.recv_timeout(Duration::from_secs(20)).context("no delivery")?
}

fn order(client: &Client) -> Result<Value> {
    let body = json!({ "product_id": 3001, "denomination": 20, "quantity": 3, "client_reference": "hooked" });
    client.post("/api/v1/orders", &body)?.json()
}

#[test]
fn a_delivery_is_signed_over_its_body() -> Result<()> {
    let (sandbox, client, deliveries) = reporting(&["204 No Content"; 2])?;
    let order = order(&client)?;
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let delivery = next(&deliveries)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"whsec");
        let mut signature = String::new();
        for byte in hmac::sign(&key, &delivery.body).as_ref() {
            write!(signature, "{byte:02x}")?;
        }
        assert_eq!(delivery.header("x-signature")?, signature);
        let sent: i64 = delivery.header("x-timestamp")?.parse()?;
        assert!((OffsetDateTime::now_utc().unix_timestamp() - sent).abs() < 300);
        let event = delivery.json()?;
        assert_eq!(json!(delivery.header("x-event-id")?), event["id"]);
        assert_eq!(json!(delivery.header("x-event-type")?), event["type"]);
        assert_eq!(delivery.header("x-webhook-id")?, "1");
        if event["type"] == json!("order.delivered") {
            assert_eq!(event["data"]["id"], order["id"]);
            assert_eq!(event["data"]["reference_code"], json!("hooked"));
            assert_eq!(event["data"]["delivered_quantity"], json!(3));
            assert!(event["data"].get("vouchers").is_none());
        } else {
            assert_eq!(event["data"]["transaction_id"], order["transaction_id"]);
            assert_eq!((&event["data"]["amount"], &event["data"]["currency"]), (&json!(60.0), &json!("USD")));
        }
        kinds.push(event["type"].as_str().context("no type")?.to_owned());
    }
    kinds.sort();
    assert_eq!(kinds, ["order.delivered", "wallet.debited"]);
    drop(sandbox);
    Ok(())
}

#[test]
fn a_refused_delivery_is_retried_with_the_same_id() -> Result<()> {
    let (sandbox, client, deliveries) = reporting(&["503 Service Unavailable", "200 OK"])?;
    sandbox.next_order(Outcome::Pending);
    order(&client)?;
    let first = next(&deliveries)?;
    let second = next(&deliveries)?;
    assert_eq!(first.header("x-event-id")?, second.header("x-event-id")?);
    assert_eq!(first.body, second.body);
    Ok(())
}

#[test]
fn every_status_of_an_order_is_delivered_without_a_call() -> Result<()> {
    let (sandbox, client, deliveries) = reporting(&["200 OK"; 9])?;
    let (code, reason) = ("X".to_owned(), "none left".to_owned());
    sandbox.next_order(Outcome::PartiallyDelivered(1));
    sandbox.next_order(Outcome::Failed { code, reason, user_fixable: false });
    sandbox.next_order(Outcome::Cancelled);
    for reference in ["a", "b", "c"] {
        let body = json!({ "product_id": 3001, "denomination": 20, "quantity": 3,
                           "client_reference": reference });
        client.post("/api/v1/orders", &body)?;
    }
    sandbox.advance(Duration::from_secs(10));
    let mut seen = Vec::new();
    for _ in 0..9 {
        let event = next(&deliveries)?.json()?;
        seen.push((
            event["type"].as_str().context("no type")?.to_owned(),
            event["data"]["reference_code"].as_str().unwrap_or_default().to_owned(),
        ));
    }
    seen.sort();
    let expected = [
        ("order.cancelled", "c"),
        ("order.delivered", "a"),
        ("order.failed", "b"),
        ("order.partially_delivered", "a"),
        ("wallet.credited", ""),
        ("wallet.credited", ""),
        ("wallet.debited", ""),
        ("wallet.debited", ""),
        ("wallet.debited", ""),
    ];
    let seen: Vec<_> = seen.iter().map(|(kind, order)| (kind.as_str(), order.as_str())).collect();
    assert_eq!(seen, expected);
    Ok(())
}

#[test]
fn webhooks_are_delivered_only_to_loopback() -> Result<()> {
    let sandbox = Sandbox::start()?;
    for url in ["https://127.0.0.1/", "http://example.com/", "not an address", "/hooks"] {
        let error = sandbox.deliver_webhooks_to(url, &Secret::new("s")).err().context("it was accepted")?;
        assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
    }
    Ok(())
}
