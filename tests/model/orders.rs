//! Orders are read with their codes and found even if malformed, and never confused with others.

use anyhow::Result;
use popup_rewards::{
    ClientReference, Decimal, ErrorKind, EsimOrder, ListOrders, NewOrder, Order, OrderId, ProductId, Secret,
    TopupOrder, Voucher, WalletId,
};

use super::{members, order, with};
use crate::common::mock::Api;

/// JSON values of every type that most members cannot use.
const MALFORMED: [&str; 16] = [
    "null",
    r#""""#,
    r#"" ""#,
    "{}",
    r#"{"a":1}"#,
    "[]",
    "[null]",
    "true",
    "-1",
    "0",
    "1e99",
    "2.5",
    r#""x""#,
    r#""1,040.00""#,
    r#""\ud83c""#,
    r#"{"0":"x"}"#,
];

const ORDERS: [(&str, &str); 3] = [
    ("vouchers/order", "Order"),
    ("topups/order_delivered", "TopupOrder"),
    ("esim/order_delivered", "EsimOrder"),
];

#[test]
fn an_order_needs_only_a_readable_id() -> Result<()> {
    for (name, model) in ORDERS {
        let order = members(name)?;
        for (member, _) in order.iter().filter(|(name, _)| name != "id") {
            for raw in MALFORMED.map(Some).into_iter().chain([None]) {
                let json = with(&order, member, raw);
                let read = match model {
                    "Order" => serde_json::from_str::<Order>(&json).map(|order| order.id.get()),
                    "TopupOrder" => serde_json::from_str::<TopupOrder>(&json).map(|order| order.id.get()),
                    _ => serde_json::from_str::<EsimOrder>(&json).map(|order| order.id.get()),
                };
                assert!(read.is_ok_and(|id| id > 60_000), "{model}: {member} = {raw:?}");
            }
        }
        let bare = serde_json::from_str::<Order>(r#"{"id":"88101"}"#)?;
        assert_eq!((bare.id.get(), bare.product_id.get(), bare.quantity), (88101, 0, 0));
        for id in ["null", r#""""#, "{}", "true", "1.5", r#""ORD-1""#] {
            assert!(serde_json::from_str::<Order>(&with(&order, "id", Some(id))).is_err(), "{id}");
        }
    }
    Ok(())
}

#[test]
fn the_codes_of_a_malformed_order_are_read() -> Result<()> {
    let order = members("vouchers/order")?;
    let mut api = Api::start()?;
    let reference = ClientReference::new("ord-5f1c")?;
    let new = NewOrder::new(ProductId::from(3105), Decimal::new(2000, 2), 2, reference.clone());
    let sent = r#"{"product_id":3105,"denomination":20.00,"quantity":2,"client_reference":"ord-5f1c"}"#;
    let codes = r#"[{"card_number":"ACME-1111"}]"#;
    let order = [order.as_slice(), &[("vouchers".to_owned(), codes.to_owned())]].concat();
    for (member, raw) in [
        ("product_id", Some("null")),
        ("product_id", None),
        ("quantity", Some(r#""2""#)),
        ("quantity", Some("2.0")),
        ("quantity", Some("null")),
        ("denomination", Some(r#""""#)),
        ("discount", Some(r#""""#)),
        ("amount", Some(r#""1,040.00""#)),
        ("status", Some("null")),
        ("id", Some(r#""88101""#)),
        ("vouchers", Some(r#"{"0":{"card_number":"ACME-1111"}}"#)),
        ("vouchers", Some(r#"[null,{"card_number":"ACME-1111"}]"#)),
        ("vouchers", Some(r#"{"card_number":"ACME-1111"}"#)),
        ("vouchers", Some(r#"[{"card_number":"wrong","card_number":"ACME-1111"}]"#)),
        ("vouchers", Some(r#"[{"card_number":"ACME-1111","pin_code":{},"expires_at":[]}]"#)),
        ("message", Some(r#""\ud83c","message":"twice""#)),
    ] {
        let json = with(&order, member, raw);
        let mocks = [
            api.post("/api/v1/orders", sent).with_status(201).with_body(&json).create(),
            api.get("/api/v1/orders/88101").with_body(&json).create(),
            api.get("/api/v1/orders?client_reference=ord-5f1c&limit=500&page=1")
                .with_body(format!("[{json}]"))
                .create(),
            api.get("/api/v1/orders").with_body(format!("{{\"data\":[{json}],\"meta\":{{}}}}")).create(),
        ];
        let session = &api.session;
        let orders = [
            session.create_order(&new)?,
            session.get_order(OrderId::from(88101))?,
            session.find_order(&reference)?.unwrap(),
            session.list_orders(&ListOrders::new())?.items.remove(0),
        ];
        for order in orders {
            let code = order.vouchers.iter().find_map(|voucher| voucher.card_number.as_ref());
            assert_eq!(code.map(Secret::expose), Some("ACME-1111"), "{member} = {raw:?}");
        }
        drop(mocks);
        api.forget_mocks()?;
    }
    Ok(())
}

#[test]
fn a_code_may_be_text_or_an_integer() -> Result<()> {
    for member in ["card_number", "pin_code", "claim_url"] {
        for (raw, expected) in [
            (r#""AC\/1""#, Some("AC/1")),
            ("6006491234567890123", Some("6006491234567890123")),
            ("1.23e+18", None),
            ("1.5", None),
            ("true", None),
            ("{}", None),
        ] {
            let voucher: Voucher = serde_json::from_str(&format!(r#"{{"{member}":{raw}}}"#))?;
            let codes = [&voucher.card_number, &voucher.pin_code, &voucher.claim_url];
            assert_eq!(
                codes.into_iter().find_map(|it| it.as_ref()).map(Secret::expose),
                expected,
                "{member} {raw}"
            );
        }
    }
    let order = with(&members("esim/order_delivered")?, "activation_code", Some("1.23e+18"));
    assert!(serde_json::from_str::<EsimOrder>(&order)?.activation_code.is_none());
    Ok(())
}

#[test]
fn find_order_returns_none_only_if_every_item_was_readable() -> Result<()> {
    let mut api = Api::start()?;
    let mine = ClientReference::new("mine")?;
    for (listed, found) in [
        (format!("[{}]", order("7", "theirs", "")), Ok(None)),
        (format!("[{},null]", order("7", "theirs", "")), Err(())),
        (format!("[{}]", order("null", "mine", "")), Err(())),
        (format!("[{}]", order(r#""""#, "theirs", "")), Err(())),
        (format!("[null,{}]", order(r#""8""#, "mine", "")), Ok(Some(8))),
        (format!(r#"{{"data":[{}],"links":{{}},"meta":{{}}}}"#, order("8", "mine", "")), Ok(Some(8))),
        (r#"{"data":null}"#.to_owned(), Err(())),
        ("{}".to_owned(), Err(())),
    ] {
        let mocks = [
            api.get("/api/v1/orders?client_reference=mine&limit=500&page=1")
                .with_header("x-has-more", "false")
                .with_body(&listed),
            api.get("/api/v1/orders/8").with_body(order("8", "mine", "")),
        ]
        .map(mockito::Mock::create);
        let result = api.session.find_order(&mine);
        if let Err(error) = &result {
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{listed}");
            assert!(error.may_have_executed() && error.client_reference() == Some("mine"), "{error:?}");
        }
        assert_eq!(result.map(|order| order.map(|order| order.id.get())).map_err(drop), found, "{listed}");
        drop(mocks);
        api.forget_mocks()?;
    }
    Ok(())
}

#[test]
fn an_order_that_may_differ_from_the_requested_one_is_not_returned() -> Result<()> {
    let mut api = Api::start()?;
    let new = NewOrder::new(ProductId::from(3105), Decimal::from(20), 2, ClientReference::new("mine")?);
    let new = new.wallet(WalletId::from(9)).email("one@example.org");
    let sent = r#"{"product_id":3105,"denomination":20,"quantity":2,"client_reference":"mine","wallet_id":9,"email":"one@example.org"}"#;
    let refused =
        r#"{"error":{"code":"VALIDATION_FAILURE","message":"The client reference has already been taken."}}"#;
    for (more, is_match) in [
        ("", true),
        (r#","wallet_id":9,"email":"ONE@example.org""#, true),
        (r#","wallet_id":"9","email":null"#, true),
        (r#","wallet_id":9.0,"email":"""#, true),
        (r#","denomination":"20.0000000000000004","quantity":"2","product_id":"3105""#, true),
        (r#","wallet_id":8"#, false),
        (r#","wallet_id":{"id":9}"#, false),
        (r#","wallet_id":"main""#, false),
        (r#","email":"other@example.org""#, false),
        (r#","email":["one@example.org"]"#, false),
        (r#","product_id":null"#, false),
        (r#","product_id":0"#, false),
        (r#","quantity":null"#, false),
        (r#","quantity":"many""#, false),
        (r#","denomination":"""#, false),
        (r#","denomination":"1,040.00""#, false),
    ] {
        let there = order("7", "mine", more);
        let mocks = [
            api.post("/api/v1/orders", sent).with_status(422).with_body(refused),
            api.get("/api/v1/orders?client_reference=mine&limit=500&page=1").with_body(format!("[{there}]")),
            api.get("/api/v1/orders/7").with_body(&there),
        ]
        .map(mockito::Mock::create);
        match api.session.create_order(&new) {
            Ok(order) => assert!(is_match && order.id.get() == 7, "{more}"),
            Err(error) => {
                assert_eq!(
                    (error.kind(), is_match),
                    (ErrorKind::DuplicateReference, false),
                    "{more} {error}"
                );
                assert!(error.may_have_executed(), "{more}");
            }
        }
        drop(mocks);
        api.forget_mocks()?;
    }
    Ok(())
}
