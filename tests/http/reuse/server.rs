//! A server that serves one connection at a time, over plain HTTP or TLS.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use parking_lot::{Condvar, Mutex};
use popup_rewards::{Credentials, RetryPolicy, Session};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

use super::{COUNTRY, ORDER};
use crate::common::peer::{PATIENCE, json, read_request, tokens};

/// What happens to a connection while another is open.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Second {
    Waits,
    IsReset,
}

/// The behaviour of the server and the settings of the session.
pub(crate) struct Habits {
    pub(crate) tls: Option<&'static SupportedProtocolVersion>,
    pub(crate) second: Second,
    /// Whether the server closes each connection after one response, without announcing it.
    pub(crate) closes: bool,
    pub(crate) retries: u32,
    pub(crate) timeout: Duration,
}

impl Default for Habits {
    fn default() -> Self {
        Habits { tls: None, second: Second::Waits, closes: false, retries: 0, timeout: PATIENCE }
    }
}

/// A server that runs until the process ends, and a session on it.
pub(crate) struct SerialServer {
    pub(crate) session: Session,
    shared: Arc<SerialInner>,
}

#[derive(Default)]
struct SerialInner {
    state: Mutex<SerialState>,
    changed: Condvar,
}

#[derive(Default)]
pub(crate) struct SerialState {
    pub(crate) accepted: usize,
    /// The connection and the request line of each request.
    pub(crate) seen: Vec<(usize, String)>,
    pub(crate) is_busy: bool,
    holds_orders: bool,
    tokens: u32,
}

impl SerialServer {
    /// Starts the server and builds the session.
    pub(crate) fn start(habits: Habits) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = habits.tls.map(|version| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version])?;
            builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)
        });
        let config = config.transpose()?.map(Arc::new);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let scheme = if config.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let quick = Duration::from_millis(1);
        let session = Session::builder(&url, Credentials::new("key", "secret"))
            .root_certificates(made.cert.pem().as_bytes())
            .retry(RetryPolicy::new().retries(habits.retries).first_pause(quick).longest_pause(quick))
            .timeout(habits.timeout)
            .build()?;
        let shared = Arc::<SerialInner>::default();
        let server = SerialServer { session, shared: Arc::clone(&shared) };
        thread::spawn(move || shared.listen(&listener, config, &habits));
        Ok(server)
    }

    /// Waits until the condition is true.
    pub(crate) fn wait_until(&self, is_so: impl Fn(&SerialState) -> bool) -> Result<()> {
        let mut state = self.shared.state.lock();
        self.shared.changed.wait_while_for(&mut state, |state| !is_so(state), PATIENCE);
        ensure!(is_so(&state), "timed out; the server received {:?}", state.seen);
        Ok(())
    }

    /// Delays responses to orders, or releases them.
    pub(crate) fn hold_orders(&self, hold: bool) {
        self.shared.change(|state| state.holds_orders = hold);
    }

    pub(crate) fn lines(&self) -> Vec<(usize, String)> {
        self.shared.state.lock().seen.clone()
    }
}

impl SerialInner {
    fn change<R>(&self, change: impl FnOnce(&mut SerialState) -> R) -> R {
        let result = change(&mut self.state.lock());
        self.changed.notify_all();
        result
    }

    fn listen(self: &Arc<Self>, listener: &TcpListener, tls: Option<Arc<ServerConfig>>, habits: &Habits) {
        let (waiting, accepted) = channel();
        let (shared, closes) = (Arc::clone(self), habits.closes);
        thread::spawn(move || {
            for (number, socket) in accepted {
                // Fails when the client closes the connection, which is not an error here.
                shared.serve(socket, number, tls.clone(), closes).ok();
                shared.change(|state| state.is_busy = false);
            }
        });
        for socket in listener.incoming().flatten() {
            let (number, is_reset) = self.change(|state| {
                let is_reset = habits.second == Second::IsReset && state.is_busy;
                state.is_busy = true;
                state.accepted += 1;
                (state.accepted - 1, is_reset)
            });
            if is_reset {
                // Closing a socket with unread bytes resets it.
                socket.peek(&mut [0]).ok();
            } else {
                waiting.send((number, socket)).ok();
            }
        }
    }

    fn serve(
        &self,
        socket: TcpStream,
        number: usize,
        tls: Option<Arc<ServerConfig>>,
        once: bool,
    ) -> Result<()> {
        socket.set_nodelay(true)?;
        match tls {
            Some(tls) => self.converse(StreamOwned::new(ServerConnection::new(tls)?, socket), number, once),
            None => self.converse(socket, number, once),
        }
    }

    fn converse(&self, mut stream: impl Read + Write, number: usize, once: bool) -> Result<()> {
        loop {
            let line = read_request(&mut stream, number)?.line().to_owned();
            let mut state = self.state.lock();
            state.seen.push((number, line.clone()));
            self.changed.notify_all();
            if line == "POST /api/v1/orders" {
                self.changed.wait_while_for(&mut state, |state| state.holds_orders, PATIENCE);
            }
            let body = match &*line {
                "POST /auth/login" | "POST /auth/refresh" => {
                    state.tokens += 1;
                    tokens(state.tokens)
                }
                "POST /auth/logout" => "{}".to_owned(),
                "POST /api/v1/orders" => ORDER.to_owned(),
                _ => COUNTRY.to_owned(),
            };
            drop(state);
            stream.write_all(&json(body))?;
            stream.flush()?;
            if once {
                return Ok(());
            }
        }
    }
}
