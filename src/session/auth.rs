//! The three wire calls of authentication: login, refresh, logout.
//!
//! Nothing outside this file can read a refresh token. Bodies are built and read in memory that is wiped, sized
//! before it is filled, and answers are parsed in place; what a body held is never part of an error.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::clock::Now;
use crate::credentials::Pair as Login;
use crate::http::json_text::unescape;
use crate::http::{self, AUTH_LIMIT, Connections, Failure, Fate, Limits, Request, Response};
use crate::token::{AccessToken, Attempt, Evidence, Expiry, times};
use crate::{Error, ErrorKind, Result};

/// A refresh token: presented in the body of one refresh, and never anywhere else.
pub(crate) struct RefreshToken {
    text: Zeroizing<String>,
    /// Closed when the session ends, also for a token that is on its way to be presented.
    connections: Arc<Connections>,
}

impl RefreshToken {
    /// The connections it arrived over and is presented over.
    pub(crate) fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.connections)
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken([redacted])")
    }
}

/// What a login or a refresh brought, before it is put to use.
#[derive(Debug)]
pub(crate) struct Minted {
    pub(crate) access: AccessToken,
    pub(crate) refresh: RefreshToken,
    pub(crate) expiry: Expiry,
}

/// The setting of one auth call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Both clocks when the call is made.
    pub(crate) sent: Now,
    pub(crate) timeout: Duration,
    /// How early the token shall be renewed.
    pub(crate) margin: Duration,
    pub(crate) random: f64,
}

/// How one auth call went, in terms that know no session.
pub(crate) type Called = Attempt<Minted, RefreshToken, Error>;

/// `POST /auth/login`.
pub(crate) fn login(connections: &Arc<Connections>, login: &Login, setting: Setting) -> Called {
    let body = object(&[("username", login.key.expose()), ("password", login.secret.expose())]);
    let scrub = |error: Error| error.redact(login.secret.expose()).redact(login.key.expose());
    let request = Request::post("/auth/login").secret_body(body).without_token();
    match send(connections, &request, setting, &[login.secret.expose(), login.key.expose()]) {
        Err(Failure { fate: Fate::NotSent, error, .. }) => Attempt::NotSent(None, error),
        Err(Failure { error, .. }) => Attempt::Unknown(scrub(error)),
        Ok(response) if response.is_success() => minted(connections, &response, setting, scrub),
        Ok(response) => {
            let error = scrub(http::failure_of(&response, setting.sent.wall));
            match response.status {
                400 | 401 => {
                    Attempt::Refused(error.with_kind(
                        ErrorKind::InvalidCredentials,
                        "the server refused the API key and secret",
                    ))
                }
                _ => refused(None, error),
            }
        }
    }
}

/// `POST /auth/refresh`. The token is given back only if the server cannot have spent it.
///
/// `last` says that it is made by a logout, for the last pair of the session.
pub(crate) fn refresh(token: RefreshToken, setting: Setting, last: bool) -> Called {
    let connections = &token.connections();
    let mut request =
        Request::post("/auth/refresh").secret_body(object(&[("refresh_token", &token.text)])).without_token();
    request.passes_closed = last;
    let scrub = |error: Error| error.redact(&token.text);
    match send(connections, &request, setting, &[&token.text]) {
        Err(Failure { fate: Fate::NotSent, error, .. }) => Attempt::NotSent(Some(token), error),
        Err(Failure { error, .. }) => Attempt::Unknown(scrub(error)),
        Ok(response) if response.is_success() => minted(connections, &response, setting, scrub),
        Ok(response) => {
            let error = scrub(http::failure_of(&response, setting.sent.wall));
            match response.status {
                400 | 401 => Attempt::Refused(error),
                _ => refused(Some(token), error),
            }
        }
    }
}

/// `POST /auth/logout`: the server revokes every token of the client, on every machine.
///
/// # Errors
/// As the server answers; 401 is for the caller to judge, for a dead token has nothing to revoke.
pub(crate) fn logout(
    connections: &Connections,
    access: &AccessToken,
    setting: Setting,
) -> Result<(), Failure> {
    let request = Request::post("/auth/logout").may_repeat().secret_response().passes_closed();
    let limits = Limits { timeout: setting.timeout, body: AUTH_LIMIT };
    let response = connections.send(&request, Some(access.header()), limits)?;
    if response.is_success() {
        return Ok(());
    }
    let error = http::failure_of(&response, setting.sent.wall).redact(access.expose());
    Err(Failure { fate: Fate::Unknown, error })
}

/// Sends a request that holds these secrets; the answer's request id does not repeat them.
fn send(
    connections: &Connections,
    request: &Request,
    setting: Setting,
    secrets: &[&str],
) -> Result<Response, Failure> {
    let limits = Limits { timeout: setting.timeout, body: AUTH_LIMIT };
    let mut response = connections.send(request, None, limits)?;
    for secret in secrets {
        response.redact(secret);
    }
    Ok(response)
}

/// An answer other than success, 400 and 401.
fn refused(token: Option<RefreshToken>, error: Error) -> Called {
    match error.kind() {
        ErrorKind::Forbidden => Attempt::Forbidden(token, error),
        ErrorKind::RateLimited => {
            let wait = error.retry_after();
            Attempt::Limited(token, wait, error)
        }
        // A login would get the same answer again. What a refresh token makes of it is not known.
        ErrorKind::NotFound | ErrorKind::InvalidRequest | ErrorKind::InvalidResponse if token.is_none() => {
            Attempt::Forbidden(None, error)
        }
        _ => Attempt::Unknown(error),
    }
}

/// A JSON object of text members, in a buffer that never has to move while it is filled.
fn object(members: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    // The longest escape of one byte is six bytes.
    let most = members.iter().map(|(name, value)| name.len() + 6 * value.len() + 6).sum::<usize>() + 2;
    let mut body = Zeroizing::new(Vec::with_capacity(most));
    for (index, (name, value)) in members.iter().enumerate() {
        body.extend_from_slice(if index == 0 { b"{\"" } else { b",\"" });
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(b"\":");
        // Writing text to a vector cannot fail.
        serde_json::to_writer(&mut *body, value).ok();
    }
    body.push(b'}');
    body
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    access_token: Option<&'a RawValue>,
    #[serde(borrow)]
    refresh_token: Option<&'a RawValue>,
    #[serde(borrow)]
    access_expires_at: Option<&'a RawValue>,
}

fn minted(
    connections: &Arc<Connections>,
    response: &Response,
    setting: Setting,
    scrub: impl FnOnce(Error) -> Error,
) -> Called {
    match parse(connections, response, setting) {
        Ok(minted) if minted.expiry.life().is_zero() => {
            Attempt::Unknown(scrub(complaint(response, "holds a token that has already expired")))
        }
        Ok(minted) => Attempt::Granted(minted),
        Err(error) => Attempt::Unknown(scrub(error)),
    }
}

fn parse(connections: &Arc<Connections>, response: &Response, setting: Setting) -> Result<Minted> {
    let answer: Answer<'_> = http::read(response, http::payload(response)?)?;
    let access = member(response, answer.access_token, "access token")?;
    let refresh = member(response, answer.refresh_token, "refresh token")?;
    let (exp, iat) = times(&access).unwrap_or_default();
    let evidence = Evidence {
        sent: setting.sent,
        server_date: response.header("date").and_then(http::http_date),
        expires_at: instant(response, answer.access_expires_at)?,
        exp,
        iat,
    };
    let expiry = Expiry::new(&evidence, setting.margin, setting.random);
    let access = AccessToken::new(&access, expiry.expires_at())
        .ok_or_else(|| complaint(response, "holds an access token that cannot be sent in a header"))?;
    let refresh = RefreshToken { text: refresh, connections: Arc::clone(connections) };
    Ok(Minted { access, refresh, expiry })
}

/// A token's text, copied once, into memory that is wiped.
fn member(response: &Response, raw: Option<&RawValue>, name: &str) -> Result<Zeroizing<String>> {
    raw.and_then(|raw| unescape(raw.get()))
        .filter(|text| !text.is_empty())
        .ok_or_else(|| complaint(response, &format!("holds no {name}")))
}

/// `access_expires_at`, which may be missing or null; anything else must be an instant.
fn instant(response: &Response, raw: Option<&RawValue>) -> Result<Option<OffsetDateTime>> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else { return Ok(None) };
    unescape(raw.get())
        .and_then(|text| moment(&text))
        .map(Some)
        .ok_or_else(|| complaint(response, "holds an expiry time that is not RFC 3339"))
}

/// A moment in RFC 3339. A leap second may be written in any minute and is read as the second before it: the parser
/// takes one only where the calendar can have one, but a login must not fail for that.
fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| {
        let (minute, rest) = (text.get(..17)?, text.get(17..)?.strip_prefix("60")?);
        OffsetDateTime::parse(&format!("{minute}59{rest}"), &Rfc3339).ok()
    })
}

fn complaint(response: &Response, what: &str) -> Error {
    Error::invalid_response(format!("the server's answer {what}"))
        .with_status(response.status)
        .with_request_id(response.request_id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_built_without_moving() {
        let body = object(&[("username", "k\"ey"), ("password", "\u{1}\u{1}\u{1}")]);
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            r#"{"username":"k\"ey","password":"\u0001\u0001\u0001"}"#
        );
        assert!(body.len() <= body.capacity());
    }

    #[test]
    fn a_leap_second_is_read_in_any_minute_and_nothing_else_out_of_range_is() {
        for (text, second_before) in [
            ("2026-06-30T23:59:60Z", "2026-06-30T23:59:59Z"),
            ("2026-11-22T23:59:60Z", "2026-11-22T23:59:59Z"),
            ("2026-11-22T23:59:60.75Z", "2026-11-22T23:59:59.75Z"),
            ("2026-11-23T01:29:60+01:30", "2026-11-22T23:59:59Z"),
        ] {
            let (read, before) = (moment(text).unwrap(), moment(second_before).unwrap());
            assert_eq!(read.unix_timestamp(), before.unix_timestamp(), "{text}");
        }
        for text in ["2026-11-22T23:59:61Z", "2026-11-22T23:60:60Z", "2026-11-22T23:59:60", "60", "", "é"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
