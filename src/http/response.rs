//! One answer, read whole.

use http::{HeaderMap, HeaderValue};
use time::OffsetDateTime;

use super::buffers::wipe;
use super::http_date;
use crate::error::SHORTEST_SECRET;

const REQUEST_ID: &str = "x-request-id";

/// What the server answered: status, headers and the whole body, which a limit has bounded.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

/// A body, wiped when it is dropped, because even an error may repeat a token.
pub(crate) struct Body(Vec<u8>);

impl Body {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Body(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Cuts it to its first bytes; the rest is wiped.
    pub(super) fn truncate(&mut self, length: usize) {
        wipe(self.0.get_mut(length..).unwrap_or_default());
        self.0.truncate(length);
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl Response {
    /// A header's text, if it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.header(REQUEST_ID)
    }

    /// The time on the server's clock when it responded, in whole seconds.
    pub(crate) fn date(&self) -> Option<OffsetDateTime> {
        self.header("date").and_then(http_date)
    }

    /// Takes a secret out of the request id, in case the server repeats in it what it was given.
    pub(crate) fn redact(&mut self, secret: &str) {
        let repeats = |id: &&str| secret.len() >= SHORTEST_SECRET && id.contains(secret);
        let Some(id) = self.request_id().filter(repeats) else { return };
        match HeaderValue::try_from(id.replace(secret, "[redacted]")) {
            Ok(without) => self.headers.insert(REQUEST_ID, without),
            Err(_) => self.headers.remove(REQUEST_ID),
        };
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
