//! TLS whose plaintext lives only in buffers that are wiped.
//!
//! ureq's own TLS connector cannot be used for this: rustls copies every decrypted record into a vector of
//! its own and frees it as it is, in the unbuffered API too (`ReadTraffic::next_record`). So the decrypting
//! end of each cipher suite is wrapped (see [`records`]): a record is opened inside *our* input buffer, and
//! rustls sees one byte of ciphertext in its place, which keeps its bookkeeping (order, close, limits,
//! errors) at work without its ever holding an answer. In the other direction rustls encrypts straight from
//! our output buffer.
//!
//! Handshake, certificates, session tickets and key updates are rustls's. Sessions are resumed from rustls's
//! store in memory, which belongs to the agent and is dropped with it.

mod records;
mod roots;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use ureq::Error;
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport, TransportAdapter,
};

use super::buffers::WipedBuffers;
pub(super) use roots::roots;

/// Room for the placeholders of the records read at one go; any that do not fit are read the next time.
const PLACEHOLDERS: usize = 256;

/// Wraps connections to `https` hosts in TLS.
pub(super) struct TlsConnector {
    config: Arc<ClientConfig>,
}

impl TlsConnector {
    pub(super) fn new(config: Arc<ClientConfig>) -> Self {
        TlsConnector { config }
    }
}

/// The settings of TLS connections that trust these roots; they hold the sessions that can be resumed.
pub(super) fn client_config(roots: RootCertStore) -> crate::Result<Arc<ClientConfig>> {
    let config = ClientConfig::builder_with_provider(records::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| crate::Error::configuration("TLS cannot be set up").with_source(error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
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
        let mut socket = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        // The time for connecting has been running since `details` were made.
        socket.set_timeout(remaining(details.timeout, details.now, (details.current_time)()));
        let buffers =
            WipedBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());

        let mut transport = TlsTransport { connection, socket, buffers };
        transport.handshake()?;
        Ok(Some(Either::B(transport)))
    }
}

/// A TLS connection and its plaintext.
pub(super) struct TlsTransport {
    connection: ClientConnection,
    socket: TransportAdapter,
    buffers: WipedBuffers,
}

impl TlsTransport {
    fn handshake(&mut self) -> Result<(), Error> {
        let done = records::opened_into(&mut self.buffers.received, || {
            self.connection.complete_io(&mut self.socket)
        });
        if done.is_err() {
            // The alert that tells the server why; rustls itself tries to send one piece of it only.
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
        self.socket.set_timeout(timeout);
        let WipedBuffers { received, output, .. } = &mut self.buffers;
        let plaintext = output.get(..amount).unwrap_or_default();
        let mut stream = Stream::new(&mut self.connection, &mut self.socket);
        records::opened_into(received, || stream.write_all(plaintext).and_then(|()| stream.flush()))?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.socket.set_timeout(timeout);
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
        // Whatever waits to be read, be it data, an alert or a late session ticket, makes it unfit for another
        // call: the socket's own check takes a byte to find out.
        self.socket.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// The host as rustls wants it: without the brackets of an IPv6 address.
fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(bare.to_owned())
        .map_err(|_| Error::Tls("the host is not a name a certificate can hold"))
}

/// What is left of a timeout that began to run a while ago.
fn remaining(timeout: NextTimeout, since: Instant, now: Instant) -> NextTimeout {
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
        f.debug_struct("TlsTransport").field("inner", &self.socket.inner()).finish_non_exhaustive()
    }
}
