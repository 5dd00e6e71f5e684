//! The listening socket, which a test can close and reopen on the same port.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Connections the kernel queues until they are accepted. Large enough for a thousand threads that start at once.
const BACKLOG: u32 = 4096;

/// Controls the listener from the test's thread.
pub(super) struct ListenerHandle {
    commands: UnboundedSender<ListenerCommand>,
}

struct ListenerCommand {
    refuse: bool,
    done: mpsc::Sender<()>,
}

pub(super) struct Listener {
    commands: UnboundedReceiver<ListenerCommand>,
    address: SocketAddr,
    state: ListenerState,
}

enum ListenerState {
    Listening(TcpListener),
    /// Bound but not listening: connections are refused, and no other process can take the port.
    Refusing(TcpSocket),
    Closed,
}

impl ListenerHandle {
    pub(super) fn new() -> (ListenerHandle, Listener) {
        let (sender, commands) = unbounded_channel();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        (ListenerHandle { commands: sender }, Listener { commands, address, state: ListenerState::Closed })
    }

    /// Refuses or accepts new connections. Returns once the change is in effect.
    pub(super) fn set_refusing(&self, refuse: bool) {
        let (done, finished) = mpsc::channel();
        // Both calls fail only when the server is gone, and then every connection is refused.
        self.commands.send(ListenerCommand { refuse, done }).unwrap_or_default();
        finished.recv().unwrap_or_default();
    }
}

impl Listener {
    /// Starts to listen and returns the address.
    pub(super) fn open(&mut self) -> io::Result<SocketAddr> {
        if matches!(self.state, ListenerState::Listening(_)) {
            return Ok(self.address);
        }
        let socket = match std::mem::replace(&mut self.state, ListenerState::Closed) {
            ListenerState::Refusing(socket) => socket,
            ListenerState::Listening(_) | ListenerState::Closed => self.bind()?,
        };
        let listener = socket.listen(BACKLOG)?;
        self.address = listener.local_addr()?;
        self.state = ListenerState::Listening(listener);
        Ok(self.address)
    }

    fn refuse(&mut self) -> io::Result<()> {
        self.state = ListenerState::Closed;
        self.state = ListenerState::Refusing(self.bind()?);
        Ok(())
    }

    fn bind(&self) -> io::Result<TcpSocket> {
        let socket = TcpSocket::new_v4()?;
        // Earlier connections may still linger on the port.
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        Ok(socket)
    }

    /// Returns the next connection, or `None` once the server stops.
    pub(super) async fn accept(&mut self) -> Option<TcpStream> {
        loop {
            match poll_fn(|cx| self.poll(cx)).await {
                ListenerEvent::Command(None) => return None,
                ListenerEvent::Command(Some(ListenerCommand { refuse, done })) => {
                    let result = if refuse { self.refuse() } else { self.open().map(drop) };
                    // If the port is lost, the listener stays closed and the test sees refused connections.
                    result.unwrap_or_default();
                    done.send(()).unwrap_or_default();
                }
                ListenerEvent::Connection(Ok(stream)) => return Some(stream),
                // The process may be out of file descriptors. Wait until some are released.
                ListenerEvent::Connection(Err(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ListenerEvent> {
        if let Poll::Ready(command) = self.commands.poll_recv(cx) {
            return Poll::Ready(ListenerEvent::Command(command));
        }
        let ListenerState::Listening(listener) = &self.state else { return Poll::Pending };
        listener.poll_accept(cx).map_ok(|(stream, _)| stream).map(ListenerEvent::Connection)
    }
}

enum ListenerEvent {
    Command(Option<ListenerCommand>),
    Connection(io::Result<TcpStream>),
}
