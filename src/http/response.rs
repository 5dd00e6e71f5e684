//! One response, read in full.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use time::OffsetDateTime;

use super::wiping::Body;
use crate::error::SHORTEST_SECRET;
use crate::model::http_date;

const REQUEST_ID: &str = "x-request-id";

/// Status, headers and body.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// The request was sent twice, and the server may have executed it the first time.
    pub(crate) resent: bool,
}

impl Response {
    /// A header's value, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.header(REQUEST_ID)
    }

    /// The server's time of the response, in whole seconds.
    pub(crate) fn date(&self, wall: Duration) -> Option<OffsetDateTime> {
        self.header("date").and_then(|date| http_date(date, wall))
    }

    /// Removes a secret from the request id, in case the server repeats it there.
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
