//! One answer, read whole.

use http::HeaderMap;
use zeroize::Zeroize;

/// What the server answered: status, headers and the whole body, which a limit has bounded.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// Whether the request went out before, on a pooled connection that then broke. The server had most likely
    /// closed it while it was idle, but may just as well have acted on the request.
    pub(crate) resent: bool,
}

/// A body; one that can hold secrets is wiped when it is dropped.
pub(crate) struct Body {
    bytes: Vec<u8>,
    secret: bool,
}

impl Body {
    pub(crate) fn new(bytes: Vec<u8>, secret: bool) -> Self {
        Body { bytes, secret }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if self.secret {
            self.bytes.zeroize();
        }
    }
}

impl Response {
    /// A header's text, if it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.header("x-request-id")
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
