mod lists;

use http::HeaderMap;

use super::*;
use crate::http::Body;
use crate::model::ReadError;

fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    Response { status, headers: map, body: Body::new(body.as_bytes().to_vec()), resent: false }
}

#[derive(Debug, PartialEq)]
struct Thing {
    id: i64,
}

impl Model for Thing {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(Thing { id: from.required("id", Members::number)? })
    }
}

#[test]
fn an_object_is_read_with_or_without_an_envelope() {
    for body in [
        r#"{"id":7}"#,
        r#" {"id":7,"new_member":{"data":1}}"#,
        r#"{"success":true,"data":{"id":7}}"#,
        r#"{"data":{"id":7}}"#,
        r#"{"success":true,"data":{"id":7},"meta":{}}"#,
        r#"{"id":7,"data":"a member that happens to have this name"}"#,
    ] {
        assert_eq!(object_of::<Thing>(&response(200, &[], body)).expect(body), Thing { id: 7 });
    }
}

#[test]
fn a_byte_order_mark_and_malformed_characters_are_tolerated() {
    let broken = |body: &[u8]| Response {
        body: Body::new([b"\xEF\xBB\xBF", body].concat()),
        ..response(200, &[], "")
    };
    assert_eq!(object_of::<Thing>(&broken(b"{\"id\":7,\"name\":\"\xE9\"}")).unwrap(), Thing { id: 7 });
    assert_eq!(value_of::<Vec<String>>(&broken(b"[\"\\ud83c\"]")).unwrap(), ["\u{FFFD}"]);
    assert_eq!(list_of::<Thing>(&broken(b"{\"data\":[{\"id\":7}]}")).unwrap(), [Thing { id: 7 }]);
    assert!(nothing_of(&broken(b"{\"success\":false,\"a\":\"\xE9\"}")).is_err());
    let refused =
        Response { status: 422, ..broken(b"{\"error\":{\"code\":\"X\",\"message\":\"Ren\xE9 \\ud83c\"}}") };
    let error = failure_of(&refused, Duration::ZERO);
    assert_eq!((error.code(), error.server_message()), (Some("X"), Some("Ren\u{FFFD} \u{FFFD}")));
}

#[test]
fn the_last_of_duplicate_members_counts() {
    let body = r#"{"success":false,"success":true,"data":{"id":1},"data":{"id":1,"id":7}}"#;
    assert_eq!(object_of::<Thing>(&response(200, &[], body)).unwrap(), Thing { id: 7 });
    let refused = r#"{"error":{"code":"A"},"error":{"code":"A","code":"X","message":"a","message":"m"}}"#;
    let error = failure_of(&response(400, &[], refused), Duration::ZERO);
    assert_eq!((error.code(), error.server_message()), (Some("X"), Some("m")));
}

#[test]
fn the_error_of_an_unreadable_object_does_not_quote_the_body() {
    for body in [
        "",
        "  ",
        "<html>s3cret</html>",
        r#"{"id":"s3cret"}"#,
        r#"{"id":{"s3cret":1}}"#,
        r#"{"id":7"#,
        "null",
        r#"["s3cret"]"#,
    ] {
        let error = object_of::<Thing>(&response(200, &[("x-request-id", "r1")], body)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        assert_eq!(error.request_id(), Some("r1"));
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
}

#[test]
fn a_success_status_with_an_error_body_is_an_error() {
    let body = r#"{"success":false,"error":{"code":"BAD","message":"no"},"data":null}"#;
    let error = object_of::<Thing>(&response(200, &[], body)).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::InvalidResponse, Some("BAD")));
    let without_data = response(200, &[], r#"{"success":false,"error":{"code":"BAD","message":"no"}}"#);
    assert_eq!(value_of::<serde_json::Value>(&without_data).unwrap_err().code(), Some("BAD"));
    assert_eq!(nothing_of(&without_data).unwrap_err().code(), Some("BAD"));
}

#[test]
fn every_form_of_a_failed_success_is_recognized() {
    for success in ["false", r#""false""#, r#""False""#, "0", r#""0""#, "0.0"] {
        let body =
            format!(r#"{{"success":{success},"error":{{"code":"BAD","message":"no"}},"data":{{"id":7}}}}"#);
        let response = response(200, &[], &body);
        assert_eq!(nothing_of(&response).unwrap_err().code(), Some("BAD"), "{body}");
        assert_eq!(object_of::<Thing>(&response).unwrap_err().code(), Some("BAD"), "{body}");
        assert_eq!(value_of::<serde_json::Value>(&response).unwrap_err().code(), Some("BAD"), "{body}");
    }
    for body in [
        r#"{"error":{"code":"BAD","message":"no"}}"#,
        r#"{"success":true,"error":{"code":"BAD"}}"#,
        r#"{"error":"BAD","message":"no"}"#,
        r#"{"status":200,"error":{"name":"BAD"}}"#,
    ] {
        assert_eq!(nothing_of(&response(200, &[], body)).unwrap_err().code(), Some("BAD"), "{body}");
        assert_eq!(object_of::<Thing>(&response(200, &[], body)).unwrap_err().code(), Some("BAD"), "{body}");
    }
    // A readable object is a success, even with an error member.
    let with_error = response(200, &[], r#"{"id":7,"error":{"code":"BAD"}}"#);
    assert_eq!(object_of::<Thing>(&with_error).unwrap(), Thing { id: 7 });
}

#[test]
fn a_success_status_without_an_error_is_a_success() {
    for body in [
        "",
        "ok",
        "null",
        "{}",
        r#"{"success":true}"#,
        r#"{"data":{"success":false}}"#,
        r#"{"success":"true"}"#,
        r#"{"success":1}"#,
        r#"{"success":null}"#,
        r#"{"error":null}"#,
        r#"{"error":""}"#,
        r#"{"error":{ }}"#,
        r#"{"error":[]}"#,
        r#"{"error":false}"#,
        r#"{"error":0}"#,
        "[]",
        "<html>",
    ] {
        assert!(nothing_of(&response(200, &[], body)).is_ok(), "{body}");
    }
}

#[test]
fn an_error_is_read_in_every_shape() {
    for (status, body, kind, code, message) in [
        (
            400,
            r#"{"error":{"name":"ValidationException","code":"VALIDATION_FAILURE","message":"m"}}"#,
            ErrorKind::InvalidRequest,
            Some("VALIDATION_FAILURE"),
            Some("m"),
        ),
        (
            401,
            r#"{"error":"unauthorized","message":"m"}"#,
            ErrorKind::Unauthorized,
            Some("unauthorized"),
            Some("m"),
        ),
        (
            422,
            r#"{"error":{"code":"X","messages":["first","second"]}}"#,
            ErrorKind::InvalidRequest,
            Some("X"),
            Some("first"),
        ),
        (
            400,
            r#"{"error":{"code":"INSUFFICIENT_FUNDS","message":"m"}}"#,
            ErrorKind::InsufficientFunds,
            Some("INSUFFICIENT_FUNDS"),
            Some("m"),
        ),
        (
            403,
            r#"{"error":{"name":"ForbiddenError","code":null}}"#,
            ErrorKind::Forbidden,
            Some("ForbiddenError"),
            None,
        ),
        (404, "", ErrorKind::NotFound, None, None),
        (502, "<html>bad gateway</html>", ErrorKind::Server, None, None),
        (500, r#"{"message":"m"}"#, ErrorKind::Server, None, Some("m")),
        (302, "", ErrorKind::InvalidResponse, None, None),
    ] {
        let error = failure_of(&response(status, &[], body), Duration::ZERO);
        assert_eq!((error.kind(), error.code(), error.server_message()), (kind, code, message), "{body}");
        assert_eq!(error.status(), Some(status));
    }
}

#[test]
fn an_object_with_another_id_is_an_error() {
    let body = r#"{"id":1,"name":"x"}"#;
    assert_eq!(one_of::<crate::Category>(&response(200, &[], body), 1).unwrap().name, "x");
    let error = one_of::<crate::Category>(&response(200, &[("x-request-id", "r1")], body), 2).unwrap_err();
    assert_eq!((error.kind(), error.request_id()), (ErrorKind::InvalidResponse, Some("r1")));
}

#[test]
fn a_refusal_with_a_success_status_keeps_its_code() {
    let refused = r#"{"success":false,"error":{"code":"UNAUTHORIZED","message":"Invalid credentials"}}"#;
    let error = payload(&response(200, &[], refused), refused).unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(200), Some("UNAUTHORIZED")));
    assert!(error.is_from_api());
}

#[test]
fn a_gateway_response_does_not_count_as_a_refusal_by_the_api() {
    for (body, is_from_api) in [
        (r#"{"error":{"name":"UnauthorizedError","code":"UNAUTHORIZED","message":"m"}}"#, true),
        (r#"{"error":{"name":"UnauthorizedError"}}"#, true),
        (r#"{"error":"unauthorized","message":"m"}"#, true),
        ("", false),
        ("<html><h1>400 Bad Request</h1></html>", false),
        (r#"{"message":"Unauthorized"}"#, false),
        (r#"{"error":{"status":401}}"#, false),
        (r#"{"error":true}"#, false),
    ] {
        for status in [400, 401] {
            let refused = response(status, &[], body);
            let error = auth_failure_of(&refused, Duration::ZERO);
            assert_eq!(error.is_from_api(), is_from_api, "{body}");
            assert_eq!(error.to_string().contains("check the base URL"), !is_from_api, "{body}");
            assert_eq!(error.kind(), failure_of(&refused, Duration::ZERO).kind(), "{body}");
        }
    }
}

#[test]
fn a_404_of_an_auth_route_points_at_the_base_url() {
    for body in ["", "<html>nginx</html>", r#"{"error":{"code":"NOT_FOUND","message":"m"}}"#] {
        let error = auth_failure_of(&response(404, &[], body), Duration::ZERO);
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("check the base URL"), "{error}");
        assert!(!failure_of(&response(404, &[], body), Duration::ZERO).to_string().contains("base URL"));
    }
}

#[test]
fn a_429_and_every_5xx_have_a_retry_delay() {
    for (status, wait) in
        [(429, Some(7)), (500, Some(7)), (503, Some(7)), (599, Some(7)), (400, None), (401, None)]
    {
        let error = failure_of(&response(status, &[("retry-after", "7")], ""), Duration::ZERO);
        assert_eq!(error.retry_after(), wait.map(Duration::from_secs), "{status}");
    }
    let message = r#"{"error":{"code":"X","message":"code 503, retry after 9 seconds"}}"#;
    assert_eq!(failure_of(&response(503, &[], message), Duration::ZERO).retry_after(), None);
    assert_eq!(
        failure_of(&response(429, &[], message), Duration::ZERO).retry_after(),
        Some(Duration::from_secs(9))
    );
}
