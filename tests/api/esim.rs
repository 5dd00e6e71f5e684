//! eSIMs.

use anyhow::Result;
use popup_rewards::{
    ActivationStatus, ClientReference, ErrorKind, EsimOrderId, EsimOrderStatus, EsimProductId, EsimVariant,
    EsimVariantId, ListEsimOrders, ListEsimProducts, NewEsimOrder, NewEsimQuote, Secret, WalletId,
};
use rust_decimal::Decimal;
use time::OffsetDateTime;

use crate::common::mock::{Api, fixture};

const CODE: &str = "LPA:1$smdp.example.com$ACME-PROFILE-1";

fn amount() -> Decimal {
    Decimal::new(450, 2)
}

fn an_order(product: i64, amount: Decimal, reference: &str) -> Result<NewEsimOrder> {
    Ok(NewEsimOrder::new(EsimProductId::from(product), amount, ClientReference::new(reference)?))
}

#[test]
fn products_are_listed_with_every_filter() -> Result<()> {
    let mut api = Api::start()?;
    let target = "/api/v1/esim/products?country_code=JPN&page=1&per_page=2&search=jap";
    let call = api.get(target).with_header("x-total-count", "9").with_header("x-total-pages", "5");
    let call = call.with_body(fixture("esim/products")?).create();
    let page = api
        .session
        .list_esim_products(&ListEsimProducts::new().page(1).limit(2).country("JPN").search("jap"))?;
    call.assert();
    assert_eq!((page.total, page.has_more), (Some(9), true));
    assert!(page.items.iter().all(|product| product.image_url.is_none() && product.variants.is_empty()));
    assert_eq!(page.items[1].country_code.as_deref(), Some("JPN"));
    api.finish();
    Ok(())
}

#[test]
fn all_products_are_walked() -> Result<()> {
    let mut api = Api::start()?;
    let last = api.get("/api/v1/esim/products?page=2&per_page=500").with_body("[]").create();
    let call =
        api.get("/api/v1/esim/products?page=1&per_page=500").with_body(fixture("esim/products")?).create();
    assert_eq!(api.session.esim_products(&ListEsimProducts::new()).flatten().count(), 2);
    call.assert();
    last.assert();
    api.finish();
    Ok(())
}

#[test]
fn one_product_is_fetched_with_its_plans() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/esim/products/7").with_body(fixture("esim/product")?).create();
    let product = api.session.get_esim_product(EsimProductId::from(7))?;
    call.assert();
    assert_eq!((product.name.as_str(), product.variants[0].amount), ("Europe Traveller", amount()));
    assert_eq!(product.variants[0].esim_product_id, Some(product.id));
    api.finish();
    Ok(())
}

#[test]
fn plans_are_listed() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/esim/products/7/variants").with_body(fixture("esim/variants")?).create();
    let plans = api.session.list_esim_variants(EsimProductId::from(7))?;
    call.assert();
    let [small, unlimited] = plans.as_slice() else { panic!("{plans:?}") };
    assert_eq!((small.description.as_deref(), small.validity_days), (Some("Data only"), Some(30)));
    assert_eq!(small.client_discount, Some(Decimal::from(5)));
    assert_eq!(
        (unlimited.data_amount_gb, unlimited.amount.to_string().as_str()),
        (Some(Decimal::ZERO), "19.990")
    );
    api.finish();
    Ok(())
}

#[test]
fn one_plan_is_fetched_with_its_exact_amount() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/esim/variants/71").with_body(fixture("esim/variant")?).create();
    let plan = api.session.get_esim_variant(EsimVariantId::from(71))?;
    call.assert();
    assert_eq!((plan.amount.to_string().as_str(), plan.data_amount_gb), ("4.50", Some(Decimal::new(15, 1))));
    let stored = serde_json::to_string(&plan)?;
    assert_eq!(serde_json::to_string(&serde_json::from_str::<EsimVariant>(&stored)?)?, stored);
    api.finish();
    Ok(())
}

#[test]
fn a_quote_repeats_the_amount_of_the_plan() -> Result<()> {
    let mut api = Api::start()?;
    let sent = r#"{"product_id":7,"amount":4.50,"wallet_id":8}"#;
    let call = api.post("/api/v1/esim/charges", sent).with_body(fixture("esim/charges")?).create();
    let quote = NewEsimQuote::new(EsimProductId::from(7), amount()).wallet(WalletId::from(8));
    let charges = api.session.quote_esim(&quote)?;
    call.assert();
    assert_eq!(
        (charges.total_payable, charges.net_amount),
        (Decimal::new(393, 2), Some(Decimal::new(393, 2)))
    );
    api.finish();
    Ok(())
}

#[test]
fn an_order_sends_everything_that_was_set() -> Result<()> {
    let mut api = Api::start()?;
    let sent = r#"{"product_id":7,"amount":4.50,"client_reference":"esim-1","wallet_id":8}"#;
    let call = api.post("/api/v1/esim/orders", sent).match_header("accept-encoding", "identity");
    let call = call.with_body(fixture("esim/order_delivered")?).create();
    let order = api.session.create_esim_order(&an_order(7, amount(), "esim-1")?.wallet(WalletId::from(8)))?;
    call.assert();
    assert_eq!(
        (order.status, order.activation_status),
        (EsimOrderStatus::Delivered, Some(ActivationStatus::NotInstalled))
    );
    assert_eq!(order.activation_code.as_ref().map(Secret::expose), Some(CODE));
    assert_eq!(order.iccid.as_deref(), Some("8900000000000000001"));
    api.finish();
    Ok(())
}

#[test]
fn an_order_with_the_status_failed_is_returned_as_an_order() -> Result<()> {
    let mut api = Api::start()?;
    let sent = r#"{"product_id":7,"amount":4.50,"client_reference":"esim-2"}"#;
    let call = api.post("/api/v1/esim/orders", sent).with_body(fixture("esim/order_failed")?).create();
    let order = api.session.create_esim_order(&an_order(7, amount(), "esim-2")?)?;
    call.assert();
    assert_eq!((order.status, order.is_user_fixable), (EsimOrderStatus::Failed, Some(false)));
    assert_eq!(order.failure_code.as_deref(), Some("PLAN_NOT_AVAILABLE"));
    assert!(order.activation_code.is_none());
    api.finish();
    Ok(())
}

#[test]
fn orders_are_listed_with_every_filter() -> Result<()> {
    let mut api = Api::start()?;
    let target = "/api/v1/esim/orders?client_reference=esim-3&page=2&per_page=500&status=PENDING";
    let call = api.get(target).with_body(fixture("esim/orders")?).create();
    let filter = ListEsimOrders::new()
        .page(2)
        .limit(500)
        .status(EsimOrderStatus::Pending)
        .reference(&ClientReference::new("esim-3")?);
    let page = api.session.list_esim_orders(&filter)?;
    call.assert();
    let [first, second] = page.items.as_slice() else { panic!("{page:?}") };
    assert_eq!(
        (first.activation_status.as_ref(), first.is_installed, first.installed_at),
        (None, None, None)
    );
    assert_eq!((first.product_id, first.data_amount_gb), (None, Some(Decimal::ZERO)));
    assert_eq!(second.status, EsimOrderStatus::Unknown("IN_REVIEW".to_owned()));
    assert_eq!(second.activation_status, Some(ActivationStatus::Unknown("SUSPENDED".to_owned())));
    assert_eq!(second.client_reference.as_deref(), Some("esim-1"));
    assert!(second.created_at.is_some());
    api.finish();
    Ok(())
}

#[test]
fn all_orders_are_walked() -> Result<()> {
    let mut api = Api::start()?;
    let last = api.get("/api/v1/esim/orders?page=2&per_page=500").with_body("[]").create();
    let call = api.get("/api/v1/esim/orders?page=1&per_page=500").with_body(fixture("esim/orders")?).create();
    assert_eq!(api.session.esim_orders(&ListEsimOrders::new()).flatten().count(), 2);
    call.assert();
    last.assert();
    api.finish();
    Ok(())
}

#[test]
fn one_order_is_fetched_after_it_was_installed() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/esim/orders/60001").match_header("accept-encoding", "identity");
    let call = call.with_body(fixture("esim/order_installed")?).create();
    let order = api.session.get_esim_order(EsimOrderId::from(60001))?;
    call.assert();
    assert_eq!(
        (order.status, order.activation_status),
        (EsimOrderStatus::Delivered, Some(ActivationStatus::Active))
    );
    assert_eq!(order.installed_at.map(OffsetDateTime::unix_timestamp), Some(1_930_284_000));
    assert_eq!(order.activated_at.map(OffsetDateTime::unix_timestamp), Some(1_930_284_005));
    assert!(order.activation_code.is_none() && order.is_installed == Some(true));
    assert_eq!(
        (order.amount.to_string().as_str(), order.iccid.as_deref()),
        ("4.275", Some("8900000000000000001"))
    );
    api.finish();
    Ok(())
}

#[test]
fn the_notification_address_is_set() -> Result<()> {
    let mut api = Api::start()?;
    let target = "/api/v1/esim/orders/60001/notification-email";
    let call = api.patch(target, r#"{"email":"someone@example.org"}"#).with_status(204).create();
    api.session.set_esim_notification_email(EsimOrderId::from(60001), "someone@example.org")?;
    call.assert();
    api.finish();
    Ok(())
}

#[test]
fn only_a_final_status_is_terminal() {
    for (status, terminal) in
        [("DELIVERED", true), ("failed", true), ("CANCELLED", true), ("PENDING", false), ("IN_REVIEW", false)]
    {
        assert_eq!(EsimOrderStatus::from(status).is_terminal(), terminal, "{status}");
    }
}

#[test]
fn invalid_input_is_refused_before_anything_is_sent() -> Result<()> {
    let api = Api::start()?;
    let session = &api.session;
    let invalid = EsimProductId::from(0);
    let errors = [
        session.list_esim_products(&ListEsimProducts::new().limit(501)).unwrap_err(),
        session.list_esim_products(&ListEsimProducts::new().country("jpn")).unwrap_err(),
        session.get_esim_product(invalid).unwrap_err(),
        session.list_esim_variants(invalid).unwrap_err(),
        session.get_esim_variant(EsimVariantId::from(0)).unwrap_err(),
        session.quote_esim(&NewEsimQuote::new(invalid, amount())).unwrap_err(),
        session.quote_esim(&NewEsimQuote::new(EsimProductId::from(7), Decimal::ZERO)).unwrap_err(),
        session.create_esim_order(&an_order(0, amount(), "esim-1")?).unwrap_err(),
        session.create_esim_order(&an_order(7, Decimal::ZERO, "esim-1")?).unwrap_err(),
        session.create_esim_order(&an_order(7, amount(), "esim-1")?.wallet(WalletId::from(-1))).unwrap_err(),
        session.list_esim_orders(&ListEsimOrders::new().page(0)).unwrap_err(),
        session.get_esim_order(EsimOrderId::from(0)).unwrap_err(),
        session.set_esim_notification_email(EsimOrderId::from(1), "@example.org").unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
    api.finish_without_login();
    Ok(())
}
