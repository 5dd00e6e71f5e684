//! TLS whose plaintext exists only in buffers that are wiped.
//!
//! rustls copies each decrypted record into a vector and frees it unwiped, in the unbuffered API too
//! (`ReadTraffic::next_record`). So the decrypter of each cipher suite is wrapped (see [`records`]): a record is
//! decrypted inside *our* input buffer, and rustls gets one byte in its place, which keeps its bookkeeping (order,
//! close, limits, errors) right. In the other direction, rustls encrypts from our output buffer.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Stream};
use ureq::Error;
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport, TransportAdapter,
};

use super::buffers::WipedBuffers;
use super::records;

/// Room for the placeholder bytes of one read. The rest is read the next time.
const PLACEHOLDERS: usize = 256;

/// Wraps connections to `https` hosts in TLS.
pub(in crate::http) struct TlsConnector {
    config: Arc<ClientConfig>,
}

impl TlsConnector {
    /// The configuration must use the cipher suites of [`provider`](super::provider).
    pub(in crate::http) fn new(config: Arc<ClientConfig>) -> Self {
        TlsConnector { config }
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }

        let name = server_name(details.uri.host().unwrap_or_default())?;
        let connection = ClientConnection::new(Arc::clone(&self.config), name)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let mut adapter = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        // The connect timeout has been running since `details` was made.
        adapter.set_timeout(remaining(details.timeout, details.now, (details.current_time)()));
        let buffers =
            WipedBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());

        let socket = RecordSocket { adapter, header: 0, rest: 0 };
        let mut transport = TlsTransport { connection, socket, buffers };
        transport.handshake()?;
        Ok(Some(Either::B(transport)))
    }
}

/// A TLS connection and its plaintext.
pub(in crate::http) struct TlsTransport {
    connection: ClientConnection,
    socket: RecordSocket,
    buffers: WipedBuffers,
}

impl TlsTransport {
    fn handshake(&mut self) -> Result<(), Error> {
        let done = records::opened_into(&mut self.buffers.received, || {
            self.connection.complete_io(&mut self.socket)
        });
        if done.is_err() {
            // The alert that tells the server why. rustls itself sends only a part of it.
            while self.connection.wants_write()
                && matches!(self.connection.write_tls(&mut self.socket), Ok(1..))
            {}
        }
        done?;
        Ok(())
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.socket.adapter.set_timeout(timeout);
        let WipedBuffers { received, output, .. } = &mut self.buffers;
        let plaintext = output.get(..amount).unwrap_or_default();
        let mut stream = Stream::new(&mut self.connection, &mut self.socket);
        records::opened_into(received, || stream.write_all(plaintext).and_then(|()| stream.flush()))?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.socket.adapter.set_timeout(timeout);
        let received = &mut self.buffers.received;
        let before = received.unconsumed().len();
        let mut stream = Stream::new(&mut self.connection, &mut self.socket);
        let mut placeholders = [0; PLACEHOLDERS];
        loop {
            let read = records::opened_into(received, || stream.read(&mut placeholders))?;
            let arrived = received.unconsumed().len() > before;
            if arrived || read == 0 {
                return Ok(arrived);
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // Unread input makes the connection unfit for another request: an unsolicited response, an alert, a late
        // session ticket. ureq has checked our buffer. There may also be half a record in rustls, or bytes below
        // rustls or in the socket, whose check reads one byte.
        self.socket.is_between_records()
            && self.connection.process_new_packets().is_ok_and(|state| !state.peer_has_closed())
            && self.socket.adapter.get_mut().buffers().input().is_empty()
            && self.socket.adapter.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// The connection below TLS. It follows the framing of the records, because rustls does not tell whether it holds
/// part of one.
struct RecordSocket {
    adapter: TransportAdapter,
    /// The number of bytes received of the next record's header.
    header: u8,
    /// The number of bytes missing from the present record.
    rest: usize,
}

impl RecordSocket {
    fn is_between_records(&self) -> bool {
        self.header == 0 && self.rest == 0
    }

    /// A header has five bytes. The last two are the length of the record.
    fn follow(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, after)) = bytes.split_first() {
            match self.header {
                0 if self.rest > 0 => {
                    let skipped = self.rest.min(bytes.len());
                    self.rest -= skipped;
                    bytes = bytes.get(skipped..).unwrap_or_default();
                    continue;
                }
                3 => self.rest = usize::from(byte) << 8,
                4 => self.rest |= usize::from(byte),
                _ => {}
            }
            self.header = (self.header + 1) % 5;
            bytes = after;
        }
    }
}

impl Read for RecordSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.adapter.read(buffer)?;
        self.follow(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl Write for RecordSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.adapter.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.adapter.flush()
    }
}

/// The host for rustls: without the brackets of an IPv6 address.
fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(bare.to_owned())
        .map_err(|_| Error::Tls("the host is not a name a certificate can hold"))
}

/// What is left of a timeout that is already running.
pub(in crate::http) fn remaining(timeout: NextTimeout, since: Instant, now: Instant) -> NextTimeout {
    let after = match (timeout.after, since, now) {
        (Duration::Exact(limit), Instant::Exact(since), Instant::Exact(now)) => {
            Duration::Exact(limit.saturating_sub(now.saturating_duration_since(since)))
        }
        (limit, _, _) => limit,
    };
    NextTimeout { after, ..timeout }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").field("inner", &self.socket.adapter.inner()).finish_non_exhaustive()
    }
}
