//! The server thread: accepts connections and serves them.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::listener::{Listener, ListenerHandle};
use super::pipeline;
use super::server_state::ServerState;
use super::webhooks::{Delivery, deliver_all};

/// Dropping the server closes every connection and ends its thread.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) traffic: Arc<Traffic>,
    pub(super) listener: ListenerHandle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Shared between the test's handle and the server thread.
#[derive(Default)]
pub(super) struct Traffic {
    pub(super) accepted: AtomicU64,
    pub(super) delivered_webhooks: Arc<AtomicU64>,
    open: Mutex<HashMap<u64, OpenConnection>>,
}

struct OpenConnection {
    /// How many requests are in progress: zero or one.
    busy: Arc<AtomicUsize>,
    /// Closes the connection. The connection task drops the sender it receives here once that is done.
    close: oneshot::Sender<mpsc::Sender<()>>,
}

/// How often due orders are fulfilled in the background, which sends their webhooks.
const SETTLE_INTERVAL: Duration = Duration::from_millis(50);

impl Server {
    pub(super) fn start(
        state: Arc<Mutex<ServerState>>,
        deliveries: UnboundedReceiver<Delivery>,
    ) -> io::Result<Self> {
        let traffic = Arc::new(Traffic::default());
        let (stop, stopped) = oneshot::channel();
        let (ready, address) = mpsc::channel();
        let (handle, listener) = ListenerHandle::new();
        let shared = Arc::clone(&traffic);
        // `block_on` panics inside another async runtime. In a new thread it always works.
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            let started = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match started {
                Ok(runtime) => {
                    runtime.block_on(run(state, deliveries, shared, listener, &ready, stopped));
                    runtime.shutdown_background();
                }
                Err(error) => ready.send(Err(error)).unwrap_or_default(),
            }
        })?;
        let address = address.recv().map_err(|_| io::Error::other("the server thread ended"))??;
        Ok(Server { address, traffic, listener: handle, stop: Some(stop), thread: Some(thread) })
    }

    /// Closes the idle connections. Returns once they are closed.
    pub(super) fn close_idle(&self) {
        let (closed, all_closed) = mpsc::channel();
        let mut open = self.traffic.open.lock();
        let idle = open.extract_if(|_, connection| connection.busy.load(Ordering::SeqCst) == 0);
        for (_, connection) in idle {
            // Sending fails if the connection has already ended.
            connection.close.send(closed.clone()).unwrap_or_default();
        }
        drop(open);
        drop(closed);
        while all_closed.recv().is_ok() {}
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread's panic is already reported. A second one here would abort the test.
            thread.join().unwrap_or_default();
        }
    }
}

async fn run(
    state: Arc<Mutex<ServerState>>,
    deliveries: UnboundedReceiver<Delivery>,
    traffic: Arc<Traffic>,
    mut listener: Listener,
    ready: &mpsc::Sender<io::Result<SocketAddr>>,
    stopped: oneshot::Receiver<()>,
) {
    let address = match listener.open() {
        Ok(address) => address,
        Err(error) => return ready.send(Err(error)).unwrap_or_default(),
    };
    let clock = state.lock().clock.clone();
    tokio::spawn(deliver_all(deliveries, clock, Arc::clone(&traffic.delivered_webhooks)));
    tokio::spawn(settle_periodically(Arc::clone(&state)));
    tokio::spawn(async move {
        while let Some(stream) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&state), Arc::clone(&traffic)));
        }
    });
    ready.send(Ok(address)).unwrap_or_default();
    // Completes when `Server` drops the sender. The runtime then drops the tasks.
    stopped.await.unwrap_or_default();
}

async fn settle_periodically(state: Arc<Mutex<ServerState>>) {
    loop {
        tokio::time::sleep(SETTLE_INTERVAL).await;
        state.lock().settle();
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<ServerState>>, traffic: Arc<Traffic>) {
    let number = traffic.accepted.fetch_add(1, Ordering::Relaxed);
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let busy = Arc::new(AtomicUsize::new(0));
    let (close, mut closing) = oneshot::channel::<mpsc::Sender<()>>();
    traffic.open.lock().insert(number, OpenConnection { busy: Arc::clone(&busy), close });
    let service = service_fn(|request| {
        let (state, busy) = (Arc::clone(&state), BusyGuard::new(&busy));
        async move {
            let response = pipeline::respond(state, request).await;
            drop(busy);
            response
        }
    });
    let mut http = http1::Builder::new();
    http.auto_date_header(false).header_read_timeout(None);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut closed = None;
    poll_fn(|cx| {
        if closed.is_none()
            && let Poll::Ready(sender) = Pin::new(&mut closing).poll(cx)
        {
            connection.as_mut().graceful_shutdown();
            closed = Some(sender);
        }
        // Errors are ignored here: many faults break the connection on purpose.
        connection.as_mut().poll(cx).map(drop)
    })
    .await;
    traffic.open.lock().remove(&number);
}

/// Marks a connection as busy until it is dropped. That covers aborted requests too.
struct BusyGuard(Arc<AtomicUsize>);

impl BusyGuard {
    fn new(busy: &Arc<AtomicUsize>) -> Self {
        busy.fetch_add(1, Ordering::SeqCst);
        BusyGuard(Arc::clone(busy))
    }
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
