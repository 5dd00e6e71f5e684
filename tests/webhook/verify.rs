//! The verification of webhook deliveries, and the reading of their events.

use std::error::Error as _;

use popup_rewards::webhook::{self, Event, EventKind};
use popup_rewards::{Error, ErrorKind, OrderStatus, Secret, WalletId};
use time::{Duration, OffsetDateTime};

const SECRET: &str = "whsec-canary-7391";
const DELIVERED: &str = r#"{"id":"evt_5f1c","type":"order.delivered","created_at":"2031-03-02T10:05:00Z",
    "data":{"id":88101,"reference_code":"ord-5f1c","status":"DELIVERED","product_name":"Acme Play US",
    "denomination":20.00,"quantity":2,"amount":"40.00","delivered_quantity":2,
    "delivered_on":"2031-03-02T10:05:00Z","created_at":"2031-03-02T10:04:00Z","added_later":{"x":[1]}}}"#;

/// A name, the headers, and a part of the error message.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
type Headers = Vec<(String, Vec<u8>)>;

fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(1_930_212_300)
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect()
}

/// Returns the headers of a genuine delivery of this body, sent now.
fn genuine(body: &[u8]) -> Headers {
    let signature = webhook::sign(body, &Secret::new(SECRET));
    headers(&[("X-Signature", &signature), ("X-Timestamp", &now().unix_timestamp().to_string())])
}

fn verify(body: &[u8], headers: &Headers) -> Result<Event, Error> {
    webhook::verify(body, headers, &Secret::new(SECRET), now())
}

fn event(name: &str, data: &str) -> Result<Event, Error> {
    let body =
        format!(r#"{{"id":"evt_1","type":"{name}","created_at":"2031-03-02T10:05:00+02:00","data":{data}}}"#);
    verify(body.as_bytes(), &genuine(body.as_bytes()))
}

#[test]
fn a_genuine_delivery_is_read_in_full() {
    let event = verify(DELIVERED.as_bytes(), &genuine(DELIVERED.as_bytes())).unwrap();
    assert_eq!(event.id, "evt_5f1c");
    assert_eq!(event.created_at.unix_timestamp(), 1_930_212_300);
    let EventKind::OrderDelivered(order) = event.kind else { panic!("{:?}", event.kind) };
    assert_eq!(order.order_id.get(), 88101);
    assert_eq!(order.client_reference.as_deref(), Some("ord-5f1c"));
    assert_eq!(order.status, Some(OrderStatus::Delivered));
    assert_eq!(order.product_name.as_deref(), Some("Acme Play US"));
    assert_eq!(order.denomination.unwrap().to_string(), "20.00");
    assert_eq!(order.amount.unwrap().to_string(), "40.00");
    assert_eq!((order.quantity, order.delivered_quantity), (Some(2), Some(2)));
    assert_eq!(order.delivered_on.unwrap() - order.created_at.unwrap(), Duration::MINUTE);
}

#[test]
fn the_signature_is_hmac_sha256_in_lower_case_hexadecimal() {
    assert_eq!(
        webhook::sign(br#"{"id":"evt_1"}"#, &Secret::new("whsec-of-this-endpoint")),
        "436839f39ddd2a447a277357edda607de9d2b5cc11646582d50906c70125b412"
    );
}

#[test]
fn header_names_and_signatures_are_read_in_any_case() {
    let body = DELIVERED.as_bytes();
    let signature = webhook::sign(body, &Secret::new(SECRET)).to_uppercase();
    let timestamp = format!(" {} ", now().unix_timestamp());
    let mixed = headers(&[
        ("content-type", "application/json"),
        ("x-SIGNATURE", &signature),
        ("x-timestamp", &timestamp),
        ("X-EVENT-ID", "evt_5f1c"),
        ("x-event-type", "order.delivered"),
        ("X-Brand-Webhook-Token", SECRET),
    ]);
    assert_eq!(verify(body, &mixed).unwrap().id, "evt_5f1c");
}

#[test]
fn every_delivery_that_cannot_be_trusted_is_refused_with_a_reason() {
    let body = DELIVERED.as_bytes();
    let good = webhook::sign(body, &Secret::new(SECRET));
    let of_another_secret = webhook::sign(body, &Secret::new("another"));
    let at = |seconds: i64| (now().unix_timestamp() + seconds).to_string();
    let cases: &[Case<'_>] = &[
        ("no headers", &[], "X-Signature header is missing"),
        ("no signature", &[("X-Timestamp", &at(0))], "X-Signature header is missing"),
        ("no timestamp", &[("X-Signature", &good)], "X-Timestamp header is missing"),
        (
            "two signatures, both right",
            &[("X-Signature", &good), ("x-signature", &good), ("X-Timestamp", &at(0))],
            "more than one X-Signature",
        ),
        (
            "two timestamps",
            &[("X-Signature", &good), ("X-Timestamp", &at(0)), ("X-Timestamp", &at(0))],
            "more than one X-Timestamp",
        ),
        (
            "two in one",
            &[("X-Signature", &format!("{good},{good}")), ("X-Timestamp", &at(0))],
            "not a hexadecimal",
        ),
        (
            "a prefix",
            &[("X-Signature", &format!("sha256={good}")), ("X-Timestamp", &at(0))],
            "not a hexadecimal",
        ),
        ("an empty one", &[("X-Signature", ""), ("X-Timestamp", &at(0))], "not a hexadecimal"),
        (
            "another secret",
            &[("X-Signature", &of_another_secret), ("X-Timestamp", &at(0))],
            "not that of its body",
        ),
        ("a cut one", &[("X-Signature", &good[..32]), ("X-Timestamp", &at(0))], "not that of its body"),
        (
            "a longer one",
            &[("X-Signature", &format!("{good}00")), ("X-Timestamp", &at(0))],
            "not that of its body",
        ),
        ("old", &[("X-Signature", &good), ("X-Timestamp", &at(-301))], "more than five minutes old"),
        ("ahead", &[("X-Signature", &good), ("X-Timestamp", &at(301))], "more than five minutes ahead"),
        (
            "the beginning of time",
            &[("X-Signature", &good), ("X-Timestamp", "0")],
            "more than five minutes old",
        ),
        (
            "milliseconds",
            &[("X-Signature", &good), ("X-Timestamp", &at(0).repeat(2))],
            "not a number of seconds",
        ),
        ("no number", &[("X-Signature", &good), ("X-Timestamp", "yesterday")], "not a number of seconds"),
        (
            "another id",
            &[("X-Signature", &good), ("X-Timestamp", &at(0)), ("X-Event-ID", "evt_other")],
            "X-Event-ID header contradicts",
        ),
        (
            "another type",
            &[("X-Signature", &good), ("X-Timestamp", &at(0)), ("X-Event-Type", "order.failed")],
            "X-Event-Type header contradicts",
        ),
    ];
    for (case, pairs, message) in cases {
        let error = verify(body, &headers(pairs)).expect_err(case);
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{case}");
        assert!(error.to_string().contains(message), "{case}: {error}");
        let shown = format!("{error} {error:?} {:?}", error.source().map(ToString::to_string));
        for quoted in [SECRET, "evt_", "88101", "Acme", "yesterday", &good[..16], &of_another_secret[..16]] {
            assert!(!shown.contains(quoted), "{case} quotes {quoted}: {shown}");
        }
    }
}

#[test]
fn the_timestamp_may_differ_by_up_to_five_minutes() {
    let body = DELIVERED.as_bytes();
    for (late, is_accepted) in [(300, true), (301, false), (-300, true), (-301, false)] {
        let received = now() + Duration::seconds(late);
        let outcome = webhook::verify(body, &genuine(body), &Secret::new(SECRET), received);
        assert_eq!(outcome.is_ok(), is_accepted, "{late} s after it was sent");
    }
}

#[test]
fn the_signature_is_checked_before_the_body_is_parsed() {
    for unreadable in [&b"{"[..], b"", b"\xff\xfe", br#"{"id":7}"#, br#"{"id":"evt_1"}"#] {
        let forged = verify(unreadable, &genuine(b"something else")).unwrap_err();
        assert_eq!(forged.kind(), ErrorKind::Unauthorized);
        assert!(forged.to_string().contains("not that of its body"), "{forged}");

        let authentic = verify(unreadable, &genuine(unreadable)).unwrap_err();
        assert_eq!(authentic.kind(), ErrorKind::InvalidResponse, "{authentic}");
    }
}

#[test]
fn a_change_of_any_byte_is_refused() {
    let genuine = genuine(DELIVERED.as_bytes());
    for at in 0..DELIVERED.len() {
        let mut changed = DELIVERED.as_bytes().to_vec();
        changed[at] ^= 1;
        assert_eq!(verify(&changed, &genuine).unwrap_err().kind(), ErrorKind::Unauthorized, "byte {at}");
    }
}

#[test]
fn the_error_of_an_authentic_body_that_is_not_an_event_does_not_quote_it() {
    let bodies: &[&[u8]] = &[
        b"\xff\xff canary-4711",
        br#"["canary-4711"]"#,
        br#""canary-4711""#,
        br#"{"id":"canary-4711","created_at":"2031-03-02T10:05:00Z","data":{}}"#,
        br#"{"id":"","type":"canary-4711","created_at":"2031-03-02T10:05:00Z","data":{}}"#,
        br#"{"id":["canary-4711"],"type":"x","created_at":"2031-03-02T10:05:00Z","data":{}}"#,
        br#"{"id":"e","type":{"canary-4711":1},"created_at":"2031-03-02T10:05:00Z","data":{}}"#,
        br#"{"id":"e","type":"x","data":{"canary-4711":}}"#,
    ];
    for body in bodies {
        let error = verify(body, &genuine(body)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{}", String::from_utf8_lossy(body));
        let shown = format!("{error} {error:?} {:?}", error.source().map(ToString::to_string));
        assert!(!shown.contains("4711"), "{shown}");
    }
}

#[test]
fn an_empty_secret_is_refused_even_if_the_signature_is_right() {
    let empty = Secret::new("");
    let signed = headers(&[
        ("X-Signature", &webhook::sign(b"{}", &empty)),
        ("X-Timestamp", &now().unix_timestamp().to_string()),
    ]);
    let error = webhook::verify(b"{}", &signed, &empty, now()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[test]
fn each_order_event_has_its_kind() {
    let data = r#"{"id":3}"#;
    assert!(matches!(event("order.delivered", data).unwrap().kind, EventKind::OrderDelivered(_)));
    assert!(matches!(event("order.failed", data).unwrap().kind, EventKind::OrderFailed(_)));
    assert!(matches!(event("order.cancelled", data).unwrap().kind, EventKind::OrderCancelled(_)));
    let EventKind::OrderPartiallyDelivered(order) = event("order.partially_delivered", data).unwrap().kind
    else {
        panic!("wrong kind")
    };
    assert_eq!(order.order_id.get(), 3);
    assert_eq!((order.client_reference, order.quantity, order.amount), (None, None, None));
}

#[test]
fn the_reference_is_read_under_each_of_its_names() {
    for (data, reference) in [
        (r#"{"id":3,"client_reference":"a","ref":"b","reference_code":"c"}"#, "a"),
        (r#"{"id":3,"client_reference":null,"ref":"b","reference_code":"c"}"#, "b"),
        (r#"{"id":3,"reference_code":"c"}"#, "c"),
    ] {
        let EventKind::OrderFailed(order) = event("order.failed", data).unwrap().kind else {
            panic!("{data}")
        };
        assert_eq!(order.client_reference.as_deref(), Some(reference), "{data}");
    }
}

#[test]
fn several_malformed_members_of_an_order_are_ignored() {
    for time in [r#""""#, "null", r#""yesterday""#, "17"] {
        let data = format!(r#"{{"id":3,"delivered_on":{time},"quantity":"two","status":[7]}}"#);
        let EventKind::OrderDelivered(order) = event("order.delivered", &data).unwrap().kind else {
            panic!("{data}")
        };
        assert_eq!((order.delivered_on, order.quantity, order.status), (None, None, None), "{data}");
    }
}

#[test]
fn a_wallet_event_keeps_its_text_and_its_readable_members() {
    let data = r#"{"wallet_id":9,"amount":"1250.75","currency":"USD","remarks":"wire"}"#;
    let EventKind::WalletCredited(wallet) = event("wallet.credited", data).unwrap().kind else {
        panic!("kind")
    };
    assert_eq!(wallet.wallet_id, Some(WalletId::from(9)));
    assert_eq!(wallet.amount.unwrap().to_string(), "1250.75");
    assert_eq!(wallet.currency.as_deref(), Some("USD"));
    assert_eq!(wallet.data, data);

    let EventKind::WalletDebited(wallet) = event("wallet.debited", r#"{"amount":[1]}"#).unwrap().kind else {
        panic!("kind")
    };
    assert_eq!((wallet.amount, wallet.data.as_str()), (None, r#"{"amount":[1]}"#));
}

#[test]
fn unknown_events_are_kept_but_not_shown() {
    let kind = event("esim.installed", r#"{"activation_code":"LPA:canary-4711"}"#).unwrap().kind;
    assert!(!format!("{kind:?}").contains("4711"), "{kind:?}");
    let EventKind::Unknown { name, data } = kind else { panic!("{kind:?}") };
    assert_eq!(name, "esim.installed");
    assert_eq!(data, r#"{"activation_code":"LPA:canary-4711"}"#);

    let body = br#"{"id":"evt_2","type":"ping","created_at":"2031-03-02T10:05:00Z"}"#;
    let EventKind::Unknown { data, .. } = verify(body, &genuine(body)).unwrap().kind else { panic!("kind") };
    assert_eq!(data, "null");
}
