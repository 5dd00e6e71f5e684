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
use crate::model::{Identified, unescape};
use crate::{Error, ErrorKind, Page, Result};

/// What a page was asked for, to work out whether there is more when the server does not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed {
    pub(crate) page: u32,
    /// How many items the page may hold, if that was set.
    pub(crate) size: Option<u32>,
    /// How many items the pages before have, as far as they were counted.
    pub(crate) before: Option<u64>,
}

/// One object, bare or as `{"success":true,"data":{..}}`.
pub(crate) fn object_of<T: DeserializeOwned>(response: &Response) -> Result<T> {
    read(response, payload(response)?)
}

/// One object, which has to be the one with this id.
pub(crate) fn one_of<T: DeserializeOwned + Identified>(response: &Response, id: i64) -> Result<T> {
    let object: T = object_of(response)?;
    if object.id() == id { Ok(object) } else { Err(unusable(response, "is about another object")) }
}

/// Nothing but whether the call is said to have failed after all.
pub(crate) fn nothing_of(response: &Response) -> Result<()> {
    let top = serde_json::from_slice::<TopLevel<'_>>(response.body.bytes());
    if top.is_ok_and(|top| top.says_failed()) { Err(said_failed(response)) } else { Ok(()) }
}

/// A list, bare or as `{"data":[..]}`.
pub(crate) fn list_of<T: DeserializeOwned>(response: &Response) -> Result<Vec<T>> {
    read(response, payload(response)?)
}

/// One page of a list, and what the server says of the pages.
pub(crate) struct Listing<T> {
    pub(crate) page: Page<T>,
    /// How many items a page holds at most.
    pub(crate) size: Option<u64>,
    /// How many items this page and those before it have.
    pub(crate) through: u64,
    /// Whether a header says that there is a next page.
    pub(crate) says_more: bool,
}

/// A list with the paging headers of the response.
///
/// There is more as soon as one header says so, because of those that disagree none is known to be right. Without any
/// header there may be more behind every page that is not empty.
pub(crate) fn page_of<T: DeserializeOwned>(response: &Response, asked: Listed) -> Result<Listing<T>> {
    let items: Vec<T> = list_of(response)?;
    let page = number(response, "x-page").unwrap_or(asked.page);
    let (total, total_pages) = (number(response, "x-total-count"), number(response, "x-total-pages"));
    let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
    let given: Option<u64> = number(response, "x-per-page");
    let size = given.or(asked.size.map(u64::from));
    // A server may give fewer items a page than it was asked for, or than it says: those it gave are what counts.
    let before = asked
        .before
        .unwrap_or_else(|| u64::from(page.saturating_sub(1)).saturating_mul(size.unwrap_or(count)));
    let through = before.saturating_add(count);
    let said = [
        response.header("x-has-more").and_then(|more| more.to_ascii_lowercase().parse().ok()),
        total_pages.map(|pages| page < pages),
        total.map(|total| through < total),
    ];
    let said = said.into_iter().flatten().reduce(|one, other| one || other);
    let has_more = said.unwrap_or(count > 0 && given.is_none_or(|size| count >= size));
    let page = Page { items, page, total, total_pages, has_more };
    Ok(Listing { page, size, through, says_more: said == Some(true) })
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

impl TopLevel<'_> {
    fn says_failed(&self) -> bool {
        self.success.is_some_and(|success| success.get() == "false")
    }
}

fn said_failed(response: &Response) -> Error {
    let error = Error::invalid_response("the server says the call failed").with_status(response.status);
    described(response, error)
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
    let has = |member: &[u8]| memchr::memmem::find(body, member).is_some();
    if !has(b"\"data\"") && !has(b"\"success\"") {
        return Ok(body);
    }
    let top: TopLevel<'a> = serde_json::from_slice(body).map_err(|error| malformed(response, &error))?;
    if top.says_failed() {
        return Err(said_failed(response));
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
    if !matches!(response.status, 429 | 500..=599) {
        return error;
    }
    let after = retry_after::of(response, error.server_message(), wall);
    error.with_retry_after(after)
}

/// The same for an auth call, which asks for no object: a 404, or a refusal in other words than this API's, comes
/// from somebody else.
pub(crate) fn auth_failure_of(response: &Response, wall: Duration) -> Error {
    let error = failure_of(response, wall);
    let kind = error.kind();
    match response.status {
        404 => error.with_kind(kind, "the server has no such auth route; check the base URL"),
        400 | 401 if !error.is_from_api() => error.with_kind(
            kind,
            "a server or gateway that is not this API refused the request; check the base URL",
        ),
        _ => error,
    }
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
mod tests;
