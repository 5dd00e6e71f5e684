//! The body of a response as hyper sends it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

pub(super) enum ResponseBody {
    Full(Option<Bytes>),
    /// Sends the first half of what `content_length` promises, then closes the connection.
    Truncated {
        half: Option<Bytes>,
        content_length: u64,
        flushed: bool,
    },
    /// Sends this many spaces, one chunk at a time.
    Huge {
        remaining: u64,
    },
}

static CHUNK: [u8; 65_536] = [b' '; 65_536];

/// The error that makes hyper close the connection at once.
pub(super) fn close_connection() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

impl ResponseBody {
    pub(super) fn truncated(body: &Bytes) -> Self {
        let content_length = u64::try_from(body.len()).unwrap_or(u64::MAX);
        ResponseBody::Truncated { half: Some(body.slice(..body.len() / 2)), content_length, flushed: false }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = |bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match self.get_mut() {
            ResponseBody::Full(bytes) => bytes.take().map_or(Poll::Ready(None), frame),
            ResponseBody::Truncated { half, flushed, .. } => {
                match half.take().filter(|half| !half.is_empty()) {
                    Some(half) => frame(half),
                    None if *flushed => Poll::Ready(Some(Err(close_connection()))),
                    // After an error, hyper discards what it has buffered. `Pending` makes it flush first.
                    None => {
                        *flushed = true;
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    }
                }
            }
            ResponseBody::Huge { remaining: 0 } => Poll::Ready(None),
            ResponseBody::Huge { remaining } => {
                let length = usize::try_from(*remaining).map_or(CHUNK.len(), |left| left.min(CHUNK.len()));
                *remaining -= u64::try_from(length).unwrap_or(*remaining);
                frame(Bytes::from_static(CHUNK.get(..length).unwrap_or(&CHUNK)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, ResponseBody::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ResponseBody::Full(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            ResponseBody::Truncated { content_length, .. } => SizeHint::with_exact(*content_length),
            // Without a `Content-Length`, a client learns the length only by reading.
            ResponseBody::Huge { .. } => SizeHint::new(),
        }
    }
}
