//! The three calls of authentication: login, refresh, logout.
//!
//! Only this file, and the token store, can read a refresh token. Bodies are built in buffers of their final size, which are wiped, and
//! responses are parsed in place. An error never quotes a body.

use std::time::Duration;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::ErrorKind::{InvalidCredentials, InvalidResponse};
use crate::api::auth::{LOGIN, LOGOUT, REFRESH};
use crate::clock::Reading;
use crate::credentials::Login;
use crate::http::json_text::unescape;
use crate::http::{self, AUTH_LIMIT, Connections, Fate, Limits, Request, Response};
use crate::model::{http_date, instant};
use crate::token::{self, AccessToken, AuthError, Evidence, Expiry, Failure, TokenPair, times};
use crate::{Error, Result};

/// A refresh token. It is sent in the body of one refresh, kept in the token store, and goes nowhere else.
pub(crate) struct RefreshToken(Zeroizing<String>);

impl RefreshToken {
    pub(super) fn from_store(text: Zeroizing<String>) -> Self {
        RefreshToken(text)
    }

    /// Returns the text, to be encrypted for the token store.
    pub(super) fn for_store(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken([redacted])")
    }
}

/// The clock readings and limits of one auth call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// Both clocks when the call is made.
    pub(super) sent: Reading,
    pub(super) timeout: Duration,
    /// How long before its end the token is renewed.
    pub(super) margin: Duration,
    pub(super) random: f64,
}

pub(super) type PairResult = token::AuthResult<AccessToken, RefreshToken>;

/// `POST /auth/login`.
pub(super) fn login(connections: &Connections, login: &Login, setting: Setting) -> PairResult {
    let body = object(&[("username", login.key.expose()), ("password", login.secret.expose())]);
    let request = Request::new(LOGIN).secret_body(body);
    let secrets = [login.secret.expose(), login.key.expose()];
    let response = send(connections, &request, setting, &secrets)?;
    minted(&response, setting).map_err(|error| {
        let error = secrets.iter().fold(error, |error, secret| error.redact(secret)).with_route(&LOGIN);
        match failure_of(&response, &error) {
            // A gateway sends 401 too. Only the API's own error body blames the credentials.
            Failure::Refused
                if response.status == 401 && error.is_from_api() || denies(&response, &error) =>
            {
                let message = "the server refused the API key and secret";
                AuthError { failure: Failure::Refused, error: error.with_kind(InvalidCredentials, message) }
            }
            Failure::Refused => AuthError { failure: Failure::Forbidden, error },
            Failure::Unusable if (400..500).contains(&response.status) => {
                AuthError { failure: Failure::Forbidden, error }
            }
            failure => AuthError { failure, error },
        }
    })
}

/// `POST /auth/refresh`. `last` says that a logout makes the call.
pub(super) fn refresh(
    connections: &Connections,
    token: &RefreshToken,
    setting: Setting,
    last: bool,
) -> PairResult {
    let mut request = Request::new(REFRESH).secret_body(object(&[("refresh_token", &token.0)]));
    request.passes_closed = last;
    let response = send(connections, &request, setting, &[&token.0])?;
    minted(&response, setting).map_err(|error| {
        let error = error.redact(&token.0).with_route(&REFRESH);
        AuthError { failure: failure_of(&response, &error), error }
    })
}

/// `POST /auth/logout`: the server revokes every token of the client, on every machine.
///
/// # Errors
/// Any failure of the call. The caller judges a 401: an expired token has nothing to revoke.
pub(super) fn logout(
    connections: &Connections,
    access: &AccessToken,
    setting: Setting,
) -> Result<(), http::SendError> {
    let request = Request::new(LOGOUT).passes_closed();
    let limits = Limits { timeout: setting.timeout, body: AUTH_LIMIT };
    let sent = connections.send(&request, Some(access.header()), limits).and_then(|response| {
        if response.is_success() {
            return Ok(());
        }
        let error = http::auth_failure_of(&response, setting.sent.wall).redact(access.expose());
        Err(http::SendError { fate: Fate::of(&error), error })
    });
    sent.map_err(|lost| http::SendError { error: lost.error.with_route(&LOGOUT), ..lost })
}

/// Sends a request and removes these secrets from the error or the request id, in case the server repeats them.
fn send(
    connections: &Connections,
    request: &Request,
    setting: Setting,
    secrets: &[&str],
) -> Result<Response, AuthError> {
    let limits = Limits { timeout: setting.timeout, body: AUTH_LIMIT };
    let mut response = connections.send(request, None, limits).map_err(|lost| AuthError {
        failure: match lost.fate {
            Fate::NotSent => Failure::NotSent,
            Fate::Unsendable => Failure::Unsendable,
            Fate::Unknown => Failure::Unknown { from_api: false, retry_after: Duration::ZERO },
            Fate::Complete | Fate::Limited => Failure::Unusable,
        },
        error: secrets
            .iter()
            .fold(lost.error, |error, secret| error.redact(secret))
            .with_route(&request.route),
    })?;
    for secret in secrets {
        response.redact(secret);
    }
    Ok(response)
}

/// What a response without a token pair means for the token that was presented.
fn failure_of(response: &Response, error: &Error) -> Failure {
    let retry_after = error.retry_after().unwrap_or_default();
    match response.status {
        400 | 401 => Failure::Refused,
        _ if denies(response, error) => Failure::Refused,
        403 => Failure::Forbidden,
        429 => Failure::Limited { retry_after },
        // From a gateway: the API did not see the call, so it did not count it.
        502..=504 => Failure::Unknown { from_api: false, retry_after },
        408 | 500..=599 => Failure::Unknown { from_api: true, retry_after },
        _ => Failure::Unusable,
    }
}

/// Whether the API refuses the credentials or the token, with any status.
fn denies(response: &Response, error: &Error) -> bool {
    let is_unauthorized = error.code().is_some_and(|code| code.eq_ignore_ascii_case("UNAUTHORIZED"));
    is_unauthorized && (response.is_success() || http::says_failed(response))
}

/// Builds a JSON object of text members in a buffer that never reallocates.
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

/// Reads the token pair from a response.
fn minted(response: &Response, setting: Setting) -> Result<TokenPair<AccessToken, RefreshToken>> {
    let refusal = || http::auth_failure_of(response, setting.sent.wall);
    if !response.is_success() {
        return Err(refusal());
    }
    read_pair(response, setting).map_err(|error| match error.code() {
        // An error body under a 2xx status, with or without `success: false`.
        None if refusal().is_from_api() => {
            refusal().with_kind(InvalidResponse, "the server says the call failed")
        }
        None if http::is_web_page(response) => error.with_kind(InvalidResponse, http::WEB_PAGE),
        _ => error,
    })
}

fn read_pair(response: &Response, setting: Setting) -> Result<TokenPair<AccessToken, RefreshToken>> {
    let text = http::text_of(response);
    let members = http::members(response, http::payload(response, &text)?)?;
    let access =
        member(members.get("access_token")).ok_or_else(|| complaint(response, "holds no access token"))?;
    let (exp, iat) = times(&access).unwrap_or_default();
    let evidence = Evidence {
        sent: setting.sent,
        server_date: response.header("date").and_then(|date| http_date(date, setting.sent.wall)),
        expires_at: members.get("access_expires_at").and_then(instant),
        exp,
        iat,
    };
    let expiry = Expiry::new(&evidence, setting.margin, setting.random);
    if expiry.life().is_zero() {
        return Err(complaint(response, "holds a token that has already expired"));
    }
    let access = AccessToken::new(&access, expiry.expires_at())
        .ok_or_else(|| complaint(response, "holds an access token that cannot be sent in a header"))?;
    Ok(TokenPair { access, refresh: member(members.get("refresh_token")).map(RefreshToken), expiry })
}

/// Copies a token's text once, into memory that is wiped.
fn member(raw: Option<&RawValue>) -> Option<Zeroizing<String>> {
    unescape(raw?.get()).filter(|text| !text.is_empty())
}

fn complaint(response: &Response, what: &str) -> Error {
    Error::invalid_response(format!("the server's response {what}"))
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
