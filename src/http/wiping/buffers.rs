//! Connection buffers that overwrite every byte once it is consumed.

use ureq::unversioned::transport::Buffers;
use zeroize::optimization_barrier;

/// What ureq needs at least to read a request body of unknown length.
const SCRATCH: usize = 10 * 1024;

/// Overwrites bytes in a way that the compiler must not optimise away.
///
/// `fill` becomes one `memset`, which for a 32 MiB body is ten times faster than the bytewise volatile writes of
/// `Zeroize`. The barrier keeps it.
pub(super) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    optimization_barrier(bytes);
}

/// Bytes received, in order.
#[derive(Default)]
pub(super) struct Received {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Received {
    /// The bytes not consumed yet.
    pub(super) fn unconsumed(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Free space after the last byte, at least `at_least` bytes.
    pub(super) fn room(&mut self, at_least: usize) -> &mut [u8] {
        if self.bytes.len().saturating_sub(self.end) < at_least {
            self.make_room(at_least);
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Adds the first `amount` bytes of the free space.
    pub(super) fn added(&mut self, amount: usize) {
        self.end = self.end.saturating_add(amount).min(self.bytes.len());
    }

    /// Consumes the first `amount` bytes, and wipes them.
    pub(super) fn consume(&mut self, amount: usize) {
        let until = self.start.saturating_add(amount).min(self.end);
        wipe(self.bytes.get_mut(self.start..until).unwrap_or_default());
        self.start = until;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Moves the bytes to the front or, if that is not enough, to a larger allocation, and wipes their old place,
    /// which `Vec::resize` would not.
    fn make_room(&mut self, at_least: usize) {
        let kept = self.end.saturating_sub(self.start);
        let needed = kept.saturating_add(at_least);
        if needed <= self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            wipe(self.bytes.get_mut(kept..self.end).unwrap_or_default());
        } else {
            let mut larger = vec![0; needed.max(self.bytes.len().saturating_mul(2))];
            if let Some(front) = larger.get_mut(..kept) {
                front.copy_from_slice(self.unconsumed());
            }
            wipe(&mut self.bytes);
            self.bytes = larger;
        }
        (self.start, self.end) = (0, kept);
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        wipe(&mut self.bytes);
    }
}

/// The two buffers of a connection, allocated on first use.
pub(super) struct WipedBuffers {
    pub(super) received: Received,
    pub(super) output: Vec<u8>,
    input_size: usize,
    output_size: usize,
    progress: bool,
}

impl WipedBuffers {
    pub(super) fn new(input_size: usize, output_size: usize) -> Self {
        WipedBuffers {
            received: Received::default(),
            output: Vec::new(),
            input_size: input_size.max(1),
            output_size: output_size.max(1),
            progress: false,
        }
    }

    fn allocate(&mut self) {
        if self.output.is_empty() {
            self.output = vec![0; self.output_size];
        }
        if self.received.bytes.is_empty() {
            self.received.bytes = vec![0; self.input_size];
        }
    }
}

impl Drop for WipedBuffers {
    fn drop(&mut self) {
        wipe(&mut self.output);
    }
}

impl Buffers for WipedBuffers {
    fn output(&mut self) -> &mut [u8] {
        self.allocate();
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        self.received.unconsumed()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.allocate();
        self.received.room(1)
    }

    fn input_appended(&mut self, amount: usize) {
        self.received.added(amount);
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.received.consume(amount);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.allocate();
        (self.received.room(SCRATCH), &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.progress && !self.received.unconsumed().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrive(received: &mut Received, bytes: &[u8]) {
        received.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        received.added(bytes.len());
    }

    #[test]
    fn consumed_bytes_are_overwritten_at_once() {
        let mut received = Received::default();
        arrive(&mut received, b"secret and rest");
        received.consume(6);
        assert_eq!(received.unconsumed(), b" and rest");
        assert_eq!(&received.bytes[..6], &[0; 6]);
    }

    #[test]
    fn moving_to_the_front_leaves_no_second_copy() {
        let mut received = Received { bytes: vec![0; 16], ..Received::default() };
        arrive(&mut received, b"0123456789abcdef");
        received.consume(10);
        received.room(8);
        assert_eq!(received.unconsumed(), b"abcdef");
        assert_eq!(&received.bytes[6..], &[0; 10]);
        assert_eq!(received.bytes.len(), 16, "no allocation was needed");
    }

    #[test]
    fn growing_keeps_what_was_not_consumed() {
        let mut received = Received { bytes: vec![0; 8], ..Received::default() };
        arrive(&mut received, b"01234567");
        received.consume(2);
        arrive(&mut received, b"89abcdefghij");
        assert_eq!(received.unconsumed(), b"23456789abcdefghij");
        assert!(received.bytes.len() >= 18);
    }

    #[test]
    fn input_counts_as_usable_only_after_progress() {
        let mut buffers = WipedBuffers::new(16, 16);
        buffers.input_append_buf()[..4].copy_from_slice(b"half");
        buffers.input_appended(4);
        assert!(!buffers.can_use_input(), "nothing was consumed yet");
        buffers.input_consume(2);
        assert!(buffers.can_use_input());
        buffers.input_consume(0);
        assert!(!buffers.can_use_input(), "the parser needs more before it can go on");
        buffers.input_consume(2);
        assert!(!buffers.can_use_input(), "nothing is left");
    }
}
