//! Every form of a retry delay, on calls, orders and auth calls.

use std::time::Duration;

use popup_rewards::{
    ClientReference, Clock, CountryId, ErrorKind, NewOrder, ProductId, RetryPolicy, Session,
};

use super::COUNTRY;
use crate::common::clock::TestClock;
use crate::common::errors::failed;
use crate::common::peer::{Peer, Step, json, response, tokens};

const ORDER: &str = r#"{"id":1,"product_id":2,"denomination":5,"quantity":1,"status":"PENDING"}"#;
const MESSAGE: &str = r#"{"error":{"code":"TOO_MANY_REQUESTS","message":"Retry after 4 second(s)."}}"#;

/// The headers and the body of a 429, and the delay in seconds.
const FORMS: [(&str, &str, u64); 22] = [
    ("retry-after: 7\r\n", "", 7),
    ("retry-after: 2, 2\r\n", "", 2),
    ("retry-after: 3,9\r\n", "", 3),
    ("retry-after: \"2\"\r\n", "", 2),
    ("retry-after: 2.5\r\n", "", 3),
    ("retry-after: 2.0\r\n", "", 2),
    ("retry-after: 5\r\nretry-after: 9\r\n", "", 5),
    ("date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:43 GMT\r\n", "", 6),
    ("date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sunday, 06-Nov-94 08:49:43 GMT\r\n", "", 6),
    ("date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun Nov  6 08:49:43 1994\r\n", "", 6),
    ("date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:43 UTC\r\n", "", 6),
    ("date: Sunday, 06-Nov-94 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:43 GMT\r\n", "", 6),
    ("date: Sun, 06 Nov 1994 08:49:37 UTC\r\nretry-after: Sun, 06 Nov 1994 08:49:43 GMT\r\n", "", 6),
    // Without a `Date` header, the local clock counts. It starts in 1970 here.
    ("retry-after: Thu, 01 Jan 1970 00:00:09 GMT\r\n", "", 9),
    ("", MESSAGE, 4),
    ("retry-after: soon\r\n", MESSAGE, 4),
    ("retry-after: -5\r\n", MESSAGE, 4),
    ("retry-after:\r\n", MESSAGE, 4),
    ("retry-after: 1e3\r\n", MESSAGE, 4),
    ("retry-after: 7\r\n", MESSAGE, 7),
    ("retry-after: soon\r\n", r#"{"error":{"code":"X","message":"503 of 600 used, 30 s"}}"#, 0),
    ("", r#"{"error":{"code":"X","message":"limit of 60 a minute"}}"#, 0),
];

/// The pauses of a second or more.
fn whole_seconds(clock: &TestClock) -> Vec<u64> {
    clock.pauses().iter().map(Duration::as_secs).filter(|pause| *pause > 0).collect()
}

fn limited(headers: &str, body: &str) -> Step {
    Step::Keep(response("429 Too Many Requests", headers, body))
}

fn session(peer: &Peer, clock: &TestClock) -> Session {
    peer.builder().retry(RetryPolicy::new()).clock(clock.clone()).build().unwrap()
}

#[test]
fn a_call_keeps_the_retry_delay_in_every_form() {
    for (headers, body, seconds) in FORMS {
        let peer = Peer::start([limited(headers, body), Step::Keep(json(COUNTRY))]).unwrap();
        let clock = TestClock::skipping();
        session(&peer, &clock).get_country(CountryId::from(1)).unwrap();
        let expected: &[u64] = if seconds == 0 { &[] } else { &[seconds] };
        assert_eq!(whole_seconds(&clock), expected, "{headers:?} {body}");
    }
}

#[test]
fn an_order_keeps_the_retry_delay_in_every_form() {
    for (headers, body, seconds) in FORMS {
        let peer = Peer::start([limited(headers, body), Step::Keep(json(ORDER))]).unwrap();
        let clock = TestClock::skipping();
        let order = NewOrder::new(ProductId::from(2), 5.into(), 1, ClientReference::generate());
        session(&peer, &clock).create_order(&order).unwrap();
        let expected: &[u64] = if seconds == 0 { &[] } else { &[seconds] };
        assert_eq!(whole_seconds(&clock), expected, "{headers:?} {body}");
        assert_eq!(peer.calls().len(), 2);
    }
}

#[test]
fn a_login_keeps_the_retry_delay_in_every_form() {
    for (headers, body, seconds) in FORMS.into_iter().filter(|(.., seconds)| *seconds > 0) {
        let login = [limited(headers, body), Step::Keep(json(tokens(1)))];
        let peer = Peer::with_auth(login, []).unwrap();
        let clock = TestClock::skipping();
        session(&peer, &clock).login().unwrap();
        assert_eq!(clock.monotonic().as_secs(), seconds, "{headers:?} {body}");
        assert_eq!(peer.requests().len(), 2);
    }
}

#[test]
fn a_call_fails_at_once_if_the_retry_delay_exceeds_its_deadline() {
    for header in ["99999999999999999999", "\"3600\"", "3600, 1", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let headers = format!("retry-after: {header}\r\n");
        let peer = Peer::start([limited(&headers, "")]).unwrap();
        let clock = TestClock::skipping();
        let error = failed(session(&peer, &clock).countries(), ErrorKind::RateLimited, "too many requests");
        assert!(error.retry_after().unwrap() >= Duration::from_secs(3600), "{error:?}");
        assert_eq!((peer.calls().len(), whole_seconds(&clock)), (1, vec![]), "{header}");
    }
}

#[test]
fn the_retry_delay_of_a_503_is_read_from_the_header_only() {
    for (headers, body, seconds) in [("retry-after: \"6\"\r\n", "", 6), ("", MESSAGE, 0)] {
        let down = Step::Keep(response("503 Service Unavailable", headers, body));
        let peer = Peer::start([down, Step::Keep(json(COUNTRY))]).unwrap();
        let clock = TestClock::skipping();
        session(&peer, &clock).get_country(CountryId::from(1)).unwrap();
        assert_eq!(whole_seconds(&clock).iter().sum::<u64>(), seconds, "{headers:?}");
    }
}
