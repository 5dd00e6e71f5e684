//! What a response means: bare or enveloped successes, both shapes of errors, and bodies that are not JSON.
//!
//! The platform's documents disagree about the envelope and the error body, and servers of each kind exist. This
//! module reads them all.

mod lists;

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

pub(crate) use lists::{Listed, Listing, list_of, page_of};

use super::Response;
use super::retry_after;
use crate::model::{Elements, Identified, Members, Model, Repaired, flag, repair, unescape};
use crate::{Error, ErrorKind, Result};

/// The body as JSON text.
pub(crate) fn text_of(response: &Response) -> Repaired<'_> {
    repair(response.body.bytes())
}

/// One object, bare or as `{"success":true,"data":{..}}`.
pub(crate) fn object_of<T: Model>(response: &Response) -> Result<T> {
    let text = text_of(response);
    let object = object(response, &text)?;
    T::read(&object).map_err(|error| {
        // An order may have a member of this name too, so it counts only where there is no object.
        if says_error(&object) { said_failed(response) } else { unusable(response, error) }
    })
}

fn object<'a>(response: &Response, text: &'a str) -> Result<Members<'a>> {
    let top = top(response, first(response, text)?)?;
    Ok(data(&top).map(|data| members(response, data)).transpose()?.unwrap_or(top))
}

/// One object, which must have this id.
pub(crate) fn one_of<T: Model + Identified>(response: &Response, id: i64) -> Result<T> {
    let object: T = object_of(response)?;
    if object.id() == id { Ok(object) } else { Err(unusable(response, "is about another object")) }
}

/// Any type that serde can read, bare or as `{"success":true,"data":..}`.
///
/// A success without a body reads as `null`.
pub(crate) fn value_of<T: DeserializeOwned>(response: &Response) -> Result<T> {
    let text = text_of(response);
    if text.trim().is_empty()
        && let Ok(null) = serde_json::from_str("null")
    {
        return Ok(null);
    }
    read(response, payload(response, &text)?)
}

/// Reads nothing, but fails if the body says that the call failed.
pub(crate) fn nothing_of(response: &Response) -> Result<()> {
    let text = text_of(response);
    let failed = Members::of(&text).is_some_and(|top| is_failed(&top) || says_error(&top));
    if failed { Err(said_failed(response)) } else { Ok(()) }
}

/// The payload of the envelope, or the entire text if there is no envelope.
pub(crate) fn payload<'a>(response: &Response, text: &'a str) -> Result<&'a str> {
    if !first(response, text)?.starts_with('{') {
        return Ok(text);
    }
    Ok(data(&top(response, text)?).unwrap_or(text))
}

/// The payload of an envelope; `None` if the object is the payload itself.
fn data<'a>(top: &Members<'a>) -> Option<&'a str> {
    let is_envelope = || top.last("success").is_some() || top.names().all(|name| name == "data");
    top.last("data").filter(|_| is_envelope()).map(RawValue::get)
}

/// The members of an object, unless it says that the call failed.
fn top<'a>(response: &Response, json: &'a str) -> Result<Members<'a>> {
    let top = members(response, json)?;
    if is_failed(&top) { Err(said_failed(response)) } else { Ok(top) }
}

/// The text without its leading blanks.
fn first<'a>(response: &Response, text: &'a str) -> Result<&'a str> {
    let text = text.trim_start();
    if text.is_empty() { Err(unusable(response, "is empty")) } else { Ok(text) }
}

/// The members of an object.
pub(crate) fn members<'a>(response: &Response, json: &'a str) -> Result<Members<'a>> {
    read(response, json)
}

/// Whether an envelope says that the call failed.
pub(crate) fn says_failed(response: &Response) -> bool {
    Members::of(&text_of(response)).is_some_and(|top| is_failed(&top))
}

fn is_failed(top: &Members<'_>) -> bool {
    top.flag("success") == Some(false)
}

/// Whether there is an error member that is not empty.
fn says_error(top: &Members<'_>) -> bool {
    let Some(error) = top.get("error") else { return false };
    let is_empty = Elements::of(error.get()).is_some_and(|elements| elements.0.is_empty());
    top.has("error") && !is_empty && flag(error.get()) != Some(false)
}

fn said_failed(response: &Response) -> Error {
    let error = Error::invalid_response("the server says the call failed").with_status(response.status);
    described(response, error)
}

fn read<'a, T: Deserialize<'a>>(response: &Response, json: &'a str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| malformed(response, &error))
}

/// Names the position of the problem, but not the value, which serde's own message quotes.
fn malformed(response: &Response, error: &serde_json::Error) -> Error {
    let what = match error.classify() {
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "is not JSON",
        serde_json::error::Category::Eof => "is cut short",
        serde_json::error::Category::Data => "does not have the documented shape",
    };
    unusable(response, format_args!("{what} (line {}, column {})", error.line(), error.column()))
}

fn unusable(response: &Response, what: impl std::fmt::Display) -> Error {
    Error::invalid_response(format!("the server's response {what}"))
        .with_status(response.status)
        .with_request_id(response.request_id())
}

/// The error of a non-2xx response. `wall` is the local time of day, for a `Retry-After` with a date.
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

/// The error of an auth call. Auth calls name no object, so a 404, or an error body of another shape than this API's,
/// comes from somewhere else.
pub(crate) fn auth_failure_of(response: &Response, wall: Duration) -> Error {
    let error = failure_of(response, wall);
    let kind = error.kind();
    match response.status {
        404 => error.with_kind(
            kind,
            "the server has no such auth route; check the base URL for a typo or a missing path prefix",
        ),
        400 if !error.is_from_api() && wants_tls(response) => error.with_kind(
            kind,
            "the server expects TLS, and the request was plain HTTP; use https:// in the base URL",
        ),
        400 | 401 if !error.is_from_api() => error.with_kind(
            kind,
            "a server or gateway that is not this API refused the request; check the base URL",
        ),
        // A gateway has pages of its own for the others.
        402 | 405..=407 | 409..=428 if is_web_page(response) => error.with_kind(kind, WEB_PAGE),
        _ => error,
    }
}

pub(crate) const WEB_PAGE: &str =
    "the response is a web page, not one of this API; check the base URL for a typo or a missing path prefix";

pub(crate) fn is_web_page(response: &Response) -> bool {
    text_of(response).trim_start().starts_with('<')
}

/// Whether nginx, Go or Apache says that it received plain HTTP where it expects TLS.
fn wants_tls(response: &Response) -> bool {
    let text = text_of(response);
    let says = ["sent to HTTPS port", "request to an HTTPS server", "to an SSL-enabled server port"];
    says.iter().any(|says| text.contains(says))
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
        _ => (ErrorKind::InvalidResponse, "the server responded with an unexpected status"),
    }
}

/// Error pages of gateways can be large. The API's own errors are small.
const LARGEST_ERROR: usize = 64 * 1024;

/// Adds the code and message of an error body, of either shape.
fn described(response: &Response, error: Error) -> Error {
    let error = error.with_request_id(response.request_id());
    if response.body.bytes().len() > LARGEST_ERROR {
        return error;
    }
    let body = text_of(response);
    let Some(top) = Members::of(&body) else { return error };
    let beside = text(top.get("message"));
    let Some(raw) = top.get("error") else { return error.with_server_message(shown(beside.as_ref())) };
    if let Some(fields) = Members::of(raw.get()) {
        let code = text(fields.get("code")).or_else(|| text(fields.get("name")));
        let message = text(fields.get("message")).or_else(|| first_text(fields.get("messages")));
        return error.with_code(shown(code.as_ref())).with_server_message(shown(message.as_ref()));
    }
    error.with_code(shown(text(Some(raw)).as_ref())).with_server_message(shown(beside.as_ref()))
}

/// A member's text, if it is one. It is wiped, because it may repeat a secret of the request.
fn text(raw: Option<&RawValue>) -> Option<Zeroizing<String>> {
    unescape(raw?.get()).filter(|text| !text.is_empty())
}

fn shown(text: Option<&Zeroizing<String>>) -> Option<&str> {
    text.map(|text| text.as_str())
}

fn first_text(raw: Option<&RawValue>) -> Option<Zeroizing<String>> {
    text(Elements::of(raw?.get())?.0.first().copied())
}

#[cfg(test)]
mod tests;
