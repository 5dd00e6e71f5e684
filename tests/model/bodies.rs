//! Bodies that are almost JSON, and success statuses with an error body.

use std::time::Duration;

use anyhow::Result;
use popup_rewards::{ErrorKind, ListProducts, ProductId};

use super::{THREE, order};
use crate::common::mock::Api;

#[test]
fn a_byte_order_mark_before_a_body_is_ignored() -> Result<()> {
    let mut api = Api::start_with(|body| format!("\u{feff}{body}"))?;
    let refused = "\u{feff}{\"error\":{\"code\":\"VALIDATION_FAILURE\",\"message\":\"m\"}}";
    let mocks = [
        api.get("/api/v1/products").with_body(format!("\u{feff}{THREE}")),
        api.get("/api/v1/products/1").with_body("\u{feff}{\"id\":1,\"name\":\"A\"}"),
        api.get("/api/v1/products/2").with_status(400).with_body(refused),
    ]
    .map(mockito::Mock::create);
    assert_eq!(api.session.list_products(&ListProducts::new())?.items.len(), 2);
    assert_eq!(api.session.get_product(ProductId::from(1))?.name, "A");
    let error = api.session.get_product(ProductId::from(2)).unwrap_err();
    assert_eq!((error.code(), error.server_message()), (Some("VALIDATION_FAILURE"), Some("m")));
    mocks.iter().for_each(mockito::Mock::assert);
    api.finish();
    Ok(())
}

#[test]
fn a_login_with_malformed_characters_or_duplicate_members_is_read() -> Result<()> {
    for extra in
        [r#""name":"\ud83c","#, r#""access_token":null,"refresh_token":7,"#, r#""access_expires_at":[],"#]
    {
        let mut api = Api::start_with(|body| {
            body.replacen(r#""access_token""#, &format!(r#"{extra}"access_token""#), 1)
        })?;
        let call = api.get("/api/v1/categories").with_body("[]").create();
        assert!(api.session.categories()?.is_empty(), "{extra}");
        call.assert();
        api.finish();
    }
    Ok(())
}

#[test]
fn a_change_with_an_error_in_its_response_fails() -> Result<()> {
    let mut api = Api::start()?;
    let sent = r#"{"email":"a@example.org"}"#;
    for (body, code) in [
        (r#"{"success":"false"}"#, Err(None)),
        (r#"{"success":0,"error":{"code":"X","message":"m"}}"#, Err(Some("X"))),
        (r#"{"error":{"code":"X","message":"m"}}"#, Err(Some("X"))),
        (r#"{"success":true,"error":null}"#, Ok(())),
        (r#"{"success":"true","error":{}}"#, Ok(())),
        ("", Ok(())),
    ] {
        let call = api.patch("/api/v1/topups/orders/7/notification-email", sent).with_body(body).create();
        let result = api.session.set_topup_notification_email(7.into(), "a@example.org");
        assert_eq!(result.as_ref().map_err(|error| error.code()).copied(), code, "{body}");
        if let Err(error) = result {
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        }
        drop(call);
        api.forget_mocks()?;
    }
    Ok(())
}

#[test]
fn an_error_has_spaces_instead_of_control_characters() -> Result<()> {
    let mut api = Api::start()?;
    let body = order("7", "mi\u{2028}ne", "").replace("DELIVERED", "ON\u{202e}HOLD\\n2031 ERROR\\u2066");
    let call = api.get("/api/v1/orders/7").with_body(body).create();
    let error = api.session.wait_for_order(7.into(), Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().starts_with("order 7 is still ON HOLD 2031 ERROR  after"), "{error}");
    assert_eq!(error.client_reference(), Some("mi ne"));
    call.assert();
    api.finish();
    Ok(())
}
