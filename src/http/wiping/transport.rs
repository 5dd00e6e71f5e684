//! A connection that overwrites what ureq leaves in its buffers.
//!
//! The constants below name the methods of ureq 3.5 that wiping relies on. Before you move the pinned version, read
//! `TcpTransport`, `LazyBuffers` and `Connection::reuse` again: their meaning may have changed.

use std::fmt;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::buffers::wipe;

const OUTPUT: fn(&mut dyn Buffers) -> &mut [u8] = |buffers| buffers.output();
const FREE_INPUT: fn(&mut dyn Buffers) -> &mut [u8] = |buffers| buffers.input_append_buf();

/// Wraps the connection that the connectors before it made.
#[derive(Debug)]
pub(in crate::http) struct WipingConnector;

impl<In: Transport> Connector<In> for WipingConnector {
    type Out = WipingTransport<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(WipingTransport::new))
    }
}

/// A connection whose buffers are empty while it is idle and after it is dropped.
pub(in crate::http) struct WipingTransport<T: Transport> {
    inner: T,
    /// The size of the input buffer.
    size: usize,
    /// How many bytes at the front of the input buffer were written since it was last wiped.
    used: usize,
}

impl<T: Transport> WipingTransport<T> {
    pub(in crate::http) fn new(inner: T) -> Self {
        WipingTransport { inner, size: 0, used: 0 }
    }

    /// Wipes the used part of the input buffer. Nothing in it is needed once all of it was consumed, at the end of
    /// each exchange.
    pub(in crate::http) fn wipe_input(&mut self) {
        if self.used > 0 && self.inner.buffers().input().is_empty() {
            let free = FREE_INPUT(self.inner.buffers());
            let used = self.used.min(free.len());
            wipe(free.get_mut(..used).unwrap_or_default());
            self.used = 0;
        }
    }
}

impl<T: Transport> Transport for WipingTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let sent = self.inner.transmit_output(amount, timeout);
        wipe(OUTPUT(self.inner.buffers()).get_mut(..amount).unwrap_or_default());
        sent
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let buffers = self.inner.buffers();
        let waiting = buffers.input().len();
        self.size = self.size.max(buffers.input_append_buf().len().saturating_add(waiting));
        let progress = self.inner.await_input(timeout);
        let free = self.inner.buffers().input_append_buf().len();
        self.used = self.used.max(self.size.saturating_sub(free));
        progress
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl<T: Transport> Drop for WipingTransport<T> {
    fn drop(&mut self) {
        let buffers = self.inner.buffers();
        // All of it was consumed, so the buffer is free from its start.
        let left = buffers.input().len();
        buffers.input_consume(left);
        wipe(FREE_INPUT(buffers));
        wipe(OUTPUT(buffers));
    }
}

impl<T: Transport> fmt::Debug for WipingTransport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WipingTransport").field("inner", &self.inner).finish_non_exhaustive()
    }
}
