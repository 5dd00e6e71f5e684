//! Login, refresh and logout, and the tokens they issue and revoke.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use super::api_error::ApiError;
use super::routes::{ApiRoute, QuotaClass};
use super::server_request::ServerRequest;
use super::server_response::{HandlerResult, ServerResponse};
use super::server_state::ServerState;
use super::timestamps::{after, whole_seconds};
use crate::clock::random_bytes;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute::new("POST /auth/login", QuotaClass::Login, login),
    ApiRoute::new("POST /auth/refresh", QuotaClass::Refresh, refresh),
    ApiRoute::new("POST /auth/logout", QuotaClass::Unlimited, logout),
];

const CLIENT_ID: i64 = 77;

pub(super) struct Auth {
    pub(super) key: String,
    pub(super) secret: String,
    pub(super) access_life: Duration,
    pub(super) refresh_life: Duration,
    /// Whether responses contain `access_expires_at`.
    pub(super) sends_expiry: bool,
    /// Whether new tokens are random text instead of JWTs.
    pub(super) opaque: bool,
    access_tokens: HashMap<String, TokenRecord>,
    refresh_tokens: HashMap<String, TokenRecord>,
    presented_refresh_tokens: HashSet<String>,
    token_sets: u64,
    pub(super) logins: u64,
    pub(super) refreshes: u64,
    pub(super) dead_token_calls: u64,
    pub(super) presented_twice: u64,
}

#[derive(Clone, Copy)]
struct TokenRecord {
    /// The login this token descends from. A refresh revokes the access tokens of its own set only.
    token_set: u64,
    expires: OffsetDateTime,
}

#[derive(Serialize)]
struct TokensResponse {
    access_token: String,
    refresh_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_expires_at: Option<String>,
    refresh_expires_at: String,
    client_id: i64,
}

#[derive(Deserialize)]
struct RefreshRequest {
    #[serde(default)]
    refresh_token: String,
}

impl Auth {
    pub(super) fn new() -> Self {
        Auth {
            key: format!("key_{:016x}", u64::from_ne_bytes(random_bytes())),
            secret: format!("secret_{:032x}", u128::from_ne_bytes(random_bytes())),
            access_life: Duration::from_secs(3600),
            refresh_life: Duration::from_secs(7 * 86_400),
            sends_expiry: true,
            opaque: false,
            access_tokens: HashMap::new(),
            refresh_tokens: HashMap::new(),
            presented_refresh_tokens: HashSet::new(),
            token_sets: 0,
            logins: 0,
            refreshes: 0,
            dead_token_calls: 0,
            presented_twice: 0,
        }
    }

    pub(super) fn is_live(&self, access_token: &str, now: OffsetDateTime) -> bool {
        self.access_tokens.get(access_token).is_some_and(|token| token.expires > now)
    }

    pub(super) fn live_access_tokens(&self, now: OffsetDateTime) -> usize {
        self.access_tokens.values().filter(|token| token.expires > now).count()
    }

    pub(super) fn revoke_access(&mut self) {
        self.access_tokens.clear();
    }

    pub(super) fn revoke_all(&mut self) {
        self.access_tokens.clear();
        self.refresh_tokens.clear();
    }

    /// Records the refresh token of a request. Returns it if it was not presented before.
    pub(super) fn record_presented(&mut self, request: &ServerRequest) -> Option<String> {
        let token = request.json::<RefreshRequest>().ok()?.refresh_token;
        if token.is_empty() {
            return None;
        }
        if self.presented_refresh_tokens.insert(token.clone()) {
            return Some(token);
        }
        self.presented_twice += 1;
        None
    }

    /// Forgets a refresh token that the server did not read (403, 429). The client may present it again.
    pub(super) fn forget_presented(&mut self, token: &str) {
        self.presented_refresh_tokens.remove(token);
    }
}

impl ServerState {
    fn issue_tokens(&mut self, token_set: u64) -> ServerResponse {
        let now = self.now();
        let access_expires = whole_seconds(after(now, self.auth.access_life));
        let refresh_expires = whole_seconds(after(now, self.auth.refresh_life));
        let access_token = self.new_token("access", access_expires);
        let refresh_token = self.new_token("refresh", refresh_expires);
        let record = |expires| TokenRecord { token_set, expires };
        self.auth.access_tokens.insert(access_token.clone(), record(access_expires));
        self.auth.refresh_tokens.insert(refresh_token.clone(), record(refresh_expires));
        ServerResponse::enveloped(&TokensResponse {
            access_token,
            refresh_token,
            access_expires_at: self.auth.sends_expiry.then(|| self.timestamp(access_expires)),
            refresh_expires_at: self.timestamp(refresh_expires),
            client_id: CLIENT_ID,
        })
    }

    /// Creates a token. A JWT gets a random signature, which makes it unguessable.
    fn new_token(&self, kind: &str, expires: OffsetDateTime) -> String {
        if self.auth.opaque {
            return format!("{kind}_{:032x}", u128::from_ne_bytes(random_bytes()));
        }
        let claims = json!({
            "sub": CLIENT_ID.to_string(),
            "typ": kind,
            "iat": self.skewed(self.now()).unix_timestamp(),
            "exp": self.skewed(expires).unix_timestamp(),
            "jti": format!("{:016x}", u64::from_ne_bytes(random_bytes())),
        });
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signature = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        format!("{header}.{claims}.{signature}")
    }
}

fn login(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    #[derive(Deserialize)]
    struct LoginRequest {
        #[serde(default)]
        username: String,
        #[serde(default)]
        password: String,
    }
    let input: LoginRequest = request.json()?;
    if input.username.is_empty() || input.password.is_empty() {
        return Err(ApiError::validation("Username and password are required"));
    }
    if input.username != state.auth.key || input.password != state.auth.secret {
        return Err(ApiError::unauthorized("Invalid credentials"));
    }
    state.auth.logins += 1;
    state.auth.token_sets += 1;
    Ok(state.issue_tokens(state.auth.token_sets))
}

fn refresh(state: &mut ServerState, request: &ServerRequest) -> HandlerResult {
    let input: RefreshRequest = request.json()?;
    if input.refresh_token.is_empty() {
        return Err(ApiError::validation("Refresh token is required"));
    }
    let now = state.now();
    // A presented token is used up, even if it has expired.
    let token = state.auth.refresh_tokens.remove(&input.refresh_token).filter(|token| token.expires > now);
    let token = token.ok_or_else(|| ApiError::unauthorized("Invalid refresh token"))?;
    state.auth.access_tokens.retain(|_, other| other.token_set != token.token_set);
    state.auth.refreshes += 1;
    Ok(state.issue_tokens(token.token_set))
}

#[expect(clippy::unnecessary_wraps, reason = "every handler has the same signature")]
fn logout(state: &mut ServerState, _: &ServerRequest) -> HandlerResult {
    state.auth.revoke_all();
    Ok(ServerResponse::enveloped(&json!({ "message": "Successfully logged out" })))
}

/// Rejects a request without a valid access token.
pub(super) fn authorize(state: &ServerState, request: &ServerRequest) -> Result<(), ApiError> {
    let token = request.bearer().ok_or_else(|| ApiError::unauthorized("Authorization header required"))?;
    if state.auth.is_live(token, state.now()) {
        return Ok(());
    }
    Err(ApiError::unauthorized("Invalid or expired access token"))
}
