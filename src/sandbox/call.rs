//! One request, as the handlers see it.

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::reply::Refusal;
use super::routes::{self, Route};

pub(super) struct Call {
    /// The row of the route table, if the server has such a route.
    pub(super) route: Option<&'static Route>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    id: String,
    query: Vec<(String, String)>,
}

/// Ids above this are refused before anything is looked up.
const HIGHEST_ID: i64 = 2_147_483_647;

impl Call {
    pub(super) fn new(parts: Parts, body: Bytes) -> Self {
        let (route, id) = routes::find(&parts.method, parts.uri.path()).unzip();
        let id = id.unwrap_or_default().to_owned();
        let query = parts.uri.query().unwrap_or_default();
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Call { route, id, query: query.collect(), headers: parts.headers, body }
    }

    /// The id in the path; `what` names it in the refusal.
    pub(super) fn id(&self, what: &str) -> Result<i64, Refusal> {
        let id = self.id.parse().ok();
        id.filter(|id| (1..=HIGHEST_ID).contains(id))
            .ok_or_else(|| Refusal::bad_request(format!("Invalid {what} ID")))
    }

    /// The body as JSON of the given shape.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| match error.classify() {
            Category::Data => Refusal::validation("A field is missing or has the wrong type"),
            Category::Io | Category::Syntax | Category::Eof => Refusal::syntax(),
        })
    }

    /// A query parameter; an empty one counts as absent.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A query parameter that has to be a positive number if it is there.
    pub(super) fn query_number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.query(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(Refusal::query()),
        }
    }

    /// The token of the `Authorization` header, if there is one.
    pub(super) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ").map(str::trim)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Undoes form encoding; bytes that are not text are replaced, as nothing in this API is looked up by them.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let hex =
            |digit: Option<u8>| char::from(digit?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high * 16 + low);
                rest = ahead;
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn form_encoding_is_undone() {
        assert_eq!(decode("a+b%20c%2Fd%C3%A9"), "a b c/dé");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
