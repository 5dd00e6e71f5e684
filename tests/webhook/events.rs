//! Authentic deliveries with malformed members, unusual headers, or unusual secrets.

use popup_rewards::webhook::{self, Event, EventKind, OrderEvent};
use popup_rewards::{Error, ErrorKind, OrderStatus, Secret, WalletId};
use time::{Duration, OffsetDateTime};

const SECRET: &str = "whsec-canary-7391";

/// When the deliveries are sent. An event that states no time gets this one.
fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(1_930_000_000)
}

fn signed(body: &[u8]) -> Vec<(String, String)> {
    let signature = webhook::sign(body, &Secret::new(SECRET));
    vec![
        ("X-Signature".to_owned(), signature),
        ("X-Timestamp".to_owned(), now().unix_timestamp().to_string()),
    ]
}

fn verify(body: impl AsRef<[u8]>) -> Result<Event, Error> {
    let body = body.as_ref();
    webhook::verify(body, &signed(body), &Secret::new(SECRET), now())
}

/// Returns the order of an event with this data, or `None` if it is not read as one.
fn order(data: &str) -> Option<OrderEvent> {
    let body = format!(r#"{{"id":"evt_1","type":"order.delivered","created_at":1930212300,"data":{data}}}"#);
    match verify(&body).ok()?.kind {
        EventKind::OrderDelivered(order) => Some(order),
        _ => None,
    }
}

#[test]
fn the_time_of_an_event_is_read_in_every_form() {
    for (time, seconds) in [
        (r#""created_at":"2031-03-02T10:05:00Z","#, 1_930_212_300),
        (r#""created_at":"2031-03-02T10:05:00","#, 1_930_212_300),
        (r#""created_at":"2031-03-02 10:05:00","#, 1_930_212_300),
        (r#""created_at":"2031-03-02T10:05:00+0000","#, 1_930_212_300),
        (r#""created_at":1930212300,"#, 1_930_212_300),
        (r#""created_at":1930212300000,"#, 1_930_212_300),
        (r#""created_at":"1930212300","#, 1_930_212_300),
        ("", 1_930_000_000),
        (r#""created_at":null,"#, 1_930_000_000),
        (r#""created_at":"","#, 1_930_000_000),
        (r#""created_at":"soon","#, 1_930_000_000),
        (r#""created_at":{"date":"2031-03-02"},"#, 1_930_000_000),
    ] {
        let event =
            verify(format!(r#"{{{time}"id":"evt_1","type":"order.failed","data":{{"id":3}}}}"#)).unwrap();
        assert_eq!(event.created_at.unix_timestamp(), seconds, "{time}");
        assert!(matches!(event.kind, EventKind::OrderFailed(_)), "{time}");
    }
}

#[test]
fn an_id_may_be_text_or_a_number() {
    for (id, expected) in [(r#""evt_1""#, "evt_1"), ("71", "71"), (r#"" evt_1 ""#, "evt_1")] {
        let body = format!(r#"{{"id":{id},"type":"ping","data":{{}}}}"#);
        let mut headers = signed(body.as_bytes());
        headers.push(("X-Event-ID".to_owned(), expected.to_owned()));
        let event = webhook::verify(body.as_bytes(), &headers, &Secret::new(SECRET), now()).unwrap();
        assert_eq!(event.id, expected);
    }
    for id in ["88101", r#""88101""#, r#"" 88101 ""#, "88101.0", "8.8101e4"] {
        assert_eq!(order(&format!(r#"{{"id":{id}}}"#)).unwrap().order_id.get(), 88101, "{id}");
    }
}

#[test]
fn an_event_without_an_id_or_type_uses_those_of_the_headers() {
    for body in [r#"{"data":{"id":3}}"#, r#"{"id":null,"type":"","data":{"id":3}}"#] {
        let mut headers = signed(body.as_bytes());
        headers.push(("X-Event-ID".to_owned(), "evt_9".to_owned()));
        headers.push(("X-Event-Type".to_owned(), "order.failed".to_owned()));
        let event = webhook::verify(body.as_bytes(), &headers, &Secret::new(SECRET), now()).unwrap();
        assert_eq!(event.id, "evt_9");
        assert!(matches!(event.kind, EventKind::OrderFailed(_)), "{body}");
        assert_eq!(verify(body).unwrap_err().kind(), ErrorKind::InvalidResponse);
    }
}

#[test]
fn a_malformed_member_of_an_order_does_not_affect_the_others() {
    for malformed in [
        r#""amount":"""#,
        r#""amount":"1,040.00""#,
        r#""amount":"NaN""#,
        r#""amount":{"value":40}"#,
        r#""amount":null"#,
        r#""amount":true"#,
        r#""denomination":"twenty""#,
        r#""quantity":2.5"#,
        r#""quantity":-2"#,
        r#""quantity":99999999999"#,
        r#""delivered_quantity":[]"#,
        r#""status":7"#,
        r#""product_name":{"en":"Acme"}"#,
        r#""product_name":"Acme \ud83c""#,
        r#""delivered_on":"soon""#,
        r#""created_at":false"#,
        r#""reference_code":[1]"#,
    ] {
        let name = malformed.split('"').nth(1).unwrap();
        let members = [
            ("reference_code", r#""ord-1""#),
            ("status", r#""DELIVERED""#),
            ("product_name", r#""Acme""#),
            ("denomination", "20.00"),
            ("quantity", r#""2""#),
            ("amount", r#""40.00""#),
            ("delivered_quantity", "2.0"),
            ("delivered_on", "1930212300"),
            ("created_at", r#""2031-03-02 10:05:00""#),
        ];
        let others = members.iter().filter(|(found, _)| *found != name);
        let mut pairs: Vec<_> = others.map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        pairs.extend([r#""id":3"#.to_owned(), malformed.to_owned()]);
        let found = order(&format!("{{{}}}", pairs.join(","))).expect(malformed);
        let read = [
            ("reference_code", found.client_reference.as_deref() == Some("ord-1")),
            ("status", found.status == Some(OrderStatus::Delivered)),
            ("product_name", found.product_name.as_deref() == Some("Acme")),
            ("denomination", found.denomination == Some(20.into())),
            ("quantity", found.quantity == Some(2)),
            ("amount", found.amount == Some(40.into())),
            ("delivered_quantity", found.delivered_quantity == Some(2)),
            ("delivered_on", found.delivered_on.is_some_and(|at| at.unix_timestamp() == 1_930_212_300)),
            ("created_at", found.created_at.is_some_and(|at| at.unix_timestamp() == 1_930_212_300)),
        ];
        for (member, is_read) in read {
            assert_eq!(is_read, member != name, "{malformed}: {member} of {found:?}");
        }
    }
}

#[test]
fn the_last_of_duplicate_members_counts() {
    assert_eq!(order(r#"{"id":3,"amount":1,"id":4,"amount":2}"#).unwrap().order_id.get(), 4);
    let event = verify(br#"{"id":"a","type":"ping","id":"b","data":1,"data":2}"#).unwrap();
    assert_eq!(event.id, "b");
}

#[test]
fn a_malformed_member_of_a_wallet_event_does_not_affect_the_others() {
    for (data, wallet, amount, currency) in [
        (r#"{"wallet_id":"9","amount":"","currency":"USD"}"#, Some(9), None, Some("USD")),
        (r#"{"wallet_id":9.0,"amount":"12.50","currency":null}"#, Some(9), Some("12.50"), None),
        (r#"{"wallet_id":"nine","amount":3,"currency":["USD"]}"#, None, Some("3"), None),
        (r#"[{"wallet_id":9}]"#, None, None, None),
    ] {
        let body = format!(r#"{{"id":"evt_1","type":"wallet.debited","data":{data}}}"#);
        let EventKind::WalletDebited(found) = verify(&body).unwrap().kind else { panic!("{data}") };
        assert_eq!(found.wallet_id, wallet.map(WalletId::from), "{data}");
        assert_eq!(found.amount.map(|amount| amount.to_string()).as_deref(), amount, "{data}");
        assert_eq!((found.currency.as_deref(), found.data.as_str()), (currency, data), "{data}");
    }
}

#[test]
fn an_order_event_without_an_order_id_is_kept_as_text() {
    for data in [r#"{"id":null,"status":"FAILED"}"#, r#"{"id":"no number"}"#, "[1]", "null"] {
        let body = format!(r#"{{"id":"evt_1","type":"order.failed","data":{data}}}"#);
        let EventKind::Unknown { name, data: kept } = verify(&body).unwrap().kind else { panic!("{data}") };
        assert_eq!((name.as_str(), kept.as_str()), ("order.failed", data));
    }
}

#[test]
fn malformed_characters_and_a_byte_order_mark_are_tolerated() {
    let latin1 =
        b"{\"id\":\"evt_1\",\"type\":\"order.failed\",\"data\":{\"id\":3,\"product_name\":\"Caf\xe9\"}}";
    let EventKind::OrderFailed(order) = verify(latin1).unwrap().kind else { panic!("kind") };
    assert_eq!((order.order_id.get(), order.product_name.as_deref()), (3, Some("Caf\u{fffd}")));
    assert_eq!(verify("\u{feff}{\"id\":\"evt_1\",\"type\":\"ping\"}").unwrap().id, "evt_1");
}

#[test]
fn header_names_in_the_form_of_cgi_are_accepted() {
    let body = br#"{"id":"evt_1","type":"ping"}"#;
    let values: Vec<String> = signed(body).into_iter().map(|(_, value)| value).collect();
    let verify = |names: [&str; 2], more: &[(&str, &str)]| {
        let mut headers = vec![(names[0], values[0].as_str()), (names[1], values[1].as_str())];
        headers.extend(more);
        webhook::verify(body, &headers, &Secret::new(SECRET), now()).map_err(|error| error.to_string())
    };
    for names in [["HTTP_X_SIGNATURE", "HTTP_X_TIMESTAMP"], ["http_x_signature", "X-Timestamp"]] {
        assert_eq!(verify(names, &[("HTTP_X_EVENT_ID", "evt_1")]).unwrap().id, "evt_1", "{names:?}");
        let error = verify(names, &[("HTTP_X_EVENT_ID", "evt_2")]).unwrap_err();
        assert!(error.contains("contradicts"), "{error}");
        let error = verify(names, &[("x-signature", "00")]).unwrap_err();
        assert!(error.contains("more than one X-Signature"), "{error}");
    }
    for names in
        [["X_SIGNATURE", "X-Timestamp"], ["HTTPX_SIGNATURE", "X-Timestamp"], ["HTTP_", "X-Timestamp"]]
    {
        assert!(verify(names, &[]).unwrap_err().contains("X-Signature header is missing"), "{names:?}");
    }
}

#[test]
fn a_secret_with_a_line_break_is_a_configuration_error() {
    let body = br#"{"id":"evt_1","type":"ping"}"#;
    for (secret, says) in [
        (format!("{SECRET}\n"), "trim it"),
        (format!("{SECRET}\r\n"), "trim it"),
        (format!(" {SECRET}"), "trim it"),
        (format!("{SECRET}\t"), "trim it"),
        (format!("\u{feff}{SECRET}"), "trim it"),
        (" \n".to_owned(), "is empty"),
    ] {
        for headers in [signed(body), Vec::new()] {
            let error = webhook::verify(body, &headers, &Secret::new(secret.as_str()), now()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{secret:?}");
            assert!(error.to_string().contains(says) && !error.to_string().contains("canary"), "{error}");
        }
    }
}

#[test]
fn a_delivery_signed_with_the_old_secret_verifies_with_only_that_one() {
    let (new, old) = (Secret::new("whsec-new"), Secret::new(SECRET));
    let body = br#"{"id":"evt_1","type":"ping"}"#;
    let headers = signed(body);
    let refused = webhook::verify(body, &headers, &new, now()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthorized);
    assert_eq!(webhook::verify(body, &headers, &old, now()).unwrap().id, "evt_1");
}
