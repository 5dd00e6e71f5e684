//! The TCP socket of a connection: its address and its timeouts.

use std::sync::Arc;
use std::time::Duration;

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport,
};

use super::exchange::note;
use super::resolver::CachedResolver;
use super::wiping::remaining;

/// Tries the addresses in turn, and tells the resolver which one connected.
#[derive(Debug)]
pub(super) struct SocketConnector {
    pub(super) resolver: CachedResolver,
}

impl<In: Transport> Connector<In> for SocketConnector {
    type Out = Socket<<TcpConnector as Connector<In>>::Out>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let tcp = TcpConnector::default();
        if chained.is_some() {
            // The proxy has connected to the server.
            note(|exchange| exchange.to_proxy = false);
            return Ok(tcp.connect(details, chained)?.map(Socket));
        }
        let mut failure = Error::HostNotFound;
        for (tried, &address) in details.addrs.iter().enumerate() {
            let mut timeout = remaining(details.timeout, details.now, (details.current_time)());
            if timeout.after.is_zero() {
                return Err(Error::Timeout(timeout.reason));
            }
            if tried + 1 < details.addrs.len() {
                timeout = half(timeout);
            }
            let mut addrs = details.resolver.empty();
            addrs.push(address);
            let alone = ConnectionDetails {
                addrs,
                timeout,
                now: (details.current_time)(),
                uri: details.uri,
                resolver: details.resolver,
                config: details.config,
                request_level: details.request_level,
                current_time: Arc::clone(&details.current_time),
                run_connector: Arc::clone(&details.run_connector),
                register_shutdown: Arc::clone(&details.register_shutdown),
            };
            match Connector::<In>::connect(&tcp, &alone, None) {
                Ok(connected) => {
                    self.resolver.prefer(address);
                    return Ok(connected.map(Socket));
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Leaves the remaining addresses as much time as this one.
fn half(timeout: NextTimeout) -> NextTimeout {
    NextTimeout { after: timeout.after / 2, ..timeout }
}

/// Rounds the timeouts of a socket, because ureq makes a system call whenever one of them changes.
#[derive(Debug)]
pub(super) struct Socket<T: Transport>(T);

impl<T: Transport> Transport for Socket<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        // A write cannot resume after a timeout, so it gets only the rounded part.
        self.0.transmit_output(amount, split(timeout).0)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let (most, rest) = split(timeout);
        match self.0.await_input(most) {
            Err(Error::Timeout(_)) if !rest.after.is_zero() => self.0.await_input(rest),
            progress => progress,
        }
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

/// Splits a timeout into a part rounded down by at most 1/64, and the rest.
fn split(timeout: NextTimeout) -> (NextTimeout, NextTimeout) {
    let millis = u64::try_from(timeout.after.as_millis()).unwrap_or(u64::MAX);
    let grid = 1 << (millis / 64).max(1).ilog2();
    let most = Duration::from_millis(millis - millis % grid);
    let most = if most.is_zero() { *timeout.after } else { most };
    let part = |part: Duration| NextTimeout { after: part.into(), ..timeout };
    (part(most), part(timeout.after.saturating_sub(most)))
}

#[cfg(test)]
mod tests {
    use ureq::Timeout;

    use super::*;

    /// Fails with `error` and records its timeouts.
    #[derive(Debug)]
    struct Noting {
        error: fn() -> Error,
        waited: Vec<Duration>,
    }

    impl Transport for Noting {
        fn buffers(&mut self) -> &mut dyn Buffers {
            unreachable!("no byte is sent or read")
        }

        fn transmit_output(&mut self, _: usize, timeout: NextTimeout) -> Result<(), Error> {
            self.waited.push(*timeout.after);
            Err((self.error)())
        }

        fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
            self.waited.push(*timeout.after);
            Err((self.error)())
        }

        fn is_open(&mut self) -> bool {
            true
        }
    }

    /// The timeouts of a write and of the read after it.
    fn waited(error: fn() -> Error, timeout: Duration) -> (Duration, Vec<Duration>) {
        let mut socket = Socket(Noting { error, waited: Vec::new() });
        let timeout = NextTimeout { after: timeout.into(), ..NextTimeout::default() };
        socket.transmit_output(1, timeout).unwrap_err();
        socket.await_input(timeout).unwrap_err();
        let read = socket.0.waited.split_off(1);
        (socket.0.waited.remove(0), read)
    }

    #[test]
    fn timeouts_are_the_same_from_call_to_call_and_reads_use_all_of_theirs() {
        let timed_out = || Error::Timeout(Timeout::Global);
        let reset = || Error::Io(std::io::ErrorKind::ConnectionReset.into());
        for limit in [1, 10, 30, 90, 180].map(Duration::from_secs) {
            let (write, first) = waited(reset, limit.saturating_sub(Duration::from_micros(20)));
            assert_eq!(first, [write], "another error is not waited on");
            assert!(limit.saturating_sub(write) <= limit / 64);
            for micros in [1, 700, 1500] {
                let timeout = limit.saturating_sub(Duration::from_micros(micros));
                let (again, parts) = waited(timed_out, timeout);
                assert_eq!((again, parts[0], parts.iter().sum()), (write, write, timeout));
            }
        }
        for micros in [1, 999, 1000, 1001, 63_999] {
            let timeout = Duration::from_micros(micros);
            let (_, parts) = waited(timed_out, timeout);
            assert!(parts.iter().all(|part| !part.is_zero()) && parts.iter().sum::<Duration>() == timeout);
        }
    }
}
