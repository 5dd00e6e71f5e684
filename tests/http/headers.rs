//! The headers and secrets of each request.

use std::time::Duration;

use popup_rewards::{CountryId, RawCall, SessionBuilder};
use serde_json::Value;

use super::COUNTRY;
use crate::common::clock::TestClock;
use crate::common::peer::{ACCESS, KEY, PASSWORD, Peer, REFRESH, RawRequest, Step, json, response};

/// Returns the requests of a session's life: login, calls, a 401 with a refresh, a call without a token, logout.
fn life(settings: impl FnOnce(SessionBuilder) -> SessionBuilder) -> Vec<RawRequest> {
    let peer = Peer::start([
        Step::Keep(json(COUNTRY)),
        Step::Keep(response("401 Unauthorized", "", "")),
        Step::Keep(json("1")),
        Step::Keep(json("{}")),
    ])
    .unwrap();
    let clock = TestClock::default();
    let session = settings(peer.builder().clock(clock.clone())).build().unwrap();
    session.get_country(CountryId::from(1)).unwrap();
    // A token younger than 5 seconds would be retried as it is.
    clock.advance(Duration::from_secs(6));
    session.call::<Value>(&RawCall::post("/api/v1/new").json(&1)).unwrap();
    session.service_status().unwrap();
    session.logout().unwrap();
    peer.requests()
}

#[test]
fn tokens_and_credentials_are_sent_only_where_they_belong() {
    let seen = life(|builder| builder);
    let lines: Vec<_> = seen.iter().map(RawRequest::line).collect();
    let expected = [
        "POST /auth/login",
        "GET /api/v1/countries/1",
        "POST /api/v1/new",
        "POST /auth/refresh",
        "POST /api/v1/new",
        "GET /status",
        "POST /auth/logout",
    ];
    assert_eq!(lines, expected);
    let tokens: Vec<_> = seen.iter().map(|seen| seen.header("authorization")).collect();
    let first = format!("Bearer {ACCESS}-1");
    let second = format!("Bearer {ACCESS}-2");
    let (first, second) = (Some(first.as_str()), Some(second.as_str()));
    assert_eq!(tokens, [None, first, first, None, second, None, second]);
    for seen in &seen {
        let others: String = seen.head.lines().filter(|line| !line.starts_with("authorization: ")).collect();
        for secret in [ACCESS, REFRESH, PASSWORD, KEY] {
            assert!(!others.contains(secret), "{others}");
        }
        assert!(!seen.head.contains(REFRESH) && !seen.body.contains(ACCESS));
    }
    assert_eq!(seen[0].body, format!(r#"{{"username":"{KEY}","password":"{PASSWORD}"}}"#));
    assert_eq!(seen[3].body, format!(r#"{{"refresh_token":"{REFRESH}-1"}}"#));
}

#[test]
fn every_request_has_a_user_agent_and_accepts_json() {
    for seen in life(|builder| builder) {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(seen.header("user-agent"), Some(format!("popup-rewards/{version}").as_str()));
        assert_eq!(seen.header("accept"), Some("application/json"));
        let has_body = !seen.body.is_empty();
        assert_eq!(seen.header("content-type"), has_body.then_some("application/json"), "{}", seen.line());
        assert_eq!(
            seen.head.matches("authorization").count(),
            usize::from(seen.header("authorization").is_some())
        );
    }
    let named = life(|builder| builder.user_agent("shop/1.2"));
    assert!(named.iter().all(|seen| seen.header("user-agent") == Some("shop/1.2")));
}
