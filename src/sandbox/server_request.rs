//! One request, parsed for the handlers.

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::api_error::ApiError;
use super::routes::{self, ApiRoute};
use super::server_response::{HandlerResult, ServerResponse};

pub(super) struct ServerRequest {
    /// `None` if the server has no such route.
    pub(super) route: Option<&'static ApiRoute>,
    headers: HeaderMap,
    body: Bytes,
    id: String,
    query: Vec<(String, String)>,
}

/// Higher ids are rejected without a lookup.
const MAX_ID: i64 = 2_147_483_647;

impl ServerRequest {
    pub(super) fn new(parts: Parts, body: Bytes) -> Self {
        let (route, id) = routes::find(&parts.method, parts.uri.path()).unzip();
        let id = id.unwrap_or_default().to_owned();
        let query = parts.uri.query().unwrap_or_default();
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        ServerRequest { route, id, query: query.collect(), headers: parts.headers, body }
    }

    /// Returns the id in the path. `what` names it in the error.
    pub(super) fn id(&self, what: &str) -> Result<i64, ApiError> {
        let id = self.id.parse().ok();
        id.filter(|id| (1..=MAX_ID).contains(id))
            .ok_or_else(|| ApiError::bad_request(format!("Invalid {what} ID")))
    }

    /// Responds with the row that has the id in the path. `what` names the row in the error.
    pub(super) fn row_response<'a, T: Serialize + 'a>(
        &self,
        rows: impl IntoIterator<Item = &'a T>,
        id_of: impl Fn(&T) -> i64,
        what: &str,
    ) -> HandlerResult {
        let id = self.id(&what.to_lowercase())?;
        let found = rows.into_iter().find(|row| id_of(row) == id);
        found.map(ServerResponse::ok).ok_or_else(|| ApiError::not_found(format!("{what} not found")))
    }

    /// Parses the body.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| match error.classify() {
            Category::Data => ApiError::validation("A field is missing or has the wrong type"),
            Category::Io | Category::Syntax | Category::Eof => ApiError::syntax(),
        })
    }

    /// Returns a query parameter. An empty one counts as absent.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns a query parameter that must be a positive number.
    pub(super) fn query_number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.query(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(ApiError::query()),
        }
    }

    /// Whether the query parameter is absent or equals `value`, ignoring case.
    pub(super) fn filter(&self, name: &str, value: &str) -> bool {
        self.query(name).is_none_or(|wanted| wanted.eq_ignore_ascii_case(value))
    }

    /// Whether the `search` parameter is absent or part of `name`, ignoring case.
    pub(super) fn search(&self, name: &str) -> bool {
        self.query("search").is_none_or(|text| name.to_lowercase().contains(&text.to_lowercase()))
    }

    /// Returns the token of the `Authorization` header.
    pub(super) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ").map(str::trim)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Undoes form encoding. Bytes that are not UTF-8 are replaced, which is safe here: no lookup uses such text.
fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn form_encoding_is_undone() {
        assert_eq!(decode("a+b%20c%2Fd%C3%A9"), "a b c/dé");
        assert_eq!(decode("%2B"), "+");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
