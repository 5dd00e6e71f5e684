//! Raw calls of routes that this crate does not know.

use std::time::Duration;

use anyhow::Result;
use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{ErrorKind, NewEsimQuote, NewQuote, NewTopupQuote, RawCall, RetryPolicy};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::mock::Api;
use crate::common::verticals::quick;

#[derive(Debug, Deserialize, PartialEq)]
struct Thing {
    id: i64,
}

#[test]
fn an_unknown_route_is_called_with_the_token_of_the_session() -> Result<()> {
    let mut api = Api::start()?;
    let get = api
        .get("/api/v1/things/7/parts?kind=a%20b&kind=c")
        .with_body(r#"{"success":true,"data":[{"id":1,"new":true}]}"#)
        .create();
    let post = api
        .post("/api/v1/things", r#"{"name":"new"}"#)
        .with_body(r#"{"success":true,"data":{"id":2}}"#)
        .create();
    let patch =
        api.patch("/api/v1/things/7", r#"{"name":"other"}"#).with_body(r#"{"id":3,"more":true}"#).create();
    let call = RawCall::get("/api/v1/things/:id/parts").id(7).query("kind", "a b").query("kind", "c");
    assert_eq!(api.session.call::<Vec<Thing>>(&call)?, [Thing { id: 1 }]);
    let call = RawCall::post("/api/v1/things").json(&json!({ "name": "new" }));
    assert_eq!(api.session.call::<Thing>(&call)?, Thing { id: 2 });
    let call = RawCall::patch("/api/v1/things/:id").id(7).json(&json!({ "name": "other" }));
    assert_eq!(api.session.call::<Thing>(&call)?, Thing { id: 3 });
    get.assert();
    post.assert();
    patch.assert();
    api.finish();
    Ok(())
}

const LOOKUP: &str = "POST /api/v1/topups/lookup";

fn lookup() -> RawCall {
    RawCall::post("/api/v1/topups/lookup").json(&json!({ "mobile_number": "+14155550123" }))
}

#[test]
fn a_post_is_retried_with_its_body_and_a_new_token_after_a_401() {
    let sandbox = Sandbox::start().unwrap();
    let session = sandbox.session();
    session.login().unwrap();
    // A token younger than 5 seconds would be retried as it is.
    sandbox.advance(Duration::from_secs(6));
    sandbox.revoke_access_tokens();
    let found: Value = session.call(&lookup()).unwrap();
    assert!(found.as_array().is_some_and(|found| !found.is_empty()));
    assert_eq!((sandbox.refreshes(), sandbox.calls(LOOKUP)), (1, 2));
}

#[test]
fn a_post_is_retried_only_if_it_is_marked_repeatable() {
    let sandbox = Sandbox::start().unwrap();
    let session = quick(&sandbox).0.build().unwrap();
    sandbox.fault(LOOKUP, Fault::Status(502));
    let error = session.call::<Value>(&lookup()).unwrap_err();
    assert_eq!((error.kind(), sandbox.calls(LOOKUP)), (ErrorKind::Server, 1));
    sandbox.fault(LOOKUP, Fault::Status(502));
    let found: Value = session.call(&lookup().may_repeat()).unwrap();
    assert!(found.as_array().is_some_and(|found| !found.is_empty()));
    assert_eq!(sandbox.calls(LOOKUP), 3);
}

#[test]
fn a_call_whose_response_is_lost_may_have_executed() {
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
    // The connection is refused, so nothing is sent.
    sandbox.refuse_connections(true);
    let error = session.call::<Value>(&RawCall::post("/api/v1/orders").json(&order)).unwrap_err();
    assert!(!error.may_have_executed(), "{error:?}");
}

#[test]
fn a_failed_call_that_only_reads_has_not_executed() {
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
        // The body of this response is ignored.
        let expected = if fault == Fault::Garbage { Ok(()) } else { Err(true) };
        assert_eq!(result.map_err(|error| error.may_have_executed()), expected, "{fault:?}");
    }
}

#[test]
fn a_success_without_a_body_is_null() -> Result<()> {
    for (status, body) in [(204, ""), (200, ""), (201, " \r\n"), (200, "\u{feff}"), (200, "null")] {
        let mut api = Api::start()?;
        let post = api.post("/api/v1/things", "1").with_status(status).with_body(body).expect(4).create();
        let call = RawCall::post("/api/v1/things").json(&1);
        api.session.call::<()>(&call)?;
        assert_eq!(api.session.call::<Option<Thing>>(&call)?, None, "{status} {body:?}");
        assert_eq!(api.session.call::<Value>(&call)?, Value::Null);
        let error = api.session.call::<Thing>(&call).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{status} {body:?}");
        assert!(error.may_have_executed(), "{status} {body:?}");
        post.assert();
        let get = api.get("/api/v1/things").with_status(status).with_body(body).expect(2).create();
        let call = RawCall::get("/api/v1/things");
        assert_eq!(api.session.call::<Option<Vec<Thing>>>(&call)?, None);
        let error = api.session.call::<Vec<Thing>>(&call).unwrap_err();
        assert!(!error.may_have_executed(), "{status} {body:?}");
        get.assert();
        api.finish();
    }
    Ok(())
}

#[test]
fn a_change_with_an_unreadable_response_may_have_executed() -> Result<()> {
    for body in [r#"{"id":"x"}"#, "<html>", "[", r#"{"success":true}"#] {
        let mut api = Api::start()?;
        let post = api.post("/api/v1/things", "1").with_body(body).create();
        let patch = api.patch("/api/v1/things", "1").with_body(body).expect(2).create();
        let calls = [RawCall::post("/api/v1/things"), RawCall::patch("/api/v1/things")];
        for call in [calls[0].clone(), calls[1].clone(), calls[1].clone().may_repeat()] {
            let error = api.session.call::<Thing>(&call.json(&1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
            assert!(error.may_have_executed(), "{body}: {error:?}");
        }
        post.assert();
        patch.assert();
        api.finish();
    }
    Ok(())
}

#[test]
fn the_error_of_a_response_of_another_shape_does_not_quote_it() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/things").with_body(r#"{"id":"s3cret-4711"}"#).create();
    let error = api.session.call::<Thing>(&RawCall::get("/api/v1/things")).unwrap_err();
    call.assert();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(!format!("{error} {error:?}").contains("4711"), "{error:?}");
    api.finish();
    Ok(())
}

#[test]
fn bodies_larger_than_the_buffers_of_a_connection_arrive_in_full() -> Result<()> {
    let mut api = Api::start()?;
    let text = serde_json::to_string(&"0123456789".repeat(20_000))?;
    let post = api.post("/api/v1/things", &text).with_body(&text).create();
    let call = RawCall::post("/api/v1/things").json(&"0123456789".repeat(20_000));
    assert_eq!(api.session.call::<String>(&call)?, "0123456789".repeat(20_000));
    post.assert();
    api.finish();
    Ok(())
}

#[test]
fn a_new_connection_allocates_less_than_100_kibibytes() -> Result<()> {
    let mut api = Api::start()?;
    let get = api.get("/api/v1/things").with_header("connection", "close").with_body("1").expect(2).create();
    let call = RawCall::get("/api/v1/things");
    // Uses up the connection that the login opened on another thread.
    api.session.call::<i64>(&call)?;
    let mut result = Ok(0);
    let taken = allocation_counter::measure(|| result = api.session.call::<i64>(&call));
    assert_eq!(result?, 1);
    assert!((32 * 1024..100 * 1024).contains(&taken.bytes_total), "{taken:?}");
    get.assert();
    api.finish();
    Ok(())
}

#[test]
fn a_request_with_an_oversized_head_is_refused_at_once() -> Result<()> {
    let api = Api::start()?;
    api.session.login()?;
    let error = api.session.call::<Thing>(&RawCall::get("/x").query("q", &"x".repeat(40_000))).unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::InvalidRequest, false), "{error:?}");
    let post = RawCall::post("/x").query("q", &"x".repeat(40_000));
    let error = api.session.call::<Thing>(&post).unwrap_err();
    assert!(!error.may_have_executed() && api.session.stats().retries == 0, "{error:?}");
    api.finish();
    Ok(())
}

#[test]
fn an_invalid_path_is_refused_before_anything_is_sent() -> Result<()> {
    let api = Api::start()?;
    for path in [
        "",
        "api/v1/things",
        "https://elsewhere.example/x",
        "/x?y=1",
        "/x#y",
        "/x y",
        "/x\r\nHost: y",
        "/ä",
        "/x\\y",
        "//\u{e9}",
        "/auth/login",
        "/auth/logout",
        "/auth/refresh",
    ] {
        for call in [RawCall::get(path), RawCall::post(path), RawCall::patch(path)] {
            let error = api.session.call::<Thing>(&call).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{path}");
        }
    }
    let error = api.session.call::<Thing>(&RawCall::get("/api/v1/things/:id").id(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    api.finish_without_login();
    Ok(())
}
