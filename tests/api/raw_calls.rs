//! Routes that this crate does not know yet.

use std::time::Duration;

use mockito::{Matcher, Server};
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{
    Credentials, ErrorKind, NewEsimQuote, NewQuote, NewTopupQuote, RawCall, RetryPolicy, Session,
};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::verticals::quick;
use crate::common::clock::TestClock;

const TOKENS: &str = r#"{"success":true,"data":{"access_token":"a.b.c","refresh_token":"d.e.f",
    "access_expires_at":"2100-01-01T00:00:00Z","refresh_expires_at":"2100-01-08T00:00:00Z","client_id":1}}"#;
const NEWER: &str = r#"{"success":true,"data":{"access_token":"g.h.i","refresh_token":"j.k.l",
    "access_expires_at":"2100-01-01T00:00:00Z","refresh_expires_at":"2100-01-08T00:00:00Z","client_id":1}}"#;

#[derive(Debug, Deserialize, PartialEq)]
struct Related {
    id: i64,
}

#[test]
fn a_get_with_a_query_logs_in_and_takes_the_envelope_off() {
    let mut server = Server::new();
    let login = server.mock("POST", "/auth/login").with_body(TOKENS).expect(1).create();
    let call = server
        .mock("GET", "/api/v1/products/3105/related")
        .match_query(Matcher::AllOf(vec![
            Matcher::UrlEncoded("limit".to_owned(), "5".to_owned()),
            Matcher::UrlEncoded("search".to_owned(), "a & b".to_owned()),
        ]))
        .match_header("authorization", "Bearer a.b.c")
        .with_body(r#"{"success":true,"data":[{"id":1,"new":true},{"id":2}]}"#)
        .expect(1)
        .create();
    let session = Session::new(&server.url(), Credentials::new("key", "secret")).unwrap();
    let raw =
        RawCall::get("/api/v1/products/:id/related").id(3105).query("limit", "5").query("search", "a & b");
    let found: Vec<Related> = session.call(&raw).unwrap();
    assert_eq!(found, [Related { id: 1 }, Related { id: 2 }]);
    login.assert();
    call.assert();
}

#[test]
fn a_post_with_a_body_is_made_again_with_a_newer_token_after_a_401() {
    let mut server = Server::new();
    server.mock("POST", "/auth/login").with_body(TOKENS).expect(1).create();
    let refresh = server
        .mock("POST", "/auth/refresh")
        .match_body(Matcher::Json(json!({ "refresh_token": "d.e.f" })))
        .with_body(NEWER)
        .expect(1)
        .create();
    let mut call = |token: &str, status| {
        let mock = server.mock("POST", "/api/v1/reports").match_header("authorization", token);
        let mock = mock.match_header("content-type", "application/json");
        let mock = mock.match_body(Matcher::Json(json!({ "month": "2031-03" }))).with_status(status);
        mock.with_body(r#"{"id":9}"#).expect(1).create()
    };
    let (first, second) = (call("Bearer a.b.c", 401), call("Bearer g.h.i", 201));
    let clock = TestClock::default();
    let credentials = Credentials::new("key", "secret");
    let session = Session::builder(&server.url(), credentials).clock(clock.clone()).build().unwrap();
    session.login().unwrap();
    // A younger token would be tried again as it is.
    clock.advance(Duration::from_secs(6));
    let report: Related =
        session.call(&RawCall::post("/api/v1/reports").json(&json!({ "month": "2031-03" }))).unwrap();
    assert_eq!(report, Related { id: 9 });
    refresh.assert();
    first.assert();
    second.assert();
}

#[test]
fn a_post_is_sent_again_only_if_the_caller_says_that_it_may_be() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    let lookup = RawCall::post("/api/v1/topups/lookup").json(&json!({ "mobile_number": "+14155550123" }));
    sandbox.fault("POST /api/v1/topups/lookup", Fault::Status(502));
    let error = session.call::<Value>(&lookup).unwrap_err();
    assert_eq!((error.kind(), sandbox.calls("POST /api/v1/topups/lookup")), (ErrorKind::Server, 1));
    sandbox.fault("POST /api/v1/topups/lookup", Fault::Status(502));
    let found: Value = session.call(&lookup.may_repeat()).unwrap();
    assert!(found.as_array().is_some_and(|found| !found.is_empty()));
    assert_eq!(sandbox.calls("POST /api/v1/topups/lookup"), 3);
}

#[test]
fn a_call_whose_end_is_lost_may_have_executed() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.retry(RetryPolicy::new().retries(0)).build().unwrap();
    let order = json!({ "product_id": 3001, "denomination": 20, "quantity": 1, "client_reference": "raw" });
    let route = "POST /api/v1/orders";
    for (fault, may_have) in [
        (Fault::CloseAfter, true),
        (Fault::CutBody, true),
        (Fault::StatusAfter(502), true),
        (Fault::PageAfter(302), true),
        (Fault::PageAfter(403), true),
        (Fault::PageAfter(600), true),
        (Fault::Garbage, true),
        (Fault::Status(400), false),
        (Fault::Status(404), false),
        (Fault::RateLimited(1), false),
    ] {
        for call in [RawCall::post("/api/v1/orders"), RawCall::post("/api/v1/orders").may_repeat()] {
            sandbox.fault(route, fault.clone());
            let error = session.call::<Value>(&call.json(&order)).unwrap_err();
            assert_eq!(error.may_have_executed(), may_have, "{fault:?} {error:?}");
        }
    }
    // Refused before it was sent.
    sandbox.refuse_connections(true);
    let error = session.call::<Value>(&RawCall::post("/api/v1/orders").json(&order)).unwrap_err();
    assert!(!error.may_have_executed(), "{error:?}");
}

#[test]
fn a_call_that_only_reads_has_executed_nothing() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.retry(RetryPolicy::new().retries(0)).build().unwrap();
    session.login().unwrap();
    let amount = Decimal::from(20);
    for fault in [Fault::CloseAfter, Fault::StatusAfter(502), Fault::PageAfter(302), Fault::Garbage] {
        sandbox.fault("*", fault.clone().times(12));
        let errors = [
            session.call::<Value>(&RawCall::get("/api/v1/countries")).unwrap_err(),
            session.quote_order(3001.into(), &NewQuote::new(amount, 1)).unwrap_err(),
            session.quote_topup(&NewTopupQuote::new(401.into(), amount)).unwrap_err(),
            session.quote_esim(&NewEsimQuote::new(601.into(), amount)).unwrap_err(),
            session.check_availability(3001.into(), amount, 1).unwrap_err(),
            session.lookup_mobile("+14155550123").unwrap_err(),
        ];
        assert!(errors.iter().all(|error| !error.may_have_executed()), "{fault:?} {errors:?}");
        sandbox.clear_faults();
        let email = "PATCH /api/v1/topups/orders/:id/notification-email";
        sandbox.fault(email, fault.clone());
        let result = session.set_topup_notification_email(1.into(), "someone@example.org");
        // Its response says nothing beyond its status.
        let expected = if fault == Fault::Garbage { Ok(()) } else { Err(true) };
        assert_eq!(result.map_err(|error| error.may_have_executed()), expected, "{fault:?}");
    }
}

#[test]
fn an_unknown_route_is_not_found_and_a_path_that_is_none_is_not_sent() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    let error = session.call::<Value>(&RawCall::get("/api/v1/unheard/of")).unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)));
    let calls = sandbox.calls("*");
    for path in
        ["api/v1/products", "", "/a?b=c", "/a b", "//\u{e9}", "/auth/login", "/a#b", "http://other.example/"]
    {
        let error = session.call::<Value>(&RawCall::get(path)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{path:?}");
    }
    assert_eq!(sandbox.calls("*"), calls);
}
