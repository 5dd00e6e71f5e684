//! Events, signed and posted to where the test listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ring::hmac;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::clock::SandboxClock;
use super::wire::hex;
use crate::{Error, Secret};

/// Where events are left for the task that delivers them.
pub(super) struct Outbox {
    subscriptions: Vec<Arc<Subscription>>,
    sender: UnboundedSender<Delivery>,
    events: u64,
}

struct Subscription {
    id: usize,
    /// Host and port, as the `Host` header has them.
    authority: String,
    path: String,
    secret: Secret,
}

/// One event for one subscriber.
pub(super) struct Delivery {
    to: Arc<Subscription>,
    id: String,
    kind: &'static str,
    body: Vec<u8>,
}

/// How often an event is sent before the sandbox gives up.
const ATTEMPTS: u32 = 6;

/// How long a receiver has to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long nothing comes once an answer is over.
const SILENCE: Duration = Duration::from_millis(50);

/// How much of an answer is read, in bytes.
const LONGEST_ANSWER: usize = 1 << 16;

impl Outbox {
    pub(super) fn new() -> (Self, UnboundedReceiver<Delivery>) {
        let (sender, receiver) = unbounded_channel();
        (Outbox { subscriptions: Vec::new(), sender, events: 0 }, receiver)
    }

    pub(super) fn subscribe(&mut self, url: &str, secret: Secret) -> crate::Result<()> {
        let refused =
            || Error::configuration("webhooks go to http://127.0.0.1:<port>/<path> or localhost only");
        let uri: http::Uri = url.parse().map_err(|_| refused())?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(refused)?;
        if !["127.0.0.1", "[::1]", "localhost"].contains(&authority.host()) {
            return Err(refused());
        }
        let authority = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let id = self.subscriptions.len() + 1;
        self.subscriptions.push(Arc::new(Subscription { id, authority, path, secret }));
        Ok(())
    }

    /// Leaves an event for every subscriber.
    pub(super) fn push(&mut self, kind: &'static str, created_at: String, data: &impl Serialize) {
        #[derive(Serialize)]
        struct Event<'a, T> {
            id: &'a str,
            r#type: &'static str,
            created_at: String,
            data: &'a T,
        }
        if self.subscriptions.is_empty() {
            return;
        }
        self.events += 1;
        let id = format!("evt_{:08}", self.events);
        let event = Event { id: &id, r#type: kind, created_at, data };
        let body = serde_json::to_vec(&event).unwrap_or_default();
        for to in &self.subscriptions {
            let delivery = Delivery { to: Arc::clone(to), id: id.clone(), kind, body: body.clone() };
            // The receiver is gone only while the sandbox is being dropped.
            self.sender.send(delivery).unwrap_or_default();
        }
    }
}

/// Delivers events until the sandbox goes; each in a task of its own, so that a slow receiver delays no other.
pub(super) async fn deliver_all(
    mut events: UnboundedReceiver<Delivery>,
    clock: SandboxClock,
    delivered: Arc<AtomicU64>,
) {
    while let Some(event) = events.recv().await {
        let (clock, delivered) = (clock.clone(), Arc::clone(&delivered));
        tokio::spawn(async move {
            for attempt in 0..ATTEMPTS {
                if matches!(timeout(PATIENCE, event.send(&clock)).await, Ok(Ok(200..=299))) {
                    delivered.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100) * 2_u32.pow(attempt)).await;
            }
        });
    }
}

impl Delivery {
    /// Posts the event over a connection of its own; returns the status.
    async fn send(&self, clock: &SandboxClock) -> std::io::Result<u16> {
        let Subscription { id, authority, path, secret } = &*self.to;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let signature = hex(hmac::sign(&key, &self.body).as_ref());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: popup-rewards-sandbox\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\
             X-Signature: {signature}\r\nX-Timestamp: {timestamp}\r\nX-Event-ID: {event}\r\n\
             X-Event-Type: {kind}\r\nX-Webhook-ID: {id}\r\n\r\n",
            length = self.body.len(),
            timestamp = clock.now().unix_timestamp(),
            event = self.id,
            kind = self.kind,
        );
        let mut connection = TcpStream::connect(authority.as_str()).await?;
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(&self.body).await?;
        status(&mut connection).await
    }
}

/// Reads the answer as far as it comes by itself, and returns its status.
///
/// A receiver may keep the connection open, so silence ends the answer as well. What is left unread when a
/// connection is closed would look like a broken connection over there.
async fn status(connection: &mut TcpStream) -> std::io::Result<u16> {
    let mut piece = [0; 4096];
    let mut answer = Vec::new();
    let mut length = connection.read(&mut piece).await?;
    while length > 0 && answer.len() < LONGEST_ANSWER {
        answer.extend_from_slice(piece.get(..length).unwrap_or_default());
        length = timeout(SILENCE, connection.read(&mut piece)).await.unwrap_or(Ok(0))?;
    }
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).map(str::parse);
    status.and_then(Result::ok).ok_or_else(|| std::io::Error::other("not an HTTP answer"))
}
