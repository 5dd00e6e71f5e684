//! Receives webhooks: verifies each delivery, responds at once, and then processes each event exactly once.
//!
//! Without configuration, it sends itself a few deliveries, prints the results, and ends:
//!
//! ```text
//! cargo run --example receive_webhook
//! ```
//!
//! With `WEBHOOK_SECRET`, it serves on `WEBHOOK_ADDRESS` (default 127.0.0.1:8080) until it is stopped. Put an HTTPS
//! reverse proxy in front that forwards the body unchanged.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::{HashSet, VecDeque};
use std::env;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use parking_lot::Mutex;
use popup_rewards::webhook::{self, Event, EventKind};
use popup_rewards::{ClientReference, ErrorKind, Secret};
use time::OffsetDateTime;

const LONGEST_HEAD: usize = 16 * 1024;
const LONGEST_BODY: usize = 256 * 1024;
/// How long a client may take to send its request.
const PATIENCE: Duration = Duration::from_secs(5);
const MOST_CONNECTIONS: usize = 64;
/// How many event ids are kept in memory. A receiver that restarts keeps them in its database.
const MOST_IDS: usize = 100_000;

fn main() -> anyhow::Result<()> {
    match env::var("WEBHOOK_SECRET") {
        Ok(secret) => {
            // A secret from a file usually ends with a line break.
            let secret = secret.trim();
            anyhow::ensure!(!secret.is_empty(), "WEBHOOK_SECRET is empty");
            let address = env::var("WEBHOOK_ADDRESS").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
            let listener =
                TcpListener::bind(&address).with_context(|| format!("cannot listen on {address}"))?;
            println!("waiting for deliveries on {address}");
            run(&listener, Secret::new(secret), usize::MAX);
            Ok(())
        }
        Err(env::VarError::NotPresent) => show(),
        Err(_) => anyhow::bail!("WEBHOOK_SECRET is not valid Unicode"),
    }
}

/// Accepts this many connections, and returns when the last event is processed.
fn run(listener: &TcpListener, secret: Secret, connections: usize) {
    let (queue, events) = mpsc::sync_channel(1_000);
    let inbox = Inbox { secret, queue, seen: Mutex::default(), open: AtomicUsize::new(0) };
    let worker = thread::spawn(move || work(&events));
    thread::scope(|scope| {
        for stream in listener.incoming().take(connections).flatten() {
            // Beyond the limit, the connection is dropped without a response, and the delivery comes again.
            if inbox.open.fetch_add(1, Ordering::Relaxed) < MOST_CONNECTIONS {
                scope.spawn(|| inbox.respond(stream));
            } else {
                inbox.open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    });
    // The worker ends when the queue is empty and its senders are dropped.
    drop(inbox);
    if worker.join().is_err() {
        println!("the worker panicked");
    }
}

/// The slow part, after the response. A real program calls `session.get_order(order.order_id)` here.
fn work(events: &Receiver<Event>) {
    for event in events {
        match event.kind {
            EventKind::OrderDelivered(order) | EventKind::OrderPartiallyDelivered(order) => {
                println!("  worker: order {} has codes to fetch", order.order_id);
            }
            EventKind::OrderFailed(order) | EventKind::OrderCancelled(order) => {
                println!("  worker: order {} failed, notify the customer", order.order_id);
            }
            EventKind::WalletCredited(_) | EventKind::WalletDebited(_) => {
                println!("  worker: a wallet changed, fetch its balance");
            }
            EventKind::Unknown { name, .. } => println!("  worker: nothing to do for {name}"),
            _ => println!("  worker: nothing to do"),
        }
    }
}

/// A status and its reason, for our own log. The sender gets only the status.
type Reply = (u16, String);

struct Inbox {
    secret: Secret,
    queue: SyncSender<Event>,
    seen: Mutex<Seen>,
    open: AtomicUsize,
}

impl Inbox {
    fn respond(&self, mut stream: TcpStream) {
        let (status, reason) = match read_request(&mut stream) {
            Ok(request) => self.accept(&request),
            Err(refusal) => refusal,
        };
        println!("  receiver: {status}, {reason}");
        let head = format!("HTTP/1.1 {status} \r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        if stream.write_all(head.as_bytes()).is_err() {
            println!("  receiver: the sender disconnected before the response");
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    fn accept(&self, request: &Request) -> Reply {
        match webhook::verify(&request.body, &request.headers, &self.secret, OffsetDateTime::now_utc()) {
            Ok(event) => self.enqueue(event),
            Err(error) if error.kind() == ErrorKind::Unauthorized => (401, error.to_string()),
            Err(error) => (400, error.to_string()),
        }
    }

    fn enqueue(&self, event: Event) -> Reply {
        let id = event.id.clone();
        let mut seen = self.seen.lock();
        if seen.ids.contains(&id) {
            return (200, format!("{id} is a repeat"));
        }
        // Keeps the id only if the event fits into the queue. Otherwise the delivery has to come again.
        if self.queue.try_send(event).is_err() {
            return (503, "the queue is full".to_owned());
        }
        seen.remember(&id);
        (200, format!("{id} is queued"))
    }
}

/// The ids of the latest events.
#[derive(Default)]
struct Seen {
    ids: HashSet<String>,
    oldest_first: VecDeque<String>,
}

impl Seen {
    fn remember(&mut self, id: &str) {
        if self.oldest_first.len() >= MOST_IDS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.ids.insert(id.to_owned());
        self.oldest_first.push_back(id.to_owned());
    }
}

type Headers = Vec<(String, Vec<u8>)>;

struct Request {
    headers: Headers,
    body: Vec<u8>,
}

/// Reads one request, within a limit of size and time.
fn read_request(stream: &mut TcpStream) -> Result<Request, Reply> {
    let until = Instant::now() + PATIENCE;
    let mut received = Vec::new();
    let (head_length, headers) = loop {
        if let Some(head) = parse_head(&received)? {
            break head;
        }
        if received.len() > LONGEST_HEAD {
            return Err((431, "the head is too long".to_owned()));
        }
        read_more(stream, &mut received, until)?;
    };
    let length = body_length(&headers)?;
    let mut body = received.split_off(head_length);
    while body.len() < length {
        read_more(stream, &mut body, until)?;
    }
    body.truncate(length);
    Ok(Request { headers, body })
}

/// The length of the head and its headers; `None` while it is incomplete.
fn parse_head(received: &[u8]) -> Result<Option<(usize, Headers)>, Reply> {
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut slots);
    match head.parse(received) {
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete(_)) if head.method != Some("POST") => {
            Err((405, "deliveries are POST requests".to_owned()))
        }
        Ok(httparse::Status::Complete(length)) => {
            let headers = head.headers.iter().map(|header| (header.name.to_owned(), header.value.to_vec()));
            Ok(Some((length, headers.collect())))
        }
        Err(_) => Err((400, "that is not HTTP".to_owned())),
    }
}

fn body_length(headers: &[(String, Vec<u8>)]) -> Result<usize, Reply> {
    let mut lengths = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (Some((_, length)), None) = (lengths.next(), lengths.next()) else {
        return Err((411, "the body has no length".to_owned()));
    };
    match std::str::from_utf8(length).ok().and_then(|length| length.trim().parse().ok()) {
        Some(length) if length <= LONGEST_BODY => Ok(length),
        Some(_) => Err((413, "the body is too long".to_owned())),
        None => Err((400, "the length of the body is not a number".to_owned())),
    }
}

fn read_more(stream: &mut TcpStream, received: &mut Vec<u8>, until: Instant) -> Result<(), Reply> {
    let too_slow = || (408, "the request did not come in time".to_owned());
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(too_slow());
    }
    let mut chunk = [0; 4096];
    match stream.set_read_timeout(Some(left)).and_then(|()| stream.read(&mut chunk)) {
        Ok(0) => Err((400, "the request was cut off".to_owned())),
        Ok(length) => {
            received.extend(chunk.iter().take(length));
            Ok(())
        }
        Err(_) => Err(too_slow()),
    }
}

/// Acts as the server: sends a few deliveries over loopback, good and bad.
fn show() -> anyhow::Result<()> {
    // A reference has 128 random bits, which makes a good secret.
    let secret = Secret::new(ClientReference::generate().as_str());
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let event = |id: &str, name: &str, data: &str| {
        format!(r#"{{"id":"{id}","type":"{name}","created_at":"2031-03-02T10:05:00Z","data":{data}}}"#)
    };
    let delivered =
        event("evt_1", "order.delivered", r#"{"id":88101,"reference_code":"ord-5f1c","quantity":2}"#);
    let failed = event("evt_2", "order.failed", r#"{"id":88102,"status":"FAILED"}"#);
    let unknown = event("evt_3", "topup.completed", "{}");
    let signed = |body: &str| webhook::sign(body.as_bytes(), &secret);
    let deliveries = [
        ("an order is delivered", &delivered, signed(&delivered), now),
        ("the same event again", &delivered, signed(&delivered), now),
        ("an order has failed", &failed, signed(&failed), now),
        ("an event of a later version", &unknown, signed(&unknown), now),
        ("a forgery: the signature of another body", &failed, signed(&delivered), now),
        ("a recording, played back an hour later", &failed, signed(&failed), now - 3_600),
    ];

    let connections = deliveries.len();
    let receiver = {
        let secret = secret.clone();
        thread::spawn(move || run(&listener, secret, connections))
    };
    for (what, body, signature, timestamp) in &deliveries {
        println!("{what}");
        let status = deliver(address, body, signature, *timestamp)?;
        println!("  sender: got {status}");
    }
    receiver.join().map_err(|_| anyhow::anyhow!("the receiver panicked"))
}

fn deliver(address: SocketAddr, body: &str, signature: &str, timestamp: i64) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "POST /webhooks HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         X-Signature: {signature}\r\nX-Timestamp: {timestamp}\r\n\r\n{body}"
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    response.split(' ').nth(1).map(str::to_owned).context("the receiver did not respond in HTTP")
}
