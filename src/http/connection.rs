//! The outermost layer of a connection. It reports how far a request got, stops sending once the session has ended,
//! and decides whether the connection can carry another request.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::exchange::{Exchange, note};
use super::valve::Valve;
use super::wiping::WipingTransport;
use crate::clock::Stamp;

/// How a TLS server responds to a request in plain text: a record with an alert begins with its type and version.
const TLS_ALERT: [u8; 2] = [21, 3];

/// Wraps the connection that the connectors before it made.
#[derive(Debug)]
pub(super) struct ConnectionConnector {
    pub(super) valve: Arc<Valve>,
    /// Whether the agent has a proxy.
    pub(super) has_proxy: bool,
}

impl<In: Transport> Connector<WipingTransport<In>> for ConnectionConnector {
    type Out = Connection<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<WipingTransport<In>>,
    ) -> Result<Option<Self::Out>, Error> {
        // To reach a CONNECT proxy, ureq runs all connectors with a configuration without the proxy. What that
        // connection carries itself is not the request.
        let to_target = !self.has_proxy || details.config.proxy().is_some();
        Ok(chained.map(|inner| {
            note(|exchange| {
                exchange.to_proxy = false;
                exchange.connected = to_target;
            });
            Connection { inner, valve: Arc::clone(&self.valve), to_target, idle_since: None }
        }))
    }
}

/// A connection to the server or, below that, to its proxy.
pub(super) struct Connection<T: Transport> {
    inner: WipingTransport<T>,
    valve: Arc<Valve>,
    to_target: bool,
    /// When it went back to the pool.
    idle_since: Option<Stamp>,
}

impl<T: Transport> Transport for Connection<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.idle_since = None;
        if !self.to_target {
            return self.inner.transmit_output(amount, timeout);
        }
        self.valve.pass(Exchange::current().passes_closed, || {
            if amount > 0 {
                note(|exchange| exchange.request_sent = true);
            }
            self.inner.transmit_output(amount, timeout)
        })
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let progress = self.inner.await_input(timeout);
        if self.to_target && matches!(progress, Ok(true)) {
            let is_tls = !self.inner.is_tls() && self.inner.buffers().input().starts_with(&TLS_ALERT);
            note(|exchange| {
                exchange.response_is_tls |= is_tls && !exchange.response_started;
                exchange.response_started = true;
            });
        }
        progress.map_err(not_an_end)
    }

    fn is_open(&mut self) -> bool {
        // Below a tunnel, ureq calls this only when it takes the connection above from the pool.
        if !self.to_target {
            return self.inner.is_open();
        }
        // ureq calls this twice: when an exchange is complete, and when the next one takes the connection from the
        // pool. The state of the socket, which costs three system calls, matters only the second time.
        let Some(since) = self.idle_since else {
            self.inner.wipe_input();
            self.idle_since = Some(Stamp::now());
            return true;
        };
        since.age() < Exchange::current().max_idle && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// ureq takes these errors for the regular end of a body of unknown length. It would accept a body that was cut by a
/// reset, or over TLS without a `close_notify`.
fn not_an_end(error: Error) -> Error {
    use ErrorKind::{ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error {
        Error::Io(error) if matches!(error.kind(), ConnectionAborted | ConnectionReset | UnexpectedEof) => {
            Error::Io(io::Error::new(ErrorKind::BrokenPipe, error))
        }
        error => error,
    }
}

impl<T: Transport> fmt::Debug for Connection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ureq::unversioned::transport::LazyBuffers;

    use super::*;

    /// A transport that fails every read.
    struct Scripted {
        buffers: LazyBuffers,
        is_open: bool,
    }

    impl Transport for Scripted {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), Error> {
            Ok(())
        }

        fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
            Err(Error::Io(ErrorKind::ConnectionReset.into()))
        }

        fn is_open(&mut self) -> bool {
            self.is_open
        }
    }

    impl fmt::Debug for Scripted {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Scripted")
        }
    }

    fn connection(is_open: bool) -> Connection<Scripted> {
        let inner = WipingTransport::new(Scripted { buffers: LazyBuffers::new(16, 16), is_open });
        Connection { inner, valve: Arc::default(), to_target: true, idle_since: None }
    }

    #[test]
    fn the_clock_that_advanced_more_says_how_long_a_connection_was_idle() {
        for (monotonic, wall, expected) in
            [(0, 0, true), (4, 4, true), (5, 5, false), (5, 0, false), (1, 600, false)]
        {
            let mut connection = connection(true);
            assert!(connection.is_open(), "it was just used");
            let [monotonic, wall] = [monotonic, wall].map(Duration::from_secs);
            connection.idle_since = connection.idle_since.map(|since| since.back(monotonic, wall));
            let exchange = Exchange::new(Duration::from_secs(5), false);
            let (is_open, _) = exchange.run(|| connection.is_open());
            assert_eq!(is_open, expected, "{monotonic:?} {wall:?}");
        }
    }

    #[test]
    fn a_connection_in_use_is_not_idle() {
        let mut connection = connection(true);
        assert!(connection.is_open());
        connection.idle_since =
            connection.idle_since.map(|since| since.back(Duration::ZERO, Duration::from_secs(60)));
        connection.transmit_output(1, NextTimeout::default()).unwrap();
        let (is_open, _) = Exchange::new(Duration::from_secs(5), false).run(|| connection.is_open());
        assert!(is_open);
    }

    #[test]
    fn a_closed_connection_is_found_out_before_it_is_used_again() {
        let mut connection = connection(false);
        assert!(connection.is_open(), "it goes back to the pool unseen");
        assert!(!connection.is_open());
        connection.to_target = false;
        connection.idle_since = None;
        assert!(!connection.is_open(), "a tunnel is seen each time");
    }

    #[test]
    fn a_reset_does_not_look_like_the_end_of_a_body() {
        let error = connection(true).await_input(NextTimeout::default()).unwrap_err();
        assert!(matches!(&error, Error::Io(error) if error.kind() == ErrorKind::BrokenPipe), "{error:?}");
    }
}
