//! The three wire calls of authentication: login, refresh, logout.
//!
//! Nothing outside this file can read a refresh token. Bodies are built and read in memory that is wiped, sized
//! before it is filled, and answers are parsed in place; what a body held is never part of an error.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::clock::Now;
use crate::credentials::Pair as Login;
use crate::http::{self, AUTH_LIMIT, Failure, Fate, Limits, Request, Response, SendGate, Wire};
use crate::model::{http_date, instant, unescape};
use crate::token::{AccessToken, Attempt, Evidence, Expiry, times};
use crate::{Error, ErrorKind, Result};

/// A refresh token: presented in the body of one refresh, and never anywhere else.
pub(crate) struct RefreshToken {
    text: Zeroizing<String>,
    /// Shut when the session ends, also for a token that is on its way to be presented.
    gate: Arc<SendGate>,
}

impl RefreshToken {
    /// Puts the token behind the gate of the access token it came with.
    pub(crate) fn behind(self, gate: Arc<SendGate>) -> Self {
        RefreshToken { gate, ..self }
    }

    pub(crate) fn gate(&self) -> Arc<SendGate> {
        Arc::clone(&self.gate)
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
pub(crate) fn login(wire: &Wire, login: &Login, setting: Setting) -> Called {
    let body = object(&[("username", login.key.expose()), ("password", login.secret.expose())]);
    let scrub = |error: Error| error.redact(login.secret.expose()).redact(login.key.expose());
    let request = Request::post("/auth/login").secret_body(body).without_token();
    match send(wire, &request, setting, &[login.secret.expose(), login.key.expose()]) {
        Err(Failure { fate: Fate::NotSent, error, .. }) => Attempt::NotSent(None, error),
        Err(Failure { error, .. }) => Attempt::Unknown(scrub(error)),
        Ok(response) if response.is_success() => minted(&response, setting, scrub),
        Ok(response) => {
            let error = scrub(http::auth_failure_of(&response, setting.sent.wall));
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
pub(crate) fn refresh(wire: &Wire, token: RefreshToken, setting: Setting) -> Called {
    let request =
        Request::post("/auth/refresh").secret_body(object(&[("refresh_token", &token.text)])).without_token();
    let scrub = |error: Error| error.redact(&token.text);
    match send(wire, &request, setting, &[&token.text]) {
        Err(Failure { fate: Fate::NotSent, error, .. }) => Attempt::NotSent(Some(token), error),
        Err(Failure { error, .. }) => Attempt::Unknown(scrub(error)),
        Ok(response) if response.is_success() => minted(&response, setting, scrub),
        Ok(response) => {
            let error = scrub(http::auth_failure_of(&response, setting.sent.wall));
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
pub(crate) fn logout(wire: &Wire, access: &AccessToken, setting: Setting) -> Result<(), Failure> {
    let request = Request::post("/auth/logout").may_repeat();
    let limits = Limits { timeout: setting.timeout, body: AUTH_LIMIT };
    let response = wire.send(&request, Some(access.header()), limits)?;
    if response.is_success() {
        return Ok(());
    }
    let error = http::auth_failure_of(&response, setting.sent.wall).redact(access.expose());
    Err(Failure { fate: Fate::Unknown, stale: false, error })
}

/// Sends a request that holds these secrets; the answer's request id does not repeat them.
fn send(wire: &Wire, request: &Request, setting: Setting, secrets: &[&str]) -> Result<Response, Failure> {
    let mut response = wire.send(request, None, Limits { timeout: setting.timeout, body: AUTH_LIMIT })?;
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

fn minted(response: &Response, setting: Setting, scrub: impl FnOnce(Error) -> Error) -> Called {
    match parse(response, setting) {
        Ok(minted) if minted.expiry.life().is_zero() => {
            Attempt::Unknown(scrub(complaint(response, "holds a token that has already expired")))
        }
        Ok(minted) => Attempt::Granted(minted),
        Err(error) => Attempt::Unknown(scrub(error)),
    }
}

fn parse(response: &Response, setting: Setting) -> Result<Minted> {
    let answer: Answer<'_> = http::read(response, http::payload(response)?)?;
    let access = member(response, answer.access_token, "access token")?;
    let refresh = member(response, answer.refresh_token, "refresh token")?;
    let (exp, iat) = times(&access).unwrap_or_default();
    let evidence = Evidence {
        sent: setting.sent,
        server_date: response.header("date").and_then(|date| http_date(date, setting.sent.wall)),
        expires_at: answer.access_expires_at.and_then(instant),
        exp,
        iat,
    };
    let expiry = Expiry::new(&evidence, setting.margin, setting.random);
    let access = AccessToken::new(&access, expiry.expires_at())
        .ok_or_else(|| complaint(response, "holds an access token that cannot be sent in a header"))?;
    Ok(Minted { access, refresh: RefreshToken { text: refresh, gate: Arc::default() }, expiry })
}

/// A token's text, copied once, into memory that is wiped.
fn member(response: &Response, raw: Option<&RawValue>, name: &str) -> Result<Zeroizing<String>> {
    raw.and_then(|raw| unescape(raw.get()))
        .filter(|text| !text.is_empty())
        .ok_or_else(|| complaint(response, &format!("holds no {name}")))
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
}
