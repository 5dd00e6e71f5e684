//! Signs webhook events and posts them to the test's receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::clock::SandboxClock;
use crate::{Error, Secret, webhook};

/// Queues events for the delivery task.
pub(super) struct Outbox {
    subscriptions: Vec<Arc<Subscription>>,
    sender: UnboundedSender<Delivery>,
    events: u64,
}

struct Subscription {
    id: usize,
    /// Host and port, as sent in the `Host` header.
    authority: String,
    path: String,
    secret: Secret,
}

/// One event for one subscriber.
pub(super) struct Delivery {
    subscription: Arc<Subscription>,
    event_id: String,
    event_type: String,
    body: Vec<u8>,
}

const MAX_ATTEMPTS: u32 = 6;

/// Per attempt.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A response on a connection that stays open counts as complete after this long without data.
const IDLE_TIMEOUT: Duration = Duration::from_millis(50);

/// In bytes. The rest of a longer response is not read.
const MAX_RESPONSE: usize = 1 << 16;

impl Outbox {
    pub(super) fn new() -> (Self, UnboundedReceiver<Delivery>) {
        let (sender, receiver) = unbounded_channel();
        (Outbox { subscriptions: Vec::new(), sender, events: 0 }, receiver)
    }

    pub(super) fn subscribe(&mut self, url: &str, secret: Secret) -> crate::Result<()> {
        let not_local = || {
            Error::configuration(
                "the webhook URL is not plain HTTP to this machine; use http://127.0.0.1:<port>/<path>",
            )
        };
        let uri: http::Uri = url.parse().map_err(|_| not_local())?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(not_local)?;
        if !["127.0.0.1", "[::1]", "localhost"].contains(&authority.host()) {
            return Err(not_local());
        }
        let authority = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let id = self.subscriptions.len() + 1;
        self.subscriptions.push(Arc::new(Subscription { id, authority, path, secret }));
        Ok(())
    }

    /// Queues an event for every subscriber.
    pub(super) fn push(&mut self, event_type: &str, created_at: String, data: &impl Serialize) {
        #[derive(Serialize)]
        struct EventBody<'a, T> {
            id: &'a str,
            r#type: &'a str,
            created_at: String,
            data: &'a T,
        }
        if self.subscriptions.is_empty() {
            return;
        }
        self.events += 1;
        let id = format!("evt_{:08}", self.events);
        let event = EventBody { id: &id, r#type: event_type, created_at, data };
        let body = serde_json::to_vec(&event).unwrap_or_default();
        for subscription in &self.subscriptions {
            let delivery = Delivery {
                subscription: Arc::clone(subscription),
                event_id: id.clone(),
                event_type: event_type.to_owned(),
                body: body.clone(),
            };
            // Sending fails only while the sandbox is being dropped.
            self.sender.send(delivery).unwrap_or_default();
        }
    }
}

/// Delivers events until the sandbox is dropped. Each has its own task, because a slow receiver must not delay
/// the others.
pub(super) async fn deliver_all(
    mut deliveries: UnboundedReceiver<Delivery>,
    clock: SandboxClock,
    delivered: Arc<AtomicU64>,
) {
    while let Some(delivery) = deliveries.recv().await {
        let (clock, delivered) = (clock.clone(), Arc::clone(&delivered));
        tokio::spawn(async move {
            for attempt in 0..MAX_ATTEMPTS {
                if matches!(timeout(TIMEOUT, delivery.send(&clock)).await, Ok(Ok(200..=299))) {
                    delivered.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100) * 2_u32.pow(attempt)).await;
            }
        });
    }
}

impl Delivery {
    /// Posts the event over a new connection and returns the response status.
    async fn send(&self, clock: &SandboxClock) -> std::io::Result<u16> {
        let Subscription { id, authority, path, secret } = &*self.subscription;
        let signature = webhook::sign(&self.body, secret);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: popup-rewards-sandbox\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\
             X-Signature: {signature}\r\nX-Timestamp: {timestamp}\r\nX-Event-ID: {event_id}\r\n\
             X-Event-Type: {event_type}\r\nX-Webhook-ID: {id}\r\n\r\n",
            length = self.body.len(),
            timestamp = clock.now().unix_timestamp(),
            event_id = self.event_id,
            event_type = self.event_type,
        );
        let mut connection = TcpStream::connect(authority.as_str()).await?;
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(&self.body).await?;
        read_status(&mut connection).await
    }
}

/// Reads the response and returns its status.
///
/// It reads until the receiver closes the connection or stops sending. Closing a connection with unread data
/// would reset it, and the receiver would see a network error.
async fn read_status(connection: &mut TcpStream) -> std::io::Result<u16> {
    let mut chunk = [0; 4096];
    let mut response = Vec::new();
    let mut length = connection.read(&mut chunk).await?;
    while length > 0 && response.len() < MAX_RESPONSE {
        response.extend_from_slice(chunk.get(..length).unwrap_or_default());
        length = timeout(IDLE_TIMEOUT, connection.read(&mut chunk)).await.unwrap_or(Ok(0))?;
    }
    let response = String::from_utf8_lossy(&response);
    let status = response.split(' ').nth(1).map(str::parse);
    status.and_then(Result::ok).ok_or_else(|| std::io::Error::other("no HTTP status"))
}
