//! A scripted server on a plain socket, for the answers that no HTTP library would give.

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

pub(crate) use self::message::{ACCESS, REFRESH, Seen, answer, json, read_request, tokens};

pub(crate) const KEY: &str = "k3y-canary-0001";
pub(crate) const PASSWORD: &str = "passw0rd-canary-0002";

/// More than any client may take of one answer, and little enough for a test.
const ENDLESS: u64 = 256 * 1024 * 1024;
/// More connections than any test makes.
const CONNECTIONS: usize = 64;
/// A test that waits for so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the server does once a request has arrived.
pub(crate) enum Answer {
    /// Sends these bytes.
    Keep(Vec<u8>),
    /// Sends these bytes and ends the connection.
    Close(Vec<u8>),
    /// Sends these bytes after a while, and ends the connection.
    Late(Duration, Vec<u8>),
    /// Resets the connection without having read the request.
    Reset,
    /// Says nothing for as long as the client waits.
    Hang,
    /// Sends the first bytes once, and the second again and again for as long as the client takes them.
    Endless(Vec<u8>, Vec<u8>),
    /// Sends what it makes of the request.
    Echo(fn(&Seen) -> Vec<u8>),
}

/// The server; it ends when it is dropped.
pub(crate) struct Peer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
    open: Mutex<HashMap<usize, TcpStream>>,
    ended: Condvar,
    connections: AtomicU64,
    written: AtomicU64,
    stopped: AtomicBool,
}

#[derive(Default)]
struct Script {
    auth: VecDeque<Answer>,
    api: VecDeque<Answer>,
    tokens: u32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Peer {
    /// A server that logs everybody in and gives these answers to other calls, one each.
    pub(crate) fn start(api: impl IntoIterator<Item = Answer>) -> Result<Peer> {
        Peer::with_auth([], api)
    }

    /// The same, with answers of the test's own to the first auth calls.
    pub(crate) fn with_auth(
        auth: impl IntoIterator<Item = Answer>,
        api: impl IntoIterator<Item = Answer>,
    ) -> Result<Peer> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let script = Script { auth: auth.into_iter().collect(), api: api.into_iter().collect(), tokens: 0 };
        let shared = Arc::new(Shared { script: Mutex::new(script), ..Shared::default() });
        let listening = Some(std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.listen(&listener)
        }));
        Ok(Peer { address, shared, listening })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A builder whose two retries come at once.
    pub(crate) fn builder(&self) -> SessionBuilder {
        let quick = Duration::from_millis(1);
        let retry = RetryPolicy::new().retries(2).first_pause(quick).longest_pause(quick);
        Session::builder(&self.url(), Credentials::new(KEY, PASSWORD)).retry(retry)
    }

    pub(crate) fn session(&self) -> Result<Session> {
        Ok(self.builder().build()?)
    }

    /// Every request that came, in the order of arrival.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// The requests that came, logins and refreshes aside.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| !seen.is_auth()).collect()
    }

    /// How many bytes the client's machine has taken of endless answers.
    pub(crate) fn written(&self) -> u64 {
        self.shared.written.load(Ordering::SeqCst)
    }

    /// Waits until no connection is open any more.
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
        // Wakes the thread that listens.
        drop(TcpStream::connect(self.address));
        for stream in lock(&self.shared.open).values() {
            stream.shutdown(Shutdown::Both).ok();
        }
        if let Some(listening) = self.listening.take() {
            listening.join().ok();
        }
    }
}

impl Shared {
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
            let answer = self.next(start.starts_with(b"POST /auth/"));
            if matches!(answer, Answer::Reset) {
                let head = String::from_utf8_lossy(start).into_owned();
                lock(&self.seen).push(Seen { connection, head, body: String::new() });
                // A socket that is closed with bytes unread is reset; this thread must hold the last handle to it.
                lock(&self.open).remove(&connection);
                return Ok(());
            }
            let seen = read_request(&mut stream, connection)?;
            lock(&self.seen).push(seen.clone());
            match answer {
                Answer::Keep(bytes) => stream.write_all(&bytes)?,
                Answer::Close(bytes) => return stream.write_all(&bytes),
                Answer::Late(after, bytes) => {
                    std::thread::sleep(after);
                    return stream.write_all(&bytes);
                }
                Answer::Echo(reply) => stream.write_all(&reply(&seen))?,
                Answer::Hang => return stream.read(&mut [0]).map(drop),
                Answer::Endless(first, again) => return self.pour(&mut stream, &first, &again),
                Answer::Reset => return Ok(()),
            }
        }
    }

    fn next(&self, auth: bool) -> Answer {
        let mut script = lock(&self.script);
        let scripted = if auth { script.auth.pop_front() } else { script.api.pop_front() };
        match scripted {
            Some(answer) => answer,
            None if auth => {
                script.tokens += 1;
                Answer::Keep(json(tokens(script.tokens)))
            }
            None => Answer::Keep(answer("501 Not Implemented", "", "no answer is scripted for this request")),
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
