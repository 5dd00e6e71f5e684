//! The listening socket, which a test can shut and open again on the same port.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Connections the system keeps for us until they are accepted, for a thousand threads that start at once.
const BACKLOG: u32 = 4096;

/// The outside of the door: what the test holds.
pub(super) struct Door {
    orders: UnboundedSender<Order>,
}

struct Order {
    shut: bool,
    done: mpsc::Sender<()>,
}

/// The inside: whoever lets connections in.
pub(super) struct Doorman {
    orders: UnboundedReceiver<Order>,
    address: SocketAddr,
    socket: Socket,
}

enum Socket {
    Open(TcpListener),
    /// Bound without listening: connections are refused, and nobody else can take the port.
    Shut(TcpSocket),
    Lost,
}

impl Door {
    pub(super) fn new() -> (Door, Doorman) {
        let (orders, received) = unbounded_channel();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        (Door { orders }, Doorman { orders: received, address, socket: Socket::Lost })
    }

    /// Returns when it is so.
    pub(super) fn set_shut(&self, shut: bool) {
        let (done, told) = mpsc::channel();
        // A server that is gone answers neither, which is as shut as can be.
        self.orders.send(Order { shut, done }).unwrap_or_default();
        told.recv().unwrap_or_default();
    }
}

impl Doorman {
    /// Starts to listen; says where.
    pub(super) fn open(&mut self) -> io::Result<SocketAddr> {
        let socket = match std::mem::replace(&mut self.socket, Socket::Lost) {
            Socket::Shut(socket) => socket,
            Socket::Open(_) | Socket::Lost => self.bind()?,
        };
        let listener = socket.listen(BACKLOG)?;
        self.address = listener.local_addr()?;
        self.socket = Socket::Open(listener);
        Ok(self.address)
    }

    fn shut(&mut self) -> io::Result<()> {
        self.socket = Socket::Lost;
        self.socket = Socket::Shut(self.bind()?);
        Ok(())
    }

    fn bind(&self) -> io::Result<TcpSocket> {
        let socket = TcpSocket::new_v4()?;
        // Connections of before may still linger on the port.
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        Ok(socket)
    }

    /// The next connection; none once the server stops.
    pub(super) async fn next(&mut self) -> Option<TcpStream> {
        loop {
            match poll_fn(|cx| self.poll(cx)).await {
                Event::Told(None) => return None,
                Event::Told(Some(Order { shut, done })) => {
                    let obeyed = if shut { self.shut() } else { self.open().map(drop) };
                    // Without its port the server is of no use; the test finds it refusing.
                    obeyed.unwrap_or_default();
                    done.send(()).unwrap_or_default();
                }
                Event::Came(Ok(stream)) => return Some(stream),
                // Out of descriptors, for instance: those in use have to come back first.
                Event::Came(Err(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(order) = self.orders.poll_recv(cx) {
            return Poll::Ready(Event::Told(order));
        }
        match &self.socket {
            Socket::Open(listener) => listener.poll_accept(cx).map_ok(|(stream, _)| stream).map(Event::Came),
            Socket::Shut(_) | Socket::Lost => Poll::Pending,
        }
    }
}

enum Event {
    Told(Option<Order>),
    Came(io::Result<TcpStream>),
}
