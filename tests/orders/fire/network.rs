//! A proxy between client and server that breaks connections: it resets them, or goes silent.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;
use socket2::SockRef;

/// The proxy. It accepts no connections after it is dropped.
pub(super) struct Network {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

/// How a connection breaks.
#[derive(Clone, Copy)]
enum End {
    /// The request does not arrive, and the client's connection is reset.
    ResetBefore,
    /// The request arrives, and the client's connection is reset.
    ResetAfter,
    /// Nothing arrives any more, and the connection stays open.
    Silent,
}

const ENDS: [End; 6] =
    [End::ResetBefore, End::ResetBefore, End::ResetAfter, End::ResetAfter, End::ResetAfter, End::Silent];

impl Network {
    /// Starts a proxy in front of a server. The seed decides when and how connections break.
    pub(super) fn start(server: SocketAddr, seed: u64) -> Result<Network> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let listening = thread::spawn({
            let stopped = Arc::clone(&stopped);
            move || listen(&listener, server, seed, &stopped)
        });
        Ok(Network { address, stopped, listening: Some(listening) })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listening thread.
        drop(TcpStream::connect(self.address));
        if let Some(listening) = self.listening.take() {
            listening.join().ok();
        }
    }
}

fn listen(listener: &TcpListener, server: SocketAddr, seed: u64, stopped: &AtomicBool) {
    let mut random = fastrand::Rng::with_seed(seed);
    while let Ok((client, _)) = listener.accept() {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        let (life, end) = (random.u32(10..60), random.choice(ENDS).unwrap_or(End::Silent));
        thread::spawn(move || carry(client, server, life, end).ok());
    }
}

/// Forwards `life` pieces of requests and the responses to them.
fn carry(mut client: TcpStream, server: SocketAddr, life: u32, end: End) -> io::Result<()> {
    let mut server = TcpStream::connect(server)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let is_broken = Arc::new(AtomicBool::new(false));
    let responses = thread::spawn({
        let (from, to, is_broken) = (server.try_clone()?, client.try_clone()?, Arc::clone(&is_broken));
        move || respond(from, to, &is_broken, end).ok()
    });
    let mut buffer = [0; 16 * 1024];
    for carried in 0.. {
        let count = client.read(&mut buffer)?;
        if carried == life {
            is_broken.store(true, Ordering::SeqCst);
            if !matches!(end, End::Silent) {
                SockRef::from(&client).set_linger(Some(Duration::ZERO))?;
            }
            if !matches!(end, End::ResetAfter) {
                break;
            }
        }
        if count == 0 {
            break;
        }
        server.write_all(buffer.get(..count).unwrap_or_default())?;
    }
    server.shutdown(Shutdown::Both)?;
    if is_broken.load(Ordering::SeqCst) && matches!(end, End::Silent) {
        while client.read(&mut buffer)? > 0 {}
    }
    responses.join().ok();
    Ok(())
}

fn respond(mut from: TcpStream, mut to: TcpStream, is_broken: &AtomicBool, end: End) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).unwrap_or(0);
        if is_broken.load(Ordering::SeqCst) && matches!(end, End::Silent) {
            return Ok(());
        }
        if count == 0 || is_broken.load(Ordering::SeqCst) {
            return to.shutdown(Shutdown::Both);
        }
        to.write_all(buffer.get(..count).unwrap_or_default())?;
    }
}
