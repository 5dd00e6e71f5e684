//! A scripted server on a plain socket, for responses that no HTTP library would send.

mod message;

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, ensure};
use popup_rewards::{Credentials, RetryPolicy, Session, SessionBuilder};

pub(crate) use self::message::{ACCESS, REFRESH, RawRequest, json, read_request, response, tokens};

pub(crate) const KEY: &str = "k3y-canary-0001";
pub(crate) const PASSWORD: &str = "passw0rd-canary-0002";

/// The server stops an endless response here. No client may read this much.
const ENDLESS: u64 = 256 * 1024 * 1024;
/// More connections than any test opens.
const CONNECTIONS: usize = 64;
/// A test that waits this long fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What the server does when a request arrives.
pub(crate) enum Step {
    /// Sends these bytes.
    Keep(Vec<u8>),
    /// Sends these bytes and closes the connection.
    Close(Vec<u8>),
    /// Waits, sends these bytes and closes the connection.
    Late(Duration, Vec<u8>),
    /// Resets the connection without reading the request.
    Reset,
    /// Sends nothing for as long as the client waits.
    Hang,
    /// Sends the first bytes once, then repeats the second for as long as the client reads.
    Endless(Vec<u8>, Vec<u8>),
    /// Sends what the function makes of the request.
    Echo(fn(&RawRequest) -> Vec<u8>),
}

/// The server. It stops when it is dropped.
pub(crate) struct Peer {
    address: SocketAddr,
    shared: Arc<PeerInner>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct PeerInner {
    script: Mutex<Script>,
    seen: Mutex<Vec<RawRequest>>,
    open: Mutex<HashMap<usize, TcpStream>>,
    ended: Condvar,
    connections: AtomicU64,
    written: AtomicU64,
    stopped: AtomicBool,
}

#[derive(Default)]
struct Script {
    auth: VecDeque<Step>,
    api: VecDeque<Step>,
    tokens: u32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Peer {
    /// Starts a server that accepts every login and takes one step of `api` per other call.
    pub(crate) fn start(api: impl IntoIterator<Item = Step>) -> Result<Peer> {
        Peer::with_auth([], api)
    }

    /// Like [`start`](Peer::start), but takes the steps of `auth` for the first auth calls.
    pub(crate) fn with_auth(
        auth: impl IntoIterator<Item = Step>,
        api: impl IntoIterator<Item = Step>,
    ) -> Result<Peer> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let script = Script { auth: auth.into_iter().collect(), api: api.into_iter().collect(), tokens: 0 };
        let shared = Arc::new(PeerInner { script: Mutex::new(script), ..PeerInner::default() });
        let listening = Some(std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.listen(&listener)
        }));
        Ok(Peer { address, shared, listening })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns a builder of a session with two retries and hardly any backoff.
    pub(crate) fn builder(&self) -> SessionBuilder {
        let quick = Duration::from_millis(1);
        let retry = RetryPolicy::new().retries(2).first_pause(quick).longest_pause(quick);
        Session::builder(&self.url(), Credentials::new(KEY, PASSWORD)).retry(retry)
    }

    pub(crate) fn session(&self) -> Result<Session> {
        Ok(self.builder().build()?)
    }

    /// Returns every request in the order of arrival.
    pub(crate) fn requests(&self) -> Vec<RawRequest> {
        lock(&self.shared.seen).clone()
    }

    /// Returns the requests that are not auth calls.
    pub(crate) fn calls(&self) -> Vec<RawRequest> {
        self.requests().into_iter().filter(|seen| !seen.is_auth()).collect()
    }

    /// Returns the number of bytes of endless responses that the client's machine has accepted.
    pub(crate) fn written(&self) -> u64 {
        self.shared.written.load(Ordering::SeqCst)
    }

    /// Waits until all connections are closed.
    pub(crate) fn wait_until_all_are_closed(&self) -> Result<()> {
        let open = lock(&self.shared.open);
        let waited = self.shared.ended.wait_timeout_while(open, PATIENCE, |open| !open.is_empty());
        let (open, _) = waited.unwrap_or_else(PoisonError::into_inner);
        ensure!(open.is_empty(), "{} connections are still open", open.len());
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the listening thread.
        drop(TcpStream::connect(self.address));
        for stream in lock(&self.shared.open).values() {
            stream.shutdown(Shutdown::Both).ok();
        }
        if let Some(listening) = self.listening.take() {
            listening.join().ok();
        }
    }
}

impl PeerInner {
    fn listen(self: &Arc<Self>, listener: &TcpListener) {
        let mut serving = Vec::new();
        for connection in 0..CONNECTIONS {
            let Ok((stream, _)) = listener.accept() else { break };
            if self.stopped.load(Ordering::SeqCst) {
                break;
            }
            let Ok(clone) = stream.try_clone() else { break };
            lock(&self.open).insert(connection, clone);
            let shared = Arc::clone(self);
            serving.push(std::thread::spawn(move || {
                shared.serve(stream, connection).ok();
                lock(&shared.open).remove(&connection);
                shared.ended.notify_all();
            }));
        }
        for thread in serving {
            thread.join().ok();
        }
    }

    fn serve(&self, mut stream: TcpStream, connection: usize) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        loop {
            let mut start = [0; 2048];
            let length = stream.peek(&mut start)?;
            let start = start.get(..length).unwrap_or_default();
            if start.is_empty() {
                return Ok(());
            }
            let step = self.next(start.starts_with(b"POST /auth/"));
            if matches!(step, Step::Reset) {
                let head = String::from_utf8_lossy(start).into_owned();
                lock(&self.seen).push(RawRequest { connection, head, body: String::new() });
                // Closing a socket with unread bytes resets it. This thread must hold its last handle.
                lock(&self.open).remove(&connection);
                return Ok(());
            }
            let seen = read_request(&mut stream, connection)?;
            lock(&self.seen).push(seen.clone());
            match step {
                Step::Keep(bytes) => stream.write_all(&bytes)?,
                Step::Close(bytes) => return stream.write_all(&bytes),
                Step::Late(after, bytes) => {
                    std::thread::sleep(after);
                    return stream.write_all(&bytes);
                }
                Step::Echo(reply) => stream.write_all(&reply(&seen))?,
                Step::Hang => return stream.read(&mut [0]).map(drop),
                Step::Endless(first, again) => return self.pour(&mut stream, &first, &again),
                Step::Reset => return Ok(()),
            }
        }
    }

    fn next(&self, auth: bool) -> Step {
        let mut script = lock(&self.script);
        let scripted = if auth { script.auth.pop_front() } else { script.api.pop_front() };
        match scripted {
            Some(step) => step,
            None if auth => {
                script.tokens += 1;
                Step::Keep(json(tokens(script.tokens)))
            }
            None => {
                Step::Keep(response("501 Not Implemented", "", "no response is scripted for this request"))
            }
        }
    }

    fn pour(&self, stream: &mut TcpStream, first: &[u8], again: &[u8]) -> io::Result<()> {
        stream.write_all(first)?;
        while self.written.load(Ordering::SeqCst) < ENDLESS {
            let taken = stream.write(again)?;
            self.written.fetch_add(u64::try_from(taken).unwrap_or(u64::MAX), Ordering::SeqCst);
        }
        Ok(())
    }
}
