//! A socket whose every operation has a time limit.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::clock::Stamp;

/// The limit of one operation on a socket.
const OPERATION: Duration = Duration::from_millis(500);
/// The limit of one call of the store, below the two seconds that [`TokenStore`](crate::store::TokenStore) promises.
const CALL: Duration = Duration::from_millis(1_800);

/// The time limit of one call of the store.
#[derive(Clone, Copy)]
pub(super) struct TimeLimit(Stamp);

impl TimeLimit {
    pub(super) fn start() -> Self {
        TimeLimit(Stamp::now())
    }

    pub(super) fn left(self) -> Duration {
        CALL.saturating_sub(self.0.elapsed())
    }

    /// Returns the time for the next operation.
    fn operation(self) -> io::Result<Duration> {
        match self.left().min(OPERATION) {
            Duration::ZERO => Err(ErrorKind::TimedOut.into()),
            time => Ok(time),
        }
    }
}

pub(super) struct Socket {
    tcp: TcpStream,
    pub(super) limit: TimeLimit,
}

impl Socket {
    pub(super) fn connect(host: &str, port: u16, limit: TimeLimit) -> io::Result<Self> {
        let mut failure = io::Error::new(ErrorKind::NotFound, "the host name has no address");
        for address in addresses(host, port, limit)? {
            match TcpStream::connect_timeout(&address, limit.operation()?) {
                Ok(tcp) => {
                    tcp.set_nodelay(true)?;
                    return Ok(Socket { tcp, limit });
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Looks up a name on a separate thread, because a lookup has no time limit of its own.
fn addresses(host: &str, port: u16, limit: TimeLimit) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let host = host.to_owned();
    thread::Builder::new().name("popup-rewards-lookup".to_owned()).spawn(move || {
        // Nobody waits any longer if the channel is closed.
        sender.send((host, port).to_socket_addrs().map(Iterator::collect)).unwrap_or_default();
    })?;
    let timed_out =
        |_| Err(io::Error::new(ErrorKind::TimedOut, "the lookup of the host name takes too long"));
    receiver.recv_timeout(limit.operation()?).unwrap_or_else(timed_out)
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.tcp.set_read_timeout(Some(self.limit.operation()?))?;
            match self.tcp.read(buffer) {
                // With a timeout, a signal ends the call on Linux. The parser of the replies would take it for a failure.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(Some(self.limit.operation()?))?;
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}
