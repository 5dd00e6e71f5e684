//! Gift cards: every call in full. `tests/model/vouchers.rs` covers the forms of the responses.

use anyhow::Result;
use popup_rewards::{
    ClientReference, CountryId, CurrencyId, ErrorKind, ListOrders, ListProducts, NewOrder, NewQuote, OrderId,
    OrderStatus, ProductId, ProductSort, Secret, SortDirection, WalletId,
};
use rust_decimal::Decimal;

use crate::common::mock::{Api, fixture};

const PRODUCT: i64 = 3105;

fn twenty() -> Decimal {
    Decimal::new(2000, 2)
}

fn an_order(reference: &str) -> Result<NewOrder> {
    Ok(NewOrder::new(ProductId::from(PRODUCT), twenty(), 2, ClientReference::new(reference)?))
}

#[test]
fn products_are_listed_with_every_filter() -> Result<()> {
    let mut api = Api::start()?;
    let target = "/api/v1/products?category=Gaming&country_id=1&currency_id=2&limit=20&page=3&search=play%20%26%20win\
                  &sort_by=name&sort_dir=DESC";
    let call = api
        .get(target)
        .with_header("x-page", "3")
        .with_header("x-total-count", "61")
        .with_header("x-total-pages", "4")
        .with_header("x-has-more", "true")
        .with_body(format!("[{}]", fixture("vouchers/product")?))
        .create();
    let filter = ListProducts::new()
        .page(3)
        .limit(20)
        .search("play & win")
        .category("Gaming")
        .country(CountryId::from(1))
        .currency(CurrencyId::from(2))
        .sort_by(ProductSort::Name)
        .sort_dir(SortDirection::Descending);
    let page = api.session.list_products(&filter)?;
    call.assert();
    assert_eq!((page.page, page.total, page.total_pages, page.has_more), (3, Some(61), Some(4), true));
    assert_eq!(page.items[0].id, ProductId::from(PRODUCT));
    api.finish();
    Ok(())
}

#[test]
fn a_custom_sort_is_sent_unchanged() -> Result<()> {
    let mut api = Api::start()?;
    let target = "/api/v1/products?sort=%7B%22field%22%3A%22id%22%2C%22direction%22%3A%22DESC%22%7D";
    let call = api.get(target).with_body("[]").create();
    let page =
        api.session.list_products(&ListProducts::new().sort(r#"{"field":"id","direction":"DESC"}"#))?;
    call.assert();
    assert!(page.items.is_empty() && !page.has_more);
    api.finish();
    Ok(())
}

#[test]
fn all_products_are_walked() -> Result<()> {
    let mut api = Api::start()?;
    let mut calls = Vec::new();
    for (page, more, name) in
        [(1, "true", "product"), (2, "true", "product_nulls"), (3, "false", "product_by_ids")]
    {
        let call = api
            .get(&format!("/api/v1/products?limit=500&page={page}&search=acme"))
            .with_header("x-has-more", more)
            .with_body(format!("[{}]", fixture(&format!("vouchers/{name}"))?));
        calls.push(call.create());
    }
    let products = api.session.products(&ListProducts::new().search("acme"));
    let ids: Vec<_> =
        products.map(|product| product.map(|product| product.id.get())).collect::<Result<_, _>>()?;
    assert_eq!(ids, [3105, 3106, 3107]);
    calls.iter().for_each(mockito::Mock::assert);
    api.finish();
    Ok(())
}

#[test]
fn one_product_is_fetched() -> Result<()> {
    let mut api = Api::start()?;
    let call = api.get("/api/v1/products/3105").with_body(fixture("vouchers/product")?).create();
    assert_eq!(api.session.get_product(ProductId::from(PRODUCT))?.name, "Acme Play US");
    call.assert();
    api.finish();
    Ok(())
}

#[test]
fn availability_is_checked_with_a_post() -> Result<()> {
    for (body, available) in
        [(r#"{"is_available":true}"#, true), (r#"{"data":{"is_available":false}}"#, false)]
    {
        let mut api = Api::start()?;
        let sent = r#"{"denomination":20.00,"quantity":5000}"#;
        let call = api.post("/api/v1/products/3105/availability", sent).with_body(body).create();
        assert_eq!(api.session.check_availability(ProductId::from(PRODUCT), twenty(), 5_000)?, available);
        call.assert();
        api.finish();
    }
    Ok(())
}

#[test]
fn a_quote_sends_the_denomination_digit_by_digit() -> Result<()> {
    let mut api = Api::start()?;
    let sent = r#"{"denomination":20.00,"quantity":4,"wallet_id":9}"#;
    let call =
        api.post("/api/v1/products/3105/charges", sent).with_body(fixture("vouchers/charges")?).create();
    let quote = NewQuote::new(twenty(), 4).wallet(WalletId::from(9));
    let charges = api.session.quote_order(ProductId::from(PRODUCT), &quote)?;
    call.assert();
    assert_eq!((charges.total_payable, charges.max_quantity), (Decimal::new(7800, 2), Some(100)));
    api.finish();
    Ok(())
}

#[test]
fn a_minimal_order_sends_only_the_required_members() -> Result<()> {
    let mut api = Api::start()?;
    let sent = r#"{"product_id":3105,"denomination":20.00,"quantity":2,"client_reference":"ord-5f1c"}"#;
    let call =
        api.post("/api/v1/orders", sent).with_status(201).with_body(fixture("vouchers/order")?).create();
    let order = api.session.create_order(&an_order("ord-5f1c")?)?;
    call.assert();
    assert_eq!((order.id, order.status), (OrderId::from(88101), OrderStatus::Delivered));
    assert_eq!(order.vouchers[0].pin_code.as_ref().map(Secret::expose), Some("4321"));
    api.finish();
    Ok(())
}

#[test]
fn an_order_sends_everything_that_was_set() -> Result<()> {
    let mut api = Api::start()?;
    let sent = r#"{"product_id":3105,"denomination":20.00,"quantity":6,"client_reference":"ord-6a2d","ref":"ord-6a2d","wallet_id":9,"email":"someone@example.org"}"#;
    let call = api.post("/api/v1/orders", sent).with_body(fixture("vouchers/order_pending")?).create();
    let order = NewOrder::new(ProductId::from(PRODUCT), twenty(), 6, ClientReference::new("ord-6a2d")?)
        .wallet(WalletId::from(9))
        .email("someone@example.org")
        .send_ref(true);
    assert_eq!(api.session.create_order(&order)?.status, OrderStatus::Pending);
    call.assert();
    api.finish();
    Ok(())
}

#[test]
fn orders_are_listed_with_every_filter() -> Result<()> {
    let mut api = Api::start()?;
    let target = "/api/v1/orders?client_reference=a%2Fb%20c&limit=100&page=1&product_id=3105&status=PARTIALLY_DELIVERED";
    let call = api.get(target).with_body(fixture("vouchers/orders")?).create();
    let filter = ListOrders::new()
        .page(1)
        .limit(100)
        .status(OrderStatus::PartiallyDelivered)
        .product(ProductId::from(PRODUCT))
        .reference(&ClientReference::new("a/b c")?);
    let page = api.session.list_orders(&filter)?;
    call.assert();
    let statuses: Vec<_> = page.items.iter().map(|order| order.status.as_str()).collect();
    assert_eq!(statuses, ["PENDING", "DELIVERED"]);
    assert_eq!(page.items[0].base_currency.as_deref(), Some("USD"));
    api.finish();
    Ok(())
}

#[test]
fn all_orders_are_walked_from_the_requested_page() -> Result<()> {
    let mut api = Api::start()?;
    let first = api.get("/api/v1/orders?limit=2&page=4").with_header("x-total-pages", "5");
    let first = first.with_body(fixture("vouchers/orders")?).create();
    let last =
        api.get("/api/v1/orders?limit=2&page=5").with_header("x-total-pages", "5").with_body("[]").create();
    assert_eq!(api.session.orders(&ListOrders::new().page(4).limit(2)).count(), 2);
    first.assert();
    last.assert();
    api.finish();
    Ok(())
}

#[test]
fn one_order_is_fetched_with_and_without_an_envelope() -> Result<()> {
    let bare = fixture("vouchers/order")?;
    for body in
        [bare.clone(), format!(r#"{{"success":true,"data":{bare}}}"#), format!(r#"{{"data":{bare}}}"#)]
    {
        let mut api = Api::start()?;
        // The response holds codes, and a decompressor would keep copies of them.
        let call =
            api.get("/api/v1/orders/88101").match_header("accept-encoding", "identity").with_body(body);
        let call = call.create();
        assert_eq!(api.session.get_order(OrderId::from(88101))?.vouchers.len(), 2);
        call.assert();
        api.finish();
    }
    Ok(())
}

#[test]
fn invalid_queries_are_refused_before_anything_is_sent() -> Result<()> {
    let api = Api::start()?;
    let session = &api.session;
    let (product, invalid) = (ProductId::from(PRODUCT), ProductId::from(0));
    let errors = [
        session.list_products(&ListProducts::new().page(0)).unwrap_err(),
        session.list_products(&ListProducts::new().limit(0)).unwrap_err(),
        session.list_products(&ListProducts::new().limit(10_001)).unwrap_err(),
        session.list_products(&ListProducts::new().country(CountryId::from(0))).unwrap_err(),
        session.list_products(&ListProducts::new().currency(CurrencyId::from(-1))).unwrap_err(),
        session.products(&ListProducts::new().page(0)).next().unwrap().unwrap_err(),
        session.get_product(invalid).unwrap_err(),
        session.check_availability(invalid, twenty(), 1).unwrap_err(),
        session.check_availability(product, Decimal::ZERO, 1).unwrap_err(),
        session.check_availability(product, twenty(), 0).unwrap_err(),
        session.quote_order(product, &NewQuote::new(-twenty(), 1)).unwrap_err(),
        session.quote_order(product, &NewQuote::new(twenty(), 5_001)).unwrap_err(),
        session.quote_order(product, &NewQuote::new(twenty(), 1).wallet(WalletId::from(0))).unwrap_err(),
        session.list_orders(&ListOrders::new().product(invalid)).unwrap_err(),
        session.get_order(OrderId::from(-7)).unwrap_err(),
    ];
    for error in &errors {
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
    assert!(errors[2].to_string().contains("1 to 10000"), "{}", errors[2]);
    api.finish_without_login();
    Ok(())
}

#[test]
fn invalid_orders_are_refused_before_anything_is_sent() -> Result<()> {
    let api = Api::start()?;
    let order = |product: i64, denomination, quantity| -> Result<NewOrder> {
        Ok(NewOrder::new(ProductId::from(product), denomination, quantity, ClientReference::new("ord-1")?))
    };
    let too_long = format!("{}@example.org", "x".repeat(243));
    for (wrong, hint) in [
        (order(0, twenty(), 1)?, "1 or more"),
        (order(PRODUCT, Decimal::ZERO, 1)?, "above zero"),
        (order(PRODUCT, -twenty(), 1)?, "above zero"),
        (order(PRODUCT, twenty(), 0)?, "1 to 5000"),
        (order(PRODUCT, twenty(), 5_001)?, "1 to 5000"),
        (order(PRODUCT, twenty(), 1)?.wallet(WalletId::from(-9)), "1 or more"),
        (order(PRODUCT, twenty(), 1)?.email("someone"), "name@example.org"),
        (order(PRODUCT, twenty(), 1)?.email(&too_long), "254"),
    ] {
        let error = api.session.create_order(&wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{wrong:?}");
        assert!(error.to_string().contains(hint), "{error}");
        assert!(!error.may_have_executed() && error.status().is_none(), "{wrong:?}");
    }
    assert_eq!(api.session.stats().calls, 0);
    api.finish_without_login();
    Ok(())
}
