//! Lists and walks with unreadable items.

use anyhow::Result;
use popup_rewards::{
    Decimal, ErrorKind, EsimProductId, ListOrders, ListProducts, ListTopupProducts, ListTransactions,
    ListWallets, TopupProductId,
};

use super::{THREE, order};
use crate::common::mock::Api;

#[test]
fn a_page_holds_the_readable_items_and_reports_the_others() -> Result<()> {
    let mut api = Api::start()?;
    for body in [THREE.to_owned(), format!(r#"{{"data":{THREE},"links":{{}},"meta":{{"total":3}}}}"#)] {
        let call = api.get("/api/v1/products").with_header("x-total-count", "3").with_body(body).create();
        let page = api.session.list_products(&ListProducts::new())?;
        assert_eq!(page.iter().map(|product| &*product.name).collect::<Vec<_>>(), ["A", "C"]);
        assert_eq!((page.total, page.has_more), (Some(3), false));
        let [unreadable] = page.unreadable.as_slice() else { panic!("{page:?}") };
        assert_eq!((unreadable.position(), unreadable.id()), (1, Some(2)));
        let error = unreadable.error();
        assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidResponse, Some(200)));
        assert_eq!(error.request_id(), Some("req-1"));
        assert!(error.to_string().contains("`name`"), "{error}");
        drop(call);
        api.forget_mocks()?;
    }
    Ok(())
}

/// The ids of the readable items, and the positions and ids of the unreadable ones.
type Read = (Vec<i64>, Vec<(usize, Option<i64>)>);

macro_rules! page {
    ($api:ident, $target:literal, $body:expr, $list:expr) => {{
        let call = $api.get($target).with_body($body).create();
        let page = $list?;
        drop(call);
        let read: Read = (
            page.items.iter().map(|item| item.id.get()).collect(),
            page.unreadable.iter().map(|item| (item.position(), item.id())).collect(),
        );
        $api.forget_mocks()?;
        read
    }};
}

#[test]
fn one_malformed_item_does_not_fail_a_list() -> Result<()> {
    let mut api = Api::start()?;
    let product =
        |more: &str| format!(r#"[{{"id":1,"name":"A"}},{{"id":2,"name":"B"{more}}},{{"id":3,"name":"C"}}]"#);
    let all: Read = (vec![1, 2, 3], vec![]);
    for more in [
        r#","category":5"#,
        r#","available_denominations":[{"min_value":1,"max_value":""}]"#,
        r#","available_denominations":[{"min_value":1,"max_value":"1,000.00"}]"#,
        r#","available_denominations":{}"#,
        r#","category":[],"validity":{},"country_id":"x","image_url":true"#,
        r#","name":"Acme \ud83c""#,
    ] {
        let filter = ListProducts::new();
        let read = page!(api, "/api/v1/products", product(more), api.session.list_products(&filter));
        assert_eq!(read, all, "{more}");
    }
    let latin = b"[{\"id\":1,\"name\":\"A\"},{\"id\":2,\"name\":\"Caf\xE9\"},{\"id\":3,\"name\":\"C\"}]";
    let read = page!(api, "/api/v1/products", latin, api.session.list_products(&ListProducts::new()));
    assert_eq!(read, all);
    let null = r#"[{"id":1,"name":"A"},null,[2,"B"],"x",{"name":"no id"},{"id":3,"name":"C"}]"#;
    let read = page!(api, "/api/v1/products", null, api.session.list_products(&ListProducts::new()));
    assert_eq!(read, (vec![1, 3], vec![(1, None), (2, None), (3, None), (4, None)]));

    let topup = r#"[{"id":1,"name":"A","topup_type":"MOBILE"},{"id":2,"name":"B","topup_type":null}]"#;
    let filter = ListTopupProducts::new();
    let read = page!(api, "/api/v1/topups/products", topup, api.session.list_topup_products(&filter));
    assert_eq!(read, (vec![1, 2], vec![]));

    let wallet = |id, amount, more| format!(r#"{{"id":{id},"currency_id":3,"amount":{amount}{more}}}"#);
    let wallets = [
        wallet(1, "5", r#","type":null"#),
        wallet(2, r#""1,000.00""#, r#","type":"PREPAID""#),
        wallet(3, "4.9900000000000002131628207280300557613372802734375", ""),
    ];
    let body = format!("[{}]", wallets.join(","));
    let read = page!(api, "/api/v1/wallets", &body, api.session.list_wallets(&ListWallets::new()));
    assert_eq!(read, (vec![1, 3], vec![(1, Some(2))]));
    let by_position = r#"[[9,1,500,"PREPAID"],{"id":1,"currency_id":1,"amount":1,"type":"PREPAID"}]"#;
    let read = page!(api, "/api/v1/wallets", by_position, api.session.list_wallets(&ListWallets::new()));
    assert_eq!(read, (vec![1], vec![(0, None)]));

    let transactions = r#"[{"id":1,"wallet_id":9,"amount":1,"transaction_type":null,"status":null},
        {"id":2,"wallet_id":9,"amount":"","transaction_type":"DEBIT","status":"PENDING"}]"#;
    let filter = ListTransactions::new();
    let read = page!(api, "/api/v1/transactions", transactions, api.session.list_transactions(&filter));
    assert_eq!(read, (vec![1], vec![(1, Some(2))]));

    let orders =
        format!("[{},{}]", order("7", "a", r#","amount":"?","vouchers":{}"#), order("null", "b", ""));
    let read = page!(api, "/api/v1/orders", &orders, api.session.list_orders(&ListOrders::new()));
    assert_eq!(read, (vec![7], vec![(1, None)]));
    Ok(())
}

#[test]
fn a_list_without_pages_omits_unreadable_items() -> Result<()> {
    let mut api = Api::start()?;
    let currencies = r#"[{"id":1,"currency":"USD","precision":2},{"id":2,"currency":"XXX","precision":null},
        {"id":3,"currency":"JPY","precision":"0"}]"#;
    let matches = r#"{"data":[{"product_id":41,"name":"A","identified":1},null,{"name":"B"}],"meta":{}}"#;
    let variants = r#"[{"id":1,"name":"n","fields":[],"fixed_amounts":["4.99",""]},{"id":2}]"#;
    let plans =
        r#"[{"id":1,"name":"n","amount":1,"data_amount_gb":"Unlimited"},{"id":2,"name":"n","amount":"?"}]"#;
    let number = r#"{"mobile_number":"+14155550123"}"#;
    let mocks = [
        api.get("/api/v1/currencies").with_body(currencies).create(),
        api.post("/api/v1/topups/lookup", number).with_body(matches).create(),
        api.get("/api/v1/topups/products/41/variants").with_body(variants).create(),
        api.get("/api/v1/esim/products/7/variants").with_body(plans).create(),
        api.get("/api/v1/countries").with_body(r#"[null,{"name":"nowhere"}]"#).create(),
        api.get("/api/v1/categories").with_body("[]").create(),
    ];
    let session = &api.session;
    let names: Vec<_> = session.currencies()?.into_iter().map(|it| (it.currency, it.precision)).collect();
    assert_eq!(names, [("USD".to_owned(), 2), ("JPY".to_owned(), 0)]);
    let operators = session.lookup_mobile("+14155550123")?;
    assert_eq!(
        operators.iter().map(|it| (it.product_id.get(), it.identified)).collect::<Vec<_>>(),
        [(41, true)]
    );
    let variants = session.list_topup_variants(TopupProductId::from(41))?;
    assert_eq!(
        variants.iter().map(|it| it.fixed_amounts.as_slice()).collect::<Vec<_>>(),
        [[Decimal::new(499, 2)]]
    );
    let plans = session.list_esim_variants(EsimProductId::from(7))?;
    assert_eq!(plans.iter().map(|it| (it.id.get(), it.data_amount_gb)).collect::<Vec<_>>(), [(1, None)]);
    let error = session.countries().unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidResponse, Some(200)));
    assert!(session.categories()?.is_empty());
    mocks.iter().for_each(mockito::Mock::assert);
    api.finish();
    Ok(())
}

#[test]
fn a_walk_continues_after_an_unreadable_item_but_not_after_a_failed_call() -> Result<()> {
    let mut api = Api::start()?;
    let refused = r#"{"error":{"code":"VALIDATION_FAILURE","message":"no"}}"#;
    let second =
        r#"[{"id":"x"},{"id":3,"name":"C"},{"id":2,"name":null},{"id":4,"name":"D"},{"id":5,"name":[]}]"#;
    let mocks = [
        api.get("/api/v1/products?limit=500&page=1").with_body(THREE).create(),
        api.get("/api/v1/products?limit=500&page=2").with_body(second).create(),
        api.get("/api/v1/products?limit=500&page=3").with_status(400).with_body(refused).create(),
    ];
    let mut walk = api.session.products(&ListProducts::new());
    let seen: Vec<_> = (&mut walk)
        .map(|item| match item {
            Ok(product) => Ok(product.id.get()),
            Err(error) => Err((error.kind(), error.unreadable().map(|it| (it.position(), it.id())))),
        })
        .collect();
    let unreadable = |position, id| Err((ErrorKind::InvalidResponse, Some((position, id))));
    assert_eq!(
        seen,
        [
            Ok(1),
            unreadable(1, Some(2)),
            Ok(3),
            unreadable(0, None),
            // 3 and 2 were on the previous page.
            Ok(4),
            unreadable(4, Some(5)),
            Err((ErrorKind::InvalidRequest, None)),
        ]
    );
    assert!(walk.next().is_none());
    drop(walk);
    mocks.iter().for_each(mockito::Mock::assert);
    api.finish();
    Ok(())
}

#[test]
fn the_error_of_an_unreadable_item_holds_the_item() -> Result<()> {
    let mut api = Api::start()?;
    let call = api
        .get("/api/v1/products?limit=500&page=1")
        .with_header("x-has-more", "false")
        .with_body(THREE)
        .create();
    let error = api.session.products(&ListProducts::new()).nth(1).unwrap().unwrap_err();
    let unreadable = error.unreadable().unwrap();
    assert_eq!(unreadable.error().to_string(), error.to_string());
    assert!(!error.is_retryable() && !error.may_have_executed() && unreadable.error().unreadable().is_none());
    call.assert();
    api.finish();
    Ok(())
}

#[test]
fn a_page_without_readable_items_ends_a_walk_only_if_repeated() -> Result<()> {
    let mut api = Api::start()?;
    let mocks = [
        api.get("/api/v1/products?limit=500&page=1").with_body("[null,{}]").create(),
        api.get("/api/v1/products?limit=500&page=2").with_body(r#"[{"id":3,"name":"C"}]"#).create(),
        api.get("/api/v1/products?limit=500&page=3").with_body("[]").create(),
    ];
    let ok: Vec<_> = api.session.products(&ListProducts::new()).map(|item| item.is_ok()).collect();
    assert_eq!(ok, [false, false, true]);
    mocks.iter().for_each(mockito::Mock::assert);
    // A server that ignores the page number and has only unreadable items.
    let again = api.get("/api/v1/wallets?limit=500&page=1").with_body("[null]").create();
    let same = api.get("/api/v1/wallets?limit=500&page=2").with_body("[null]").create();
    assert_eq!(api.session.wallets(&ListWallets::new()).count(), 1);
    again.assert();
    same.assert();
    api.finish();
    Ok(())
}
