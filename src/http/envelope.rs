//! What an answer means: bare or enveloped successes, both shapes of errors, and what is not JSON at all.
//!
//! The platform publishes one wire format under several labels, and their documents disagree; contract section 9
//! lists the variants, and all of them are read here.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::Response;
use super::retry_after;
use crate::model::unescape;
use crate::{Error, ErrorKind, Page, Result};

/// What a list was asked for, to work out whether there is more when the server does not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed {
    pub(crate) page: u32,
    pub(crate) limit: Option<u32>,
}

/// One object, bare or as `{"success":true,"data":{..}}`.
pub(crate) fn object_of<T: DeserializeOwned>(response: &Response) -> Result<T> {
    read(response, payload(response)?)
}

/// A list, bare or as `{"data":[..]}`.
pub(crate) fn list_of<T: DeserializeOwned>(response: &Response) -> Result<Vec<T>> {
    read(response, payload(response)?)
}

/// A list with the paging headers of the answer.
pub(crate) fn page_of<T: DeserializeOwned>(response: &Response, asked: Listed) -> Result<Page<T>> {
    let items: Vec<T> = list_of(response)?;
    let page = number(response, "x-page").unwrap_or(asked.page);
    let total_pages: Option<u32> = number(response, "x-total-pages");
    let said = response.header("x-has-more").and_then(|more| more.to_ascii_lowercase().parse().ok());
    let full =
        || asked.limit.is_some_and(|limit| u32::try_from(items.len()).is_ok_and(|count| count >= limit));
    let has_more = said.or_else(|| total_pages.map(|pages| page < pages)).unwrap_or_else(full);
    Ok(Page { items, page, total: number(response, "x-total-count"), total_pages, has_more })
}

fn number<N: std::str::FromStr>(response: &Response, name: &str) -> Option<N> {
    response.header(name)?.parse().ok()
}

/// The payload inside an envelope, or the whole body if there is none.
pub(crate) fn payload(response: &Response) -> Result<&[u8]> {
    let body = response.body.bytes();
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        None => Err(unusable(response, "is empty")),
        Some(b'{') => unwrap(response, body),
        Some(_) => Ok(body),
    }
}

/// The top level of an object, as far as it decides whether it is an envelope.
struct TopLevel<'a> {
    data: Option<&'a RawValue>,
    success: Option<&'a RawValue>,
    others: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for TopLevel<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<'a>(std::marker::PhantomData<&'a ()>);

        impl<'de: 'a, 'a> serde::de::Visitor<'de> for Members<'a> {
            type Value = TopLevel<'a>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut top = TopLevel { data: None, success: None, others: false };
                while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    let value: &'de RawValue = map.next_value()?;
                    match &*name {
                        "data" => top.data = Some(value),
                        "success" => top.success = Some(value),
                        _ => top.others = true,
                    }
                }
                Ok(top)
            }
        }

        deserializer.deserialize_map(Members(std::marker::PhantomData))
    }
}

fn unwrap<'a>(response: &Response, body: &'a [u8]) -> Result<&'a [u8]> {
    // Most answers have no member of this name: then they are bare, and one look is enough.
    if memchr::memmem::find(body, b"\"data\"").is_none() {
        return Ok(body);
    }
    let top: TopLevel<'a> = serde_json::from_slice(body).map_err(|error| malformed(response, &error))?;
    if top.success.is_some_and(|success| success.get() == "false") {
        return Err(described(response, Error::invalid_response("the server says the call failed")));
    }
    match top.data {
        Some(data) if top.success.is_some() || !top.others => Ok(data.get().as_bytes()),
        _ => Ok(body),
    }
}

pub(crate) fn read<'a, T: Deserialize<'a>>(response: &Response, json: &'a [u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|error| malformed(response, &error))
}

/// Says where the answer went wrong, but not what was there: serde's own text quotes the value.
fn malformed(response: &Response, error: &serde_json::Error) -> Error {
    let what = match error.classify() {
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "is not JSON",
        serde_json::error::Category::Eof => "is cut short",
        serde_json::error::Category::Data => "does not have the documented shape",
    };
    unusable(response, format_args!("{what} (line {}, column {})", error.line(), error.column()))
}

fn unusable(response: &Response, what: impl std::fmt::Display) -> Error {
    Error::invalid_response(format!("the server's answer {what}"))
        .with_status(response.status)
        .with_request_id(response.request_id())
}

/// The error a non-2xx answer stands for. `wall` is the local time of day, for a `Retry-After` that is a date.
pub(crate) fn failure_of(response: &Response, wall: Duration) -> Error {
    let (kind, message) = kind_of(response.status);
    let error = described(response, Error::new(kind, message).with_status(response.status));
    let error = match error.code() {
        Some(code) if code.eq_ignore_ascii_case("INSUFFICIENT_FUNDS") => {
            error.with_kind(ErrorKind::InsufficientFunds, "the wallet does not cover the order")
        }
        _ => error,
    };
    if !matches!(response.status, 429 | 503) {
        return error;
    }
    let after = retry_after::of(response, error.server_message(), wall);
    error.with_retry_after(after)
}

fn kind_of(status: u16) -> (ErrorKind, &'static str) {
    match status {
        401 => (ErrorKind::Unauthorized, "the server does not accept the access token"),
        403 => (
            ErrorKind::Forbidden,
            "the server refuses this client: its address is not on the IP allow-list, or the feature is off",
        ),
        404 => (ErrorKind::NotFound, "there is no such object, or this client may not see it"),
        429 => (ErrorKind::RateLimited, "too many requests"),
        408 => (ErrorKind::Timeout, "the server gave up waiting for the request"),
        400..=499 => (ErrorKind::InvalidRequest, "the server refused the request"),
        500..=599 => (ErrorKind::Server, "the server failed"),
        300..=399 => (
            ErrorKind::InvalidResponse,
            "the server redirects, which this API never does; check the base URL",
        ),
        _ => (ErrorKind::InvalidResponse, "the server answered with an unexpected status"),
    }
}

/// Error pages of gateways can be large; a real error of the API never is.
const LARGEST_ERROR: usize = 64 * 1024;

/// Adds what the body says, if it is an error body of either shape.
fn described(response: &Response, error: Error) -> Error {
    let error = error.with_request_id(response.request_id());
    let body = response.body.bytes();
    if body.len() > LARGEST_ERROR {
        return error;
    }
    let Ok(parsed) = serde_json::from_slice::<ErrorBody<'_>>(body) else { return error };
    let Some(raw) = parsed.error else {
        return error.with_server_message(shown(text(parsed.message).as_ref()));
    };
    if let Ok(fields) = serde_json::from_str::<ErrorFields<'_>>(raw.get()) {
        let code = text(fields.code).or_else(|| text(fields.name));
        let message = text(fields.message).or_else(|| first_text(fields.messages));
        return error.with_code(shown(code.as_ref())).with_server_message(shown(message.as_ref()));
    }
    error.with_code(shown(text(Some(raw)).as_ref())).with_server_message(shown(text(parsed.message).as_ref()))
}

#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ErrorFields<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
}

/// A member's text, if it is a text. It is wiped, because it may repeat what was sent.
fn text(raw: Option<&RawValue>) -> Option<Zeroizing<String>> {
    unescape(raw?.get()).filter(|text| !text.is_empty())
}

fn shown(text: Option<&Zeroizing<String>>) -> Option<&str> {
    text.map(|text| text.as_str())
}

fn first_text(raw: Option<&RawValue>) -> Option<Zeroizing<String>> {
    text(serde_json::from_str::<Vec<&RawValue>>(raw?.get()).ok()?.first().copied())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::http::Body;

    fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Response { status, headers: map, body: Body::new(body.as_bytes().to_vec()) }
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Thing {
        id: i64,
    }

    #[test]
    fn objects_are_read_bare_and_enveloped() {
        for body in [
            r#"{"id":7}"#,
            r#" {"id":7,"new_member":{"data":1}}"#,
            r#"{"success":true,"data":{"id":7}}"#,
            r#"{"data":{"id":7}}"#,
            r#"{"success":true,"data":{"id":7},"meta":{}}"#,
            r#"{"id":7,"data":"a member that happens to have this name"}"#,
        ] {
            assert_eq!(object_of::<Thing>(&response(200, &[], body)).expect(body), Thing { id: 7 });
        }
    }

    #[test]
    fn lists_are_read_bare_and_enveloped() {
        for body in [r#"[{"id":7}]"#, r#"{"data":[{"id":7}]}"#, r#"{"success":true,"data":[{"id":7}]}"#] {
            assert_eq!(list_of::<Thing>(&response(200, &[], body)).expect(body), [Thing { id: 7 }]);
        }
    }

    #[test]
    fn what_cannot_be_read_is_located_but_not_quoted() {
        for body in
            ["", "  ", "<html>s3cret</html>", r#"{"id":"s3cret"}"#, r#"{"id":7"#, "null", r#"["s3cret"]"#]
        {
            let error = object_of::<Thing>(&response(200, &[("x-request-id", "r1")], body)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
            assert_eq!(error.request_id(), Some("r1"));
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn a_success_status_that_says_it_failed_is_an_error() {
        let body = r#"{"success":false,"error":{"code":"BAD","message":"no"},"data":null}"#;
        let error = object_of::<Thing>(&response(200, &[], body)).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::InvalidResponse, Some("BAD")));
    }

    #[test]
    fn errors_are_read_in_every_shape() {
        for (status, body, kind, code, message) in [
            (
                400,
                r#"{"error":{"name":"ValidationException","code":"VALIDATION_FAILURE","message":"m"}}"#,
                ErrorKind::InvalidRequest,
                Some("VALIDATION_FAILURE"),
                Some("m"),
            ),
            (
                401,
                r#"{"error":"unauthorized","message":"m"}"#,
                ErrorKind::Unauthorized,
                Some("unauthorized"),
                Some("m"),
            ),
            (
                422,
                r#"{"error":{"code":"X","messages":["first","second"]}}"#,
                ErrorKind::InvalidRequest,
                Some("X"),
                Some("first"),
            ),
            (
                400,
                r#"{"error":{"code":"INSUFFICIENT_FUNDS","message":"m"}}"#,
                ErrorKind::InsufficientFunds,
                Some("INSUFFICIENT_FUNDS"),
                Some("m"),
            ),
            (
                403,
                r#"{"error":{"name":"ForbiddenError","code":null}}"#,
                ErrorKind::Forbidden,
                Some("ForbiddenError"),
                None,
            ),
            (404, "", ErrorKind::NotFound, None, None),
            (502, "<html>bad gateway</html>", ErrorKind::Server, None, None),
            (500, r#"{"message":"m"}"#, ErrorKind::Server, None, Some("m")),
            (302, "", ErrorKind::InvalidResponse, None, None),
        ] {
            let error = failure_of(&response(status, &[], body), Duration::ZERO);
            assert_eq!((error.kind(), error.code(), error.server_message()), (kind, code, message), "{body}");
            assert_eq!(error.status(), Some(status));
        }
    }

    #[test]
    fn pages_take_their_place_from_the_headers() {
        let headers =
            [("x-page", "2"), ("x-total-count", "120"), ("x-total-pages", "3"), ("x-has-more", "true")];
        let page: Page<Thing> =
            page_of(&response(200, &headers, "[]"), Listed { page: 2, limit: None }).unwrap();
        assert_eq!((page.page, page.total, page.total_pages, page.has_more), (2, Some(120), Some(3), true));
    }

    #[test]
    fn whether_there_is_more_is_derived_when_the_server_does_not_say() {
        let more = |headers: &[(&'static str, &str)], page, limit| {
            let answer = response(200, headers, r#"[{"id":1},{"id":2}]"#);
            page_of::<Thing>(&answer, Listed { page, limit }).unwrap().has_more
        };
        assert!(more(&[("x-total-pages", "3")], 2, None));
        assert!(!more(&[("x-total-pages", "3")], 3, None));
        assert!(more(&[], 1, Some(2)), "a full page");
        assert!(!more(&[], 1, Some(3)), "a short page");
        assert!(!more(&[], 1, None));
        assert!(!more(&[("x-has-more", "False"), ("x-total-pages", "9")], 1, None));
    }
}
