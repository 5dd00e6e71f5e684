//! The socket: accepts connections on a thread of its own and ends with it.

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

use super::door::{Door, Doorman};
use super::funnel;
use super::state::State;
use super::webhooks::{Delivery, deliver_all};

/// The running server. Dropping it closes every connection and ends its thread.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) traffic: Arc<Traffic>,
    pub(super) door: Door,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the handle and the connections tell each other.
#[derive(Default)]
pub(super) struct Traffic {
    pub(super) accepted: AtomicU64,
    pub(super) delivered_events: Arc<AtomicU64>,
    open: Mutex<HashMap<u64, Open>>,
}

/// An open connection, as seen from outside.
struct Open {
    /// Requests being answered on it: none or one.
    busy: Arc<AtomicUsize>,
    /// Closes it. The sender that is passed along is dropped when it is closed.
    close: oneshot::Sender<mpsc::Sender<()>>,
}

/// How often orders are fulfilled without anyone asking, so that webhooks go out.
const TICK: Duration = Duration::from_millis(50);

impl Server {
    pub(super) fn start(state: Arc<Mutex<State>>, events: UnboundedReceiver<Delivery>) -> io::Result<Self> {
        let traffic = Arc::new(Traffic::default());
        let (stop, stopped) = oneshot::channel();
        let (ready, address) = mpsc::channel();
        let (door, doorman) = Door::new();
        let shared = Arc::clone(&traffic);
        // A thread with a runtime of its own can be started from anywhere, from inside another runtime too.
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            let started = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match started {
                Ok(runtime) => {
                    runtime.block_on(run(state, events, shared, doorman, &ready, stopped));
                    runtime.shutdown_background();
                }
                Err(error) => ready.send(Err(error)).unwrap_or_default(),
            }
        })?;
        let address = address.recv().map_err(|_| io::Error::other("the server thread ended"))??;
        Ok(Server { address, traffic, door, stop: Some(stop), thread: Some(thread) })
    }

    /// Closes the connections nobody waits on, and returns when they are closed.
    pub(super) fn close_idle(&self) {
        let (closed, all_closed) = mpsc::channel();
        let mut open = self.traffic.open.lock();
        let idle = open.extract_if(|_, connection| connection.busy.load(Ordering::SeqCst) == 0);
        for (_, connection) in idle {
            // A connection that ended by itself takes no message, which is as good.
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
            // A panic over there has been reported already; a second one here would abort the test.
            thread.join().unwrap_or_default();
        }
    }
}

async fn run(
    state: Arc<Mutex<State>>,
    events: UnboundedReceiver<Delivery>,
    traffic: Arc<Traffic>,
    mut doorman: Doorman,
    ready: &mpsc::Sender<io::Result<SocketAddr>>,
    stopped: oneshot::Receiver<()>,
) {
    let address = match doorman.open() {
        Ok(address) => address,
        Err(error) => return ready.send(Err(error)).unwrap_or_default(),
    };
    let clock = state.lock().clock.clone();
    tokio::spawn(deliver_all(events, clock, Arc::clone(&traffic.delivered_events)));
    tokio::spawn(tick(Arc::clone(&state)));
    tokio::spawn(async move {
        while let Some(stream) = doorman.next().await {
            tokio::spawn(serve(stream, Arc::clone(&state), Arc::clone(&traffic)));
        }
    });
    ready.send(Ok(address)).unwrap_or_default();
    // Either end of the channel gone means stop; the tasks go with the runtime.
    stopped.await.unwrap_or_default();
}

async fn tick(state: Arc<Mutex<State>>) {
    loop {
        tokio::time::sleep(TICK).await;
        state.lock().settle();
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>, traffic: Arc<Traffic>) {
    let number = traffic.accepted.fetch_add(1, Ordering::Relaxed);
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let busy = Arc::new(AtomicUsize::new(0));
    let (close, mut closing) = oneshot::channel::<mpsc::Sender<()>>();
    traffic.open.lock().insert(number, Open { busy: Arc::clone(&busy), close });
    let service = service_fn(|request| {
        let (state, busy) = (Arc::clone(&state), Busy::new(&busy));
        async move {
            let answer = funnel::answer(state, request).await;
            drop(busy);
            answer
        }
    });
    let mut http = http1::Builder::new();
    http.auto_date_header(false).header_read_timeout(None);
    {
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let mut told = None;
        poll_fn(|cx| {
            if told.is_none()
                && let Poll::Ready(closed) = Pin::new(&mut closing).poll(cx)
            {
                connection.as_mut().graceful_shutdown();
                told = Some(closed);
            }
            // How it ended is the client's concern: closing it badly is what many faults are for.
            connection.as_mut().poll(cx).map(drop)
        })
        .await;
        traffic.open.lock().remove(&number);
    }
}

/// Marks a connection as busy while it lives, however the answer ends.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn new(busy: &Arc<AtomicUsize>) -> Self {
        busy.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(busy))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
