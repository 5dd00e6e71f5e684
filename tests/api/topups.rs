//! Phone credit, data bundles and game credit.

use anyhow::Result;
use popup_rewards::{
    ClientReference, ErrorKind, ListTopupOrders, ListTopupProducts, NewTopupOrder, NewTopupQuote,
    TopupCategory, TopupOrderId, TopupOrderStatus, TopupProduct, TopupProductId, TopupType, TopupVariantId,
    TransactionId, WalletId,
};
use rust_decimal::Decimal;
use time::OffsetDateTime;

use crate::common::mock::{Api, fixture, read};

fn amount() -> Decimal {
    Decimal::new(499, 2)
}

fn an_order(product: i64, reference: &str) -> Result<NewTopupOrder> {
    Ok(NewTopupOrder::new(TopupProductId::from(product), amount(), ClientReference::new(reference)?))
}

#[test]
fn products_are_listed_with_every_filter() -> Result<()> {
    let mut api = Api::start()?;
    let target = "/api/v1/topups/products?page=2&per_page=500&search=example&type=MOBILE";
    let call = api.get(target).with_header("x-page", "2").with_header("x-total-pages", "2");
    let call = call.with_body(fixture("topups/products")?).create();
    let filter = ListTopupProducts::new().page(2).limit(500).topup_type(TopupType::Mobile).search("example");
    let page = api.session.list_topup_products(&filter)?;
    call.assert();
    assert_eq!((page.page, page.has_more), (2, false));
    let kinds: Vec<_> = page.items.iter().map(|product| product.topup_type.as_str()).collect();
    assert_eq!(kinds, ["MOBILE", "UTILITY", "TRANSIT"]);
    assert!(page.items.iter().all(|product| product.image_url.is_none() && product.input_fields.is_empty()));
    api.finish();
    Ok(())
}

#[test]
fn all_products_are_walked() -> Result<()> {
    let mut api = Api::start()?;
    let last = api.get("/api/v1/topups/products?page=2&per_page=500").with_body("[]").create();
    let call = api
        .get("/api/v1/topups/products?page=1&per_page=500")
        .with_body(fixture("topups/products")?)
        .create();
    assert_eq!(api.session.topup_products(&ListTopupProducts::new()).flatten().count(), 3);
    call.assert();
    last.assert();
    api.finish();
    Ok(())
}

#[test]
fn one_product_is_fetched_with_its_fields() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/topups/products/41").with_body(fixture("topups/product")?).create();
    let product = api.session.get_topup_product(TopupProductId::from(41))?;
    call.assert();
    assert_eq!(product.input_fields[0].key, "phone_number");
    assert_eq!(product.country_code.as_deref(), Some("USA"));
    api.finish();
    Ok(())
}

#[test]
fn the_input_fields_of_a_product_may_have_descriptions() -> Result<()> {
    let product: TopupProduct = read("topups/product_game")?;
    let fields: Vec<_> =
        product.input_fields.iter().map(|field| (field.key.as_str(), field.required)).collect();
    assert_eq!(fields, [("player_id", Some(true)), ("server", None)]);
    assert_eq!((product.topup_type, product.image_url), (TopupType::Gaming, None));
    Ok(())
}

#[test]
fn variants_are_listed_with_ranges_and_fixed_amounts() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/topups/products/41/variants").with_body(fixture("topups/variants")?).create();
    let variants = api.session.list_topup_variants(TopupProductId::from(41))?;
    call.assert();
    let [range, data, chest] = variants.as_slice() else { panic!("{variants:?}") };
    assert_eq!(
        (range.category.as_ref(), data.category.as_ref()),
        (Some(&TopupCategory::Airtime), Some(&TopupCategory::Data))
    );
    assert_eq!(
        (range.min_amount, range.max_amount),
        (Some(Decimal::new(100, 2)), Some(Decimal::new(10_000, 2)))
    );
    assert!(range.contains(Decimal::ONE) && !range.contains(Decimal::new(101, 0)));
    assert!(data.contains(amount()) && !data.contains(Decimal::new(500, 2)));
    assert_eq!(data.fields["validity_days"], "30");
    assert_eq!((chest.category.as_ref(), chest.fixed_amounts[0].to_string().as_str()), (None, "19.99"));
    assert!(chest.fields.is_empty() && chest.available_in.is_empty());
    api.finish();
    Ok(())
}

#[test]
fn one_variant_is_fetched() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/topups/variants/412").with_body(fixture("topups/variant")?).create();
    let variant = api.session.get_topup_variant(TopupVariantId::from(412))?;
    call.assert();
    assert_eq!(variant.available_in[0].name, "United States");
    api.finish();
    Ok(())
}

#[test]
fn a_phone_number_is_looked_up() -> Result<()> {
    let mut api = Api::start()?;
    let sent = r#"{"mobile_number":"+14155550123"}"#;
    let call = api.post("/api/v1/topups/lookup", sent).with_body(fixture("topups/lookup")?).create();
    let found = api.session.lookup_mobile("+14155550123")?;
    call.assert();
    let seen: Vec<_> =
        found.iter().map(|operator| (operator.product_id.get(), operator.identified)).collect();
    assert_eq!(seen, [(41, true), (45, false)]);
    api.finish();
    Ok(())
}

#[test]
fn the_lookup_of_an_unknown_phone_number_returns_an_empty_list() -> Result<()> {
    let mut api = Api::start()?;
    let call =
        api.post("/api/v1/topups/lookup", r#"{"mobile_number":"+14155550000"}"#).with_body("[]").create();
    assert!(api.session.lookup_mobile("+14155550000")?.is_empty());
    call.assert();
    api.finish();
    Ok(())
}

#[test]
fn a_quote_sends_everything_that_was_set() -> Result<()> {
    let mut api = Api::start()?;
    let plain = api.post("/api/v1/topups/charges", r#"{"product_id":41,"amount":4.99}"#);
    let plain = plain.with_body(fixture("topups/charges")?).create();
    let sent = r#"{"product_id":41,"amount":4.99,"category":"Data","wallet_id":9}"#;
    let full = api.post("/api/v1/topups/charges", sent).with_body(fixture("topups/charges")?).create();
    let quote = NewTopupQuote::new(TopupProductId::from(41), amount());
    assert_eq!(api.session.quote_topup(&quote)?.total_payable.to_string(), "4.7405");
    let charges = api.session.quote_topup(&quote.category(TopupCategory::Data).wallet(WalletId::from(9)))?;
    assert_eq!(charges.max_quantity, None);
    plain.assert();
    full.assert();
    api.finish();
    Ok(())
}

#[test]
fn an_order_sends_everything_that_was_set() -> Result<()> {
    let mut api = Api::start()?;
    let sent = r#"{"product_id":42,"amount":4.99,"input_data":{"player_id":"p-1","server":"EU"},"client_reference":"top-2","category":"Bundle","wallet_id":9}"#;
    let call = api.post("/api/v1/topups/orders", sent).with_status(201);
    let call = call.with_body(fixture("topups/order_failed")?).create();
    let order = an_order(42, "top-2")?
        .input("server", "EU")
        .input("player_id", "p-1")
        .category(TopupCategory::Bundle)
        .wallet(WalletId::from(9));
    let failed = api.session.create_topup_order(&order)?;
    call.assert();
    assert_eq!((failed.status, failed.is_user_fixable), (TopupOrderStatus::Failed, Some(true)));
    assert_eq!(failed.failure_reason.as_deref(), Some("This player does not exist on this server."));
    api.finish();
    Ok(())
}

#[test]
fn a_minimal_order_sends_only_the_required_members() -> Result<()> {
    let mut api = Api::start()?;
    let sent = r#"{"product_id":41,"amount":4.99,"input_data":{"phone_number":"+14155550123"},"client_reference":"top-1"}"#;
    let call = api.post("/api/v1/topups/orders", sent).with_body(fixture("topups/order_pending")?).create();
    let order =
        api.session.create_topup_order(&an_order(41, "top-1")?.input("phone_number", "+14155550123"))?;
    call.assert();
    assert_eq!((order.status, order.amount.to_string().as_str()), (TopupOrderStatus::Pending, "4.7405"));
    assert_eq!((order.transaction_id, order.completed_at, order.is_user_fixable), (None, None, None));
    api.finish();
    Ok(())
}

#[test]
fn orders_are_listed_with_every_filter() -> Result<()> {
    let mut api = Api::start()?;
    let target = "/api/v1/topups/orders?client_reference=top-3&country=USA&page=1&per_page=50&product_id=41&status=RECHARGED";
    let call = api.get(target).with_body(fixture("topups/orders")?).create();
    let filter = ListTopupOrders::new()
        .page(1)
        .limit(50)
        .status(TopupOrderStatus::Recharged)
        .product(TopupProductId::from(41))
        .country("USA")
        .reference(&ClientReference::new("top-3")?);
    let page = api.session.list_topup_orders(&filter)?;
    call.assert();
    let [first, second] = page.items.as_slice() else { panic!("{page:?}") };
    assert_eq!(
        (first.client_reference.as_deref(), second.client_reference.as_deref()),
        (Some("top-3"), Some("top-4"))
    );
    assert!(first.status.is_terminal() && first.created_at.is_some());
    assert_eq!(second.status, TopupOrderStatus::Unknown("ON_HOLD".to_owned()));
    assert!(!second.status.is_terminal());
    assert_eq!((second.product_id, second.currency.as_deref(), second.created_at), (None, None, None));
    api.finish();
    Ok(())
}

#[test]
fn all_orders_are_walked() -> Result<()> {
    let mut api = Api::start()?;
    let last = api.get("/api/v1/topups/orders?country=GLO&page=2&per_page=500").with_body("[]").create();
    let call = api
        .get("/api/v1/topups/orders?country=GLO&page=1&per_page=500")
        .with_body(fixture("topups/orders")?)
        .create();
    assert_eq!(api.session.topup_orders(&ListTopupOrders::new().country("GLO")).flatten().count(), 2);
    call.assert();
    last.assert();
    api.finish();
    Ok(())
}

#[test]
fn one_order_is_fetched() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/topups/orders/70001").with_body(fixture("topups/order_delivered")?).create();
    let order = api.session.get_topup_order(TopupOrderId::from(70001))?;
    call.assert();
    assert_eq!(
        (order.status, order.transaction_id),
        (TopupOrderStatus::Delivered, Some(TransactionId::from(5520)))
    );
    assert_eq!(
        (order.variant_name.as_deref(), order.status_text.as_deref()),
        (Some("5 GB"), Some("Delivered"))
    );
    assert_eq!(order.completed_at.map(OffsetDateTime::unix_timestamp), Some(1_930_212_321));
    api.finish();
    Ok(())
}

#[test]
fn the_notification_address_is_set_whatever_the_response_body() -> Result<()> {
    for body in ["", "null", r#"{"success":true}"#, "<p>done</p>"] {
        let mut api = Api::start()?;
        let target = "/api/v1/topups/orders/70001/notification-email";
        let call = api.patch(target, r#"{"email":"someone@example.org"}"#).with_body(body).create();
        api.session.set_topup_notification_email(TopupOrderId::from(70001), "someone@example.org")?;
        call.assert();
        api.finish();
    }
    Ok(())
}

#[test]
fn invalid_input_is_refused_before_anything_is_sent() -> Result<()> {
    let api = Api::start()?;
    let session = &api.session;
    let (product, invalid) = (TopupProductId::from(41), TopupProductId::from(0));
    let reference = ClientReference::new("top-1")?;
    let errors = [
        session.list_topup_products(&ListTopupProducts::new().limit(501)).unwrap_err(),
        session.list_topup_products(&ListTopupProducts::new().page(0)).unwrap_err(),
        session.get_topup_product(invalid).unwrap_err(),
        session.list_topup_variants(invalid).unwrap_err(),
        session.get_topup_variant(TopupVariantId::from(-1)).unwrap_err(),
        session.lookup_mobile("14155550123").unwrap_err(),
        session.lookup_mobile("+49 30 901820").unwrap_err(),
        session.quote_topup(&NewTopupQuote::new(invalid, amount())).unwrap_err(),
        session.quote_topup(&NewTopupQuote::new(product, Decimal::ZERO)).unwrap_err(),
        session.create_topup_order(&NewTopupOrder::new(invalid, amount(), reference.clone())).unwrap_err(),
        session.create_topup_order(&NewTopupOrder::new(product, -amount(), reference.clone())).unwrap_err(),
        session.create_topup_order(&an_order(41, "top-1")?.wallet(WalletId::from(0))).unwrap_err(),
        session.create_topup_order(&an_order(41, "top-1")?.input("phone_number", "0151 901820")).unwrap_err(),
        session.create_topup_order(&an_order(41, "top-1")?.input("phone_number", "")).unwrap_err(),
        session.list_topup_orders(&ListTopupOrders::new().country("US")).unwrap_err(),
        session.list_topup_orders(&ListTopupOrders::new().product(invalid)).unwrap_err(),
        session.get_topup_order(TopupOrderId::from(0)).unwrap_err(),
        session.set_topup_notification_email(TopupOrderId::from(1), "nobody").unwrap_err(),
        session.set_topup_notification_email(TopupOrderId::from(0), "someone@example.org").unwrap_err(),
    ];
    for error in &errors {
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
        assert!(!format!("{error:?}").contains("901820"), "{error:?}");
    }
    assert!(errors[0].to_string().contains("1 to 500 "), "{}", errors[0]);
    api.finish_without_login();
    Ok(())
}
