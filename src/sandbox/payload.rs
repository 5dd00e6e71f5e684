//! The body of an answer, whole or spoilt.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

pub(super) enum Payload {
    /// Everything at once.
    Whole(Option<Bytes>),
    /// The first half, after which the connection breaks although the head promised it all.
    Cut { half: Option<Bytes>, promised: u64, flushed: bool },
    /// So many bytes of white space, made up on the way.
    Huge { left: u64 },
}

/// Why a cut body ends.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut on purpose")
    }
}

impl std::error::Error for Cut {}

static PIECE: [u8; 65_536] = [b' '; 65_536];

impl Payload {
    pub(super) fn cut(body: &Bytes) -> Self {
        let promised = u64::try_from(body.len()).unwrap_or(u64::MAX);
        Payload::Cut { half: Some(body.slice(..body.len() / 2)), promised, flushed: false }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let frame = |bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match self.get_mut() {
            Payload::Whole(bytes) => bytes.take().map_or(Poll::Ready(None), frame),
            Payload::Cut { half, flushed, .. } => match half.take().filter(|half| !half.is_empty()) {
                Some(half) => frame(half),
                None if *flushed => Poll::Ready(Some(Err(Cut))),
                // An error makes the connection forget what it has not sent; while it waits, it sends.
                None => {
                    *flushed = true;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            },
            Payload::Huge { left: 0 } => Poll::Ready(None),
            Payload::Huge { left } => {
                let length = usize::try_from(*left).map_or(PIECE.len(), |left| left.min(PIECE.len()));
                *left -= u64::try_from(length).unwrap_or(*left);
                frame(Bytes::from_static(PIECE.get(..length).unwrap_or(&PIECE)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Payload::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Payload::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Payload::Cut { promised, .. } => SizeHint::with_exact(*promised),
            // Its length is not told, so that only reading it shows how long it is.
            Payload::Huge { .. } => SizeHint::new(),
        }
    }
}
