//! A slow line: everything is forwarded after a delay, in order, in both directions.
//!
//! Connecting to the relay takes no time, because the kernel accepts over loopback at once. Over a real line, a
//! client may send after one round trip. So the relay treats what a client sends in the first round trip as sent at
//! its end. Each new connection then costs as much as a TCP handshake.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Relay {
    /// Starts a relay that runs until the process ends.
    pub(crate) fn start(server: SocketAddr, delay: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let relay = Relay { address: listener.local_addr()?, connections: Arc::default() };
        let connections = Arc::clone(&relay.connections);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::SeqCst);
                // A failed connection fails its round.
                connect(client, server, delay).ok();
            }
        });
        Ok(relay)
    }

    /// The number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn connect(client: TcpStream, server: SocketAddr, delay: Duration) -> anyhow::Result<()> {
    let now = Instant::now();
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    forward(client.try_clone()?, server.try_clone()?, now + 2 * delay, delay);
    forward(server, client, now, delay);
    Ok(())
}

/// Forwards what arrives, as if it was sent at `open` or later.
fn forward(mut from: TcpStream, mut to: TcpStream, open: Instant, delay: Duration) {
    let (line, arrivals) = channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        // A broken connection ends like a closed one.
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let due = Instant::now().max(open) + delay;
            if line.send((due, buffer.get(..length).unwrap_or_default().to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in arrivals {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        to.shutdown(Shutdown::Write).ok();
    });
}
