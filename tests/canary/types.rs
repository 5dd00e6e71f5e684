//! The debug texts of the public types.

use std::collections::HashMap;

use popup_rewards::sandbox::Sandbox;
use popup_rewards::webhook;
use popup_rewards::{
    AccessToken, ClientReference, Credentials, EsimOrder, EsimOrderId, ListOrders, NewOrder, Order, OrderId,
    Page, ProductId, RawCall, Secret, Session, TokenClaims,
};
use time::OffsetDateTime;

use super::planted::{
    ACCESS, ACTIVATION, CARD, CLAIM, PASSWORD, PIN, PROXY, REFRESH, WEBHOOK, clean, error_shows_no_secret,
    esim, order, shows_no_secret,
};
use crate::common::peer::{Peer, Step, json};

#[test]
fn the_search_finds_each_secret() {
    let derived = format!("{:?}", Some(PIN));
    assert!(std::panic::catch_unwind(|| clean(&derived)).is_err());
    for secret in [ACCESS, ACTIVATION, CARD, CLAIM, PASSWORD, PIN, PROXY, REFRESH, WEBHOOK] {
        assert!(std::panic::catch_unwind(|| clean(secret)).is_err(), "{secret}");
    }
}

#[test]
fn secrets_and_credentials_are_shown_as_redacted() {
    assert_eq!(format!("{:?}", Secret::new(PIN)), "[redacted]");
    let fixed = Credentials::new("key", PASSWORD);
    assert_eq!(format!("{fixed:?}"), "Credentials([redacted])");
    let from_closure = Credentials::from_fn(|| Ok(Credentials::new("key", PASSWORD)));
    assert_eq!(format!("{from_closure:?}"), "Credentials([redacted])");
}

#[test]
fn an_order_shows_which_codes_it_has_but_not_the_codes() {
    let order: Order = serde_json::from_str(&order()).unwrap();
    let shown = format!("{:?}", order.vouchers[0]);
    assert!(shown.contains("card_number: Some([redacted])") && shown.contains("pin_code: Some([redacted])"));
    assert!(shown.contains("claim_url: Some([redacted])"), "{shown}");
    shows_no_secret(&order.vouchers[0]);
    shows_no_secret(&order);
    shows_no_secret(&[order]);
    let esim: EsimOrder = serde_json::from_str(&esim()).unwrap();
    assert!(format!("{esim:?}").contains("activation_code: Some([redacted])"), "{esim:?}");
    shows_no_secret(&esim);
}

#[test]
fn an_access_token_and_its_claims_show_only_the_expiry() {
    let peer = Peer::start([]).unwrap();
    let token: AccessToken = peer.session().unwrap().access_token().unwrap();
    assert!(token.expose().starts_with(ACCESS));
    assert!(format!("{token:?}").starts_with("AccessToken { expires_at: "), "{token:?}");
    shows_no_secret(&token);
    // A payload of {"exp":4102444800,"sub":"s3cret-canary-0011"} between two secret parts.
    let jwt = "x-canary-x.eyJleHAiOjQxMDI0NDQ4MDAsInN1YiI6InMzY3JldC1jYW5hcnktMDAxMSJ9.x-canary-x";
    let claims = TokenClaims::parse(jwt).unwrap();
    assert_eq!(claims.expires_at().unwrap().unix_timestamp(), 4_102_444_800);
    shows_no_secret(&claims);
    shows_no_secret(&TokenClaims::parse("x-canary-x.x-canary-x.x-canary-x").unwrap_err());
}

#[test]
fn a_session_shows_its_state_and_no_secret() {
    let peer = Peer::start([Step::Keep(json(order())), Step::Keep(json("{}"))]).unwrap();
    let session = peer.session().unwrap();
    shows_no_secret(&session);
    session.get_order(OrderId::from(1)).unwrap();
    assert!(format!("{session:?}").contains("Fresh"), "{session:?}");
    shows_no_secret(&session);
    shows_no_secret(&session.status());
    shows_no_secret(&session.stats());
    shows_no_secret(&session.orders(&ListOrders::new()));
    session.logout().unwrap();
    shows_no_secret(&session);
}

#[test]
fn a_builder_shows_no_password() {
    let builder = Session::builder(
        &format!("https://user:{PASSWORD}@api.example.com"),
        Credentials::new("key", PASSWORD),
    )
    .proxy(&format!("http://user:{PROXY}@127.0.0.1:9"))
    .root_certificates(PASSWORD.as_bytes());
    shows_no_secret(&builder);
}

#[test]
fn a_call_or_an_order_shows_no_body_query_or_email() {
    let body = HashMap::from([("pin", PIN)]);
    let call = RawCall::post("/api/v1/new").json(&body).query("code", CARD);
    assert!(format!("{call:?}").contains("/api/v1/new"));
    shows_no_secret(&call);
    let reference = ClientReference::new("ref-1").unwrap();
    shows_no_secret(&NewOrder::new(ProductId::from(1), 5.into(), 1, reference).email("someone@example.org"));
}

#[test]
fn a_page_of_orders_shows_no_codes() {
    let peer = Peer::start([Step::Keep(json(format!("[{}]", order()))), Step::Keep(json(esim()))]).unwrap();
    let session = peer.session().unwrap();
    let page: Page<Order> = session.list_orders(&ListOrders::new()).unwrap();
    assert_eq!(page.items[0].vouchers[0].card_number.as_ref().unwrap().expose(), CARD);
    shows_no_secret(&page);
    shows_no_secret(&session.get_esim_order(EsimOrderId::from(1)).unwrap());
}

#[test]
fn a_webhook_event_or_error_shows_no_secret_signature_or_data() {
    let secret = Secret::new(WEBHOOK);
    let now = OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(1_930_212_300);
    let body = format!(
        r#"{{"id":"evt_1","type":"new.thing","created_at":"2031-03-02T10:05:00Z","data":{{"code":"{CARD}"}}}}"#
    );
    let headers = [
        ("X-Signature".to_owned(), webhook::sign(body.as_bytes(), &secret).into_bytes()),
        ("X-Timestamp".to_owned(), now.unix_timestamp().to_string().into_bytes()),
    ];
    let event = webhook::verify(body.as_bytes(), &headers, &secret, now).unwrap();
    shows_no_secret(&event);
    let forged = [("X-Signature".to_owned(), CARD.as_bytes().to_vec()), headers[1].clone()];
    error_shows_no_secret(&webhook::verify(body.as_bytes(), &forged, &secret, now).unwrap_err());
    let late = now + time::Duration::hours(1);
    error_shows_no_secret(&webhook::verify(body.as_bytes(), &headers, &secret, late).unwrap_err());
}

#[test]
fn a_sandbox_shows_no_password() {
    let sandbox = Sandbox::start().unwrap();
    let password = sandbox.password();
    for shown in [format!("{sandbox:?}"), format!("{:?}", sandbox.credentials()), format!("{password:?}")] {
        assert!(!shown.contains(password.expose()), "{shown}");
    }
}
