//! A network between client and server on which connections die: reset, or silent from one byte to the next.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;
use socket2::SockRef;

/// The network; it takes no more connections once it is dropped.
pub(super) struct Network {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

/// How a connection ends.
#[derive(Clone, Copy)]
enum End {
    /// The request does not arrive, and the client is reset.
    ResetBefore,
    /// The request arrives, and the client is reset.
    ResetAfter,
    /// Nothing arrives any more, and the client is not told.
    Silent,
}

const ENDS: [End; 6] =
    [End::ResetBefore, End::ResetBefore, End::ResetAfter, End::ResetAfter, End::ResetAfter, End::Silent];

impl Network {
    /// A network in front of a server. The same seed kills connections after the same number of requests.
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
        // Wakes the thread that listens.
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

/// Carries so many pieces of requests, and the responses to them.
fn carry(mut client: TcpStream, server: SocketAddr, life: u32, end: End) -> io::Result<()> {
    let mut server = TcpStream::connect(server)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let responses = thread::spawn({
        let (from, to, is_over) = (server.try_clone()?, client.try_clone()?, Arc::clone(&is_over));
        move || respond(from, to, &is_over, end).ok()
    });
    let mut buffer = [0; 16 * 1024];
    for carried in 0.. {
        let count = client.read(&mut buffer)?;
        if carried == life {
            is_over.store(true, Ordering::SeqCst);
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
    if is_over.load(Ordering::SeqCst) && matches!(end, End::Silent) {
        while client.read(&mut buffer)? > 0 {}
    }
    responses.join().ok();
    Ok(())
}

fn respond(mut from: TcpStream, mut to: TcpStream, is_over: &AtomicBool, end: End) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).unwrap_or(0);
        if is_over.load(Ordering::SeqCst) && matches!(end, End::Silent) {
            return Ok(());
        }
        if count == 0 || is_over.load(Ordering::SeqCst) {
            return to.shutdown(Shutdown::Both);
        }
        to.write_all(buffer.get(..count).unwrap_or_default())?;
    }
}
