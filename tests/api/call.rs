//! Routes that this crate does not know yet.

use crate::common::mock::Api;
use anyhow::Result;
use popup_rewards::{ErrorKind, RawCall};
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
struct Thing {
    id: i64,
}

#[test]
fn an_unknown_route_is_called_with_the_sessions_login() -> Result<()> {
    let mut api = Api::start()?;
    let get = api.get("/api/v1/things/7/parts?kind=a%20b&kind=c").with_body(r#"[{"id":1}]"#).create();
    let post = api
        .post("/api/v1/things", r#"{"name":"new"}"#)
        .with_body(r#"{"success":true,"data":{"id":2}}"#)
        .create();
    let patch =
        api.patch("/api/v1/things/7", r#"{"name":"other"}"#).with_body(r#"{"id":3,"more":true}"#).create();
    let call = RawCall::get("/api/v1/things/:id/parts").id(7).query("kind", "a b").query("kind", "c");
    assert_eq!(api.session.call::<Vec<Thing>>(&call)?, [Thing { id: 1 }]);
    let call = RawCall::post("/api/v1/things").json(&serde_json::json!({ "name": "new" }));
    assert_eq!(api.session.call::<Thing>(&call)?, Thing { id: 2 });
    let call = RawCall::patch("/api/v1/things/:id").id(7).json(&serde_json::json!({ "name": "other" }));
    assert_eq!(api.session.call::<Thing>(&call)?, Thing { id: 3 });
    get.assert();
    post.assert();
    patch.assert();
    api.finish();
    Ok(())
}

#[test]
fn a_success_without_a_body_is_null() -> Result<()> {
    for (status, body) in [(204, ""), (200, ""), (201, " \r\n"), (200, "\u{feff}"), (200, "null")] {
        let mut api = Api::start()?;
        let post = api.post("/api/v1/things", "1").with_status(status).with_body(body).expect(4).create();
        let call = RawCall::post("/api/v1/things").json(&1);
        api.session.call::<()>(&call)?;
        assert_eq!(api.session.call::<Option<Thing>>(&call)?, None, "{status} {body:?}");
        assert_eq!(api.session.call::<serde_json::Value>(&call)?, serde_json::Value::Null);
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
fn a_change_whose_response_cannot_be_read_may_have_executed() -> Result<()> {
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
fn an_answer_of_another_shape_is_an_error_that_does_not_quote_it() -> Result<()> {
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
fn bodies_larger_than_a_connections_buffers_arrive_in_full() -> Result<()> {
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
fn a_new_connection_takes_less_than_100_kibibytes() -> Result<()> {
    let mut api = Api::start()?;
    let get = api.get("/api/v1/things").with_header("connection", "close").with_body("1").expect(2).create();
    let call = RawCall::get("/api/v1/things");
    // The login has connected on a thread of its own, and this call uses that connection up.
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
fn a_request_whose_head_is_too_long_is_refused_at_once() -> Result<()> {
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
fn what_is_no_path_of_the_api_is_refused_before_anything_is_sent() -> Result<()> {
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

#[test]
fn the_debug_text_of_a_call_holds_neither_query_nor_body() {
    let call = RawCall::post("/api/v1/things").query("q", "s3cret-1").json(&["s3cret-2"]);
    let shown = format!("{call:?}");
    assert!(shown.contains("/api/v1/things") && !shown.contains("s3cret"), "{shown}");
}
