//! What an answer means: bare or enveloped successes, both shapes of errors, and what is not JSON at all.
//!
//! The platform publishes one wire format under several labels, and their documents disagree; contract section 9
//! lists the variants, and all of them are read here.

mod lists;

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

pub(crate) use lists::{Listed, Listing, list_of, page_of};

use super::Response;
use super::retry_after;
use crate::model::{Entries, Identified, Members, Mended, Model, flag, mended, unescape};
use crate::{Error, ErrorKind, Result};

/// The body as JSON text.
pub(crate) fn text_of(response: &Response) -> Mended<'_> {
    mended(response.body.bytes())
}

/// One object, bare or as `{"success":true,"data":{..}}`.
pub(crate) fn object_of<T: Model>(response: &Response) -> Result<T> {
    let text = text_of(response);
    let object = object(response, &text)?;
    T::read(&object).map_err(|odd| {
        // An order may have a member of this name, so it is only looked at where there is no object.
        if says_error(&object) { said_failed(response) } else { unusable(response, odd) }
    })
}

fn object<'a>(response: &Response, text: &'a str) -> Result<Members<'a>> {
    let top = top(response, first(response, text)?)?;
    Ok(data(&top).map(|data| members(response, data)).transpose()?.unwrap_or(top))
}

/// One object, which has to be the one with this id.
pub(crate) fn one_of<T: Model + Identified>(response: &Response, id: i64) -> Result<T> {
    let object: T = object_of(response)?;
    if object.id() == id { Ok(object) } else { Err(unusable(response, "is about another object")) }
}

/// Whatever a caller can make of it, bare or as `{"success":true,"data":..}`.
///
/// A success without a body is `null`, for the types that can be.
pub(crate) fn value_of<T: DeserializeOwned>(response: &Response) -> Result<T> {
    let text = text_of(response);
    if text.trim().is_empty()
        && let Ok(null) = serde_json::from_str("null")
    {
        return Ok(null);
    }
    read(response, payload(response, &text)?)
}

/// Nothing but whether the call is said to have failed after all.
pub(crate) fn nothing_of(response: &Response) -> Result<()> {
    let text = text_of(response);
    let failed = Members::of(&text).is_some_and(|top| is_failed(&top) || says_error(&top));
    if failed { Err(said_failed(response)) } else { Ok(()) }
}

/// The payload inside an envelope, or all of the text if there is none.
pub(crate) fn payload<'a>(response: &Response, text: &'a str) -> Result<&'a str> {
    if !first(response, text)?.starts_with('{') {
        return Ok(text);
    }
    Ok(data(&top(response, text)?).unwrap_or(text))
}

/// The payload of an envelope; none if the object is the payload itself.
fn data<'a>(top: &Members<'a>) -> Option<&'a str> {
    let is_envelope = || top.last("success").is_some() || top.names().all(|name| name == "data");
    top.last("data").filter(|_| is_envelope()).map(RawValue::get)
}

/// The members of an object that does not say that the call failed.
fn top<'a>(response: &Response, json: &'a str) -> Result<Members<'a>> {
    let top = members(response, json)?;
    if is_failed(&top) { Err(said_failed(response)) } else { Ok(top) }
}

/// The text from its first character that is not blank.
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

/// Whether there is an error that is more than an empty member.
fn says_error(top: &Members<'_>) -> bool {
    let Some(error) = top.get("error") else { return false };
    let is_empty = Entries::of(error.get()).is_some_and(|entries| entries.0.is_empty());
    top.has("error") && !is_empty && flag(error.get()) != Some(false)
}

fn said_failed(response: &Response) -> Error {
    let error = Error::invalid_response("the server says the call failed").with_status(response.status);
    described(response, error)
}

fn read<'a, T: Deserialize<'a>>(response: &Response, json: &'a str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| malformed(response, &error))
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
    Error::invalid_response(format!("the server's response {what}"))
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

/// A member's text, if it is a text. It is wiped, because it may repeat what was sent.
fn text(raw: Option<&RawValue>) -> Option<Zeroizing<String>> {
    unescape(raw?.get()).filter(|text| !text.is_empty())
}

fn shown(text: Option<&Zeroizing<String>>) -> Option<&str> {
    text.map(|text| text.as_str())
}

fn first_text(raw: Option<&RawValue>) -> Option<Zeroizing<String>> {
    text(Entries::of(raw?.get())?.0.first().copied())
}

#[cfg(test)]
mod tests;
