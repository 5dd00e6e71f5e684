//! Login, rotation and revocation: which tokens live, and what was done with the dead ones.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use super::call::Call;
use super::reply::{Answer, Refusal, Reply};
use super::state::State;
use super::wire::{after, hex, whole};
use crate::clock::random_bytes;

/// The client every login is for.
const CLIENT: i64 = 77;

pub(super) struct Auth {
    pub(super) key: String,
    pub(super) secret: String,
    pub(super) access_life: Duration,
    pub(super) refresh_life: Duration,
    /// Whether answers say when the access token ends.
    pub(super) says_expiry: bool,
    /// Whether tokens are without any claims to read.
    pub(super) opaque: bool,
    access: HashMap<String, Grant>,
    refresh: HashMap<String, Grant>,
    presented: HashSet<String>,
    sets: u64,
    pub(super) logins: u64,
    pub(super) refreshes: u64,
    pub(super) dead_token_calls: u64,
    pub(super) presented_twice: u64,
}

/// What a token is good for.
#[derive(Clone, Copy)]
struct Grant {
    /// The login it descends from: a refresh kills the access token of its own set only.
    set: u64,
    expires: OffsetDateTime,
}

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_expires_at: Option<String>,
    refresh_expires_at: String,
    client_id: i64,
}

#[derive(Deserialize)]
struct RefreshBody {
    #[serde(default)]
    refresh_token: String,
}

impl Auth {
    pub(super) fn new() -> Self {
        Auth {
            key: format!("key_{}", hex(&random_bytes::<8>())),
            secret: format!("secret_{}", hex(&random_bytes::<16>())),
            access_life: Duration::from_secs(3600),
            refresh_life: Duration::from_secs(7 * 86_400),
            says_expiry: true,
            opaque: false,
            access: HashMap::new(),
            refresh: HashMap::new(),
            presented: HashSet::new(),
            sets: 0,
            logins: 0,
            refreshes: 0,
            dead_token_calls: 0,
            presented_twice: 0,
        }
    }

    pub(super) fn is_live(&self, access_token: &str, now: OffsetDateTime) -> bool {
        self.access.get(access_token).is_some_and(|grant| grant.expires > now)
    }

    pub(super) fn live_access_tokens(&self, now: OffsetDateTime) -> usize {
        self.access.values().filter(|grant| grant.expires > now).count()
    }

    pub(super) fn revoke_access(&mut self) {
        self.access.clear();
    }

    pub(super) fn revoke_all(&mut self) {
        self.access.clear();
        self.refresh.clear();
    }

    /// Notes that a refresh token arrived, whatever becomes of the request. Returns it if this is the first time.
    pub(super) fn present(&mut self, call: &Call) -> Option<String> {
        let token = call.json::<RefreshBody>().ok()?.refresh_token;
        if token.is_empty() {
            return None;
        }
        if self.presented.insert(token.clone()) {
            return Some(token);
        }
        self.presented_twice += 1;
        None
    }

    /// Forgets a presentation that was turned away unseen (403, 429): the token may come again.
    pub(super) fn forgive(&mut self, token: &str) {
        self.presented.remove(token);
    }
}

impl State {
    fn mint(&mut self, set: u64) -> Reply {
        let now = self.now();
        let access_expires = whole(after(now, self.auth.access_life));
        let refresh_expires = whole(after(now, self.auth.refresh_life));
        let access_token = self.token("access", access_expires);
        let refresh_token = self.token("refresh", refresh_expires);
        self.auth.access.insert(access_token.clone(), Grant { set, expires: access_expires });
        self.auth.refresh.insert(refresh_token.clone(), Grant { set, expires: refresh_expires });
        Reply::enveloped(&Tokens {
            access_token,
            refresh_token,
            access_expires_at: self.auth.says_expiry.then(|| self.stamp(access_expires)),
            refresh_expires_at: self.stamp(refresh_expires),
            client_id: CLIENT,
        })
    }

    /// A token that reads like a JWT; its signature is random, so that it cannot be guessed.
    fn token(&self, kind: &str, expires: OffsetDateTime) -> String {
        if self.auth.opaque {
            return format!("{kind}_{}", hex(&random_bytes::<24>()));
        }
        let claims = json!({
            "sub": CLIENT.to_string(),
            "typ": kind,
            "iat": self.shown(self.now()).unix_timestamp(),
            "exp": self.shown(expires).unix_timestamp(),
            "jti": hex(&random_bytes::<8>()),
        });
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signature = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        format!("{head}.{claims}.{signature}")
    }
}

pub(super) fn login(state: &mut State, call: &Call) -> Answer {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        username: String,
        #[serde(default)]
        password: String,
    }
    let body: Body = call.json()?;
    if body.username.is_empty() || body.password.is_empty() {
        return Err(Refusal::validation("Username and password are required"));
    }
    if body.username != state.auth.key || body.password != state.auth.secret {
        return Err(Refusal::unauthorized("Invalid credentials"));
    }
    state.auth.logins += 1;
    state.auth.sets += 1;
    Ok(state.mint(state.auth.sets))
}

pub(super) fn refresh(state: &mut State, call: &Call) -> Answer {
    let body: RefreshBody = call.json()?;
    if body.refresh_token.is_empty() {
        return Err(Refusal::validation("Refresh token is required"));
    }
    let now = state.now();
    // Whether it lives or not, a token that was presented is gone.
    let grant = state.auth.refresh.remove(&body.refresh_token).filter(|grant| grant.expires > now);
    let grant = grant.ok_or_else(|| Refusal::unauthorized("Invalid refresh token"))?;
    state.auth.access.retain(|_, other| other.set != grant.set);
    state.auth.refreshes += 1;
    Ok(state.mint(grant.set))
}

#[expect(clippy::unnecessary_wraps, reason = "every handler has the same signature")]
pub(super) fn logout(state: &mut State, _: &Call) -> Answer {
    state.auth.revoke_all();
    Ok(Reply::enveloped(&json!({ "message": "Successfully logged out" })))
}

/// Refuses a call without a live access token.
pub(super) fn authorize(state: &State, call: &Call) -> Result<(), Refusal> {
    let token = call.bearer().ok_or_else(|| Refusal::unauthorized("Authorization header required"))?;
    if state.auth.is_live(token, state.now()) {
        return Ok(());
    }
    Err(Refusal::unauthorized("Invalid or expired access token"))
}
