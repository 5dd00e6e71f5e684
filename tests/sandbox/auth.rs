//! Tokens are issued, rotated, revoked and expire.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use popup_rewards::Clock;
use popup_rewards::sandbox::{Fault, Sandbox};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use ureq::http::Method;

use super::client::{Client, ClientResponse};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_login_returns_both_tokens_with_their_expiry_in_an_envelope() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let response = Client::new(&sandbox).login(&sandbox)?;
    assert_eq!(response.status, 200);
    assert_eq!(response.json()?["success"], json!(true));
    let data = response.data()?;
    assert_eq!(data["client_id"], json!(77));
    let sent = date_of(&response)?;
    assert!(is_life(expiry(&data, "access_expires_at")? - sent, 3600));
    assert!(is_life(expiry(&data, "refresh_expires_at")? - sent, 7 * 86_400));
    assert_eq!((sandbox.logins(), sandbox.live_access_tokens()), (1, 1));
    Ok(())
}

#[test]
fn an_access_token_is_a_jwt() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let data = Client::new(&sandbox).login(&sandbox)?.data()?;
    let parts: Vec<&str> = data["access_token"].as_str().context("no token")?.split('.').collect();
    assert_eq!(parts.len(), 3);
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1])?)?;
    let expires = claims["exp"].as_i64().context("no exp")?;
    assert_eq!(expires, expiry(&data, "access_expires_at")?.unix_timestamp());
    let issued = claims["iat"].as_i64().context("no iat")?;
    assert!(is_life(time::Duration::seconds(expires - issued), 3600));
    Ok(())
}

#[test]
fn each_kind_of_invalid_login_has_its_own_error() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::new(&sandbox);
    let key = sandbox.username();
    let login = |username: &str, password: &str| {
        client.post("/auth/login", &json!({ "username": username, "password": password }))
    };
    let wrong = login(key.expose(), "wrong")?;
    assert_eq!(wrong.refusal()?, (401, "UNAUTHORIZED".to_owned()));
    assert_eq!(wrong.message()?, "Invalid credentials");
    assert_eq!(login(key.expose(), "")?.refusal()?, (400, "VALIDATION_FAILURE".to_owned()));
    assert_eq!(client.post("/auth/login", &json!({}))?.refusal()?, (400, "VALIDATION_FAILURE".to_owned()));
    let broken = client.send(Method::POST, "/auth/login", Some("{"))?;
    assert_eq!(broken.refusal()?, (400, "SYNTAX_ERROR".to_owned()));
    assert_eq!((sandbox.logins(), sandbox.calls("POST /auth/login")), (0, 4));
    Ok(())
}

#[test]
fn only_the_new_password_logs_in_after_a_change() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    let old = sandbox.password();
    sandbox.change_password("another");
    let body = json!({ "username": sandbox.username().expose(), "password": old.expose() });
    assert_eq!(client.post("/auth/login", &body)?.status, 401);
    assert_eq!(client.login(&sandbox)?.status, 200);
    assert_eq!(client.get("/api/v1/currencies")?.status, 200);
    Ok(())
}

#[test]
fn a_refresh_replaces_both_tokens_at_once() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::new(&sandbox);
    let other = client.login(&sandbox)?.data()?;
    let old = client.login(&sandbox)?.data()?;
    let new = client.refresh(&old)?.data()?;
    assert!(!client.accepts(&old)?);
    assert!(client.accepts(&new)?);
    assert!(client.accepts(&other)?, "the tokens of another login stay valid");
    let again = client.refresh(&old)?;
    assert_eq!(again.refusal()?, (401, "UNAUTHORIZED".to_owned()));
    assert_eq!(again.message()?, "Invalid refresh token");
    assert_eq!((sandbox.refreshes(), sandbox.refresh_tokens_presented_twice()), (1, 1));
    assert_eq!(client.post("/auth/refresh", &json!({}))?.refusal()?.1, "VALIDATION_FAILURE");
    Ok(())
}

#[test]
fn a_refresh_token_counts_as_presented_unless_refused_with_429_or_403() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::new(&sandbox);
    let tokens = client.login(&sandbox)?.data()?;
    for fault in [Fault::RateLimited(1), Fault::Status(403)] {
        sandbox.fault("POST /auth/refresh", fault);
        client.refresh(&tokens)?;
    }
    sandbox.deny_addresses(true);
    assert_eq!(client.refresh(&tokens)?.status, 403);
    sandbox.deny_addresses(false);
    assert_eq!(sandbox.refresh_tokens_presented_twice(), 0);
    sandbox.fault("POST /auth/refresh", Fault::CloseBefore);
    client.refresh(&tokens).err().context("the connection should have been closed")?;
    assert_eq!(sandbox.refresh_tokens_presented_twice(), 0);
    assert_eq!(client.refresh(&tokens)?.status, 200);
    assert_eq!(sandbox.refresh_tokens_presented_twice(), 1);
    Ok(())
}

#[test]
fn a_logout_revokes_every_token_of_the_client() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let mut client = Client::new(&sandbox);
    let (one, two) = (client.login(&sandbox)?.data()?, client.login(&sandbox)?.data()?);
    assert_eq!(client.post("/auth/logout", &json!({}))?.message()?, "Authorization header required");
    client.token = one["access_token"].as_str().map(str::to_owned);
    let response = client.send(Method::POST, "/auth/logout", Some(""))?;
    assert_eq!(response.data()?["message"], json!("Successfully logged out"));
    assert_eq!(sandbox.live_access_tokens(), 0);
    assert!(!client.accepts(&one)? && !client.accepts(&two)?);
    assert_eq!(client.refresh(&two)?.status, 401);
    assert_eq!(client.post("/auth/logout", &json!({}))?.status, 401);
    Ok(())
}

#[test]
fn revoking_access_tokens_keeps_the_refresh_tokens() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::new(&sandbox);
    let tokens = client.login(&sandbox)?.data()?;
    sandbox.revoke_access_tokens();
    assert!(!client.accepts(&tokens)?);
    let tokens = client.refresh(&tokens)?.data()?;
    assert!(client.accepts(&tokens)?);
    sandbox.revoke_all_tokens();
    assert!(!client.accepts(&tokens)?);
    assert_eq!(client.refresh(&tokens)?.status, 401);
    assert_eq!(sandbox.calls_with_dead_token(), 2);
    Ok(())
}

#[test]
fn tokens_expire_after_an_hour_and_a_week_on_the_sandbox_clock() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::new(&sandbox);
    let before = sandbox.clock().wall();
    let tokens = client.login(&sandbox)?.data()?;
    sandbox.advance(Duration::from_secs(3590));
    assert!(client.accepts(&tokens)?);
    sandbox.advance(Duration::from_secs(10));
    assert!(!client.accepts(&tokens)?);
    assert_eq!(sandbox.live_access_tokens(), 0);
    assert!(sandbox.clock().wall() >= before + HOUR);
    let tokens = client.refresh(&tokens)?.data()?;
    assert!(client.accepts(&tokens)?);
    sandbox.advance(7 * 24 * HOUR);
    assert_eq!(client.refresh(&tokens)?.status, 401);
    Ok(())
}

#[test]
fn the_life_of_tokens_can_be_set() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.set_token_life(Duration::from_secs(20), Duration::from_secs(60));
    let client = Client::new(&sandbox);
    let response = client.login(&sandbox)?;
    let left = expiry(&response.data()?, "access_expires_at")? - date_of(&response)?;
    assert!((1..=20).contains(&left.whole_seconds()));
    sandbox.advance(Duration::from_secs(20));
    assert!(!client.accepts(&response.data()?)?);
    sandbox.set_token_life(Duration::MAX, Duration::MAX);
    assert_eq!(expiry(&client.login(&sandbox)?.data()?, "access_expires_at")?.year(), 9999);
    Ok(())
}

#[test]
fn a_wrong_server_clock_changes_the_date_but_not_the_life_of_tokens() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::new(&sandbox);
    sandbox.set_server_skew(-5 * 3600);
    let response = client.login(&sandbox)?;
    let local = OffsetDateTime::from(SystemTime::now());
    let behind = local - date_of(&response)?;
    assert!((behind - time::Duration::hours(5)).abs() < time::Duration::minutes(1), "{behind}");
    assert!(is_life(expiry(&response.data()?, "access_expires_at")? - date_of(&response)?, 3600));
    assert!(client.accepts(&response.data()?)?);
    sandbox.send_date_header(false);
    assert_eq!(client.login(&sandbox)?.header("date"), None);
    Ok(())
}

#[test]
fn rate_limits_are_enforced_on_request_and_recover_with_time() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::new(&sandbox);
    sandbox.enforce_rate_limits(true);
    for _ in 0..30 {
        assert_eq!(client.login(&sandbox)?.status, 200);
    }
    let refused = client.login(&sandbox)?;
    assert_eq!(refused.refusal()?, (429, "TOO_MANY_REQUESTS".to_owned()));
    let seconds: u64 = refused.header("retry-after").context("no Retry-After")?.parse()?;
    assert_eq!(refused.message()?, format!("Rate limit exceeded. Retry after {seconds} seconds."));
    sandbox.advance(Duration::from_secs(seconds));
    assert_eq!(client.login(&sandbox)?.status, 200);
    Ok(())
}

#[test]
fn routes_need_a_token_and_a_denied_address_gets_a_403_first() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::new(&sandbox);
    for path in ["/api/v1/products", "/api/v1/wallets/9", "/api/v1/esim/orders", "/api/v1/countries"] {
        assert_eq!(client.get(path)?.refusal()?, (401, "UNAUTHORIZED".to_owned()), "{path}");
    }
    assert_eq!(client.get("/status")?.status, 200);
    assert_eq!(client.get("/api/v1/unheard-of")?.refusal()?, (404, "NOT_FOUND".to_owned()));
    sandbox.deny_addresses(true);
    let denied = client.get("/api/v1/products")?;
    assert_eq!(denied.refusal()?, (403, "FORBIDDEN".to_owned()));
    assert_eq!(client.login(&sandbox)?.status, 403);
    assert_eq!(sandbox.calls_with_dead_token(), 0);
    Ok(())
}

fn expiry(data: &Value, name: &str) -> Result<OffsetDateTime> {
    Ok(OffsetDateTime::parse(data[name].as_str().context("no expiry")?, &Rfc3339)?)
}

/// Whether a life is this many seconds, up to a delay of 30 seconds.
fn is_life(measured: time::Duration, seconds: i64) -> bool {
    (seconds - 30..=seconds).contains(&measured.whole_seconds())
}

fn date_of(response: &ClientResponse) -> Result<OffsetDateTime> {
    let date = response.header("date").context("no Date")?;
    Ok(OffsetDateTime::parse(&date.replace("GMT", "+0000"), &Rfc2822)?)
}
