//! How long a server wants to be left alone, in every spelling, on calls, orders and auth calls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use popup_rewards::{
    ClientReference, Clock, CountryId, ErrorKind, NewOrder, ProductId, RetryPolicy, Session,
};

use super::still::StillClock;
use super::wire::{Answer, Peer, answer, json, tokens};
use super::{COUNTRY, failed};

const ORDER: &str = r#"{"id":1,"product_id":2,"denomination":5,"quantity":1,"status":"PENDING"}"#;
const MESSAGE: &str = r#"{"error":{"code":"TOO_MANY_REQUESTS","message":"Retry after 4 second(s)."}}"#;

/// What a 429 says of its pause (headers and body), and how many seconds that is.
const SPELLINGS: [(&str, &str, u64); 22] = [
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
    // Without a `Date` by the local clock, which begins in 1970 here.
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

/// A clock on which pauses take no time, and that keeps them.
#[derive(Clone, Default)]
struct Noting(StillClock, Arc<Mutex<Vec<Duration>>>);

impl Noting {
    fn new() -> Self {
        Noting(StillClock::jumping(), Arc::default())
    }

    /// The pauses of a second or more.
    fn seconds(&self) -> Vec<u64> {
        self.1.lock().unwrap().iter().map(Duration::as_secs).filter(|pause| *pause > 0).collect()
    }
}

impl Clock for Noting {
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn wall(&self) -> std::time::SystemTime {
        self.0.wall()
    }

    fn on_jump(&self, waker: std::task::Waker) {
        self.0.on_jump(waker);
    }

    fn on_pause(&self, until: Duration) {
        self.1.lock().unwrap().push(until.saturating_sub(self.monotonic()));
        self.0.on_pause(until);
    }

    fn random(&self) -> f64 {
        0.5
    }
}

fn limited(headers: &str, body: &str) -> Answer {
    Answer::Keep(answer("429 Too Many Requests", headers, body))
}

fn session(peer: &Peer, clock: &Noting) -> Session {
    peer.builder().retry(RetryPolicy::new()).clock(clock.clone()).build().unwrap()
}

#[test]
fn a_call_keeps_the_pause_in_every_spelling() {
    for (headers, body, seconds) in SPELLINGS {
        let peer = Peer::start([limited(headers, body), Answer::Keep(json(COUNTRY))]).unwrap();
        let clock = Noting::new();
        session(&peer, &clock).get_country(CountryId::from(1)).unwrap();
        let expected: &[u64] = if seconds == 0 { &[] } else { &[seconds] };
        assert_eq!(clock.seconds(), expected, "{headers:?} {body}");
    }
}

#[test]
fn an_order_keeps_the_pause_in_every_spelling_and_is_placed_once() {
    for (headers, body, seconds) in SPELLINGS {
        let peer = Peer::start([limited(headers, body), Answer::Keep(json(ORDER))]).unwrap();
        let clock = Noting::new();
        let order = NewOrder::new(ProductId::from(2), 5.into(), 1, ClientReference::generate());
        session(&peer, &clock).create_order(&order).unwrap();
        let expected: &[u64] = if seconds == 0 { &[] } else { &[seconds] };
        assert_eq!(clock.seconds(), expected, "{headers:?} {body}");
        assert_eq!(peer.calls().len(), 2);
    }
}

#[test]
fn a_login_keeps_the_pause_in_every_spelling() {
    for (headers, body, seconds) in SPELLINGS.into_iter().filter(|(.., seconds)| *seconds > 0) {
        let login = [limited(headers, body), Answer::Keep(json(tokens(1)))];
        let peer = Peer::with_auth(login, []).unwrap();
        let clock = Noting::new();
        session(&peer, &clock).login().unwrap();
        assert_eq!(clock.monotonic().as_secs(), seconds, "{headers:?} {body}");
        assert_eq!(peer.seen().len(), 2);
    }
}

#[test]
fn a_pause_that_outlasts_the_deadline_is_told_at_once() {
    for header in ["99999999999999999999", "\"3600\"", "3600, 1", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let headers = format!("retry-after: {header}\r\n");
        let peer = Peer::start([limited(&headers, "")]).unwrap();
        let clock = Noting::new();
        let error = failed(session(&peer, &clock).countries(), ErrorKind::RateLimited, "too many requests");
        assert!(error.retry_after().unwrap() >= Duration::from_secs(3600), "{error:?}");
        assert_eq!((peer.calls().len(), clock.seconds()), (1, vec![]), "{header}");
    }
}

#[test]
fn a_503_with_a_pause_keeps_it_and_takes_none_from_its_message() {
    for (headers, body, seconds) in [("retry-after: \"6\"\r\n", "", 6), ("", MESSAGE, 0)] {
        let down = Answer::Keep(answer("503 Service Unavailable", headers, body));
        let peer = Peer::start([down, Answer::Keep(json(COUNTRY))]).unwrap();
        let clock = Noting::new();
        session(&peer, &clock).get_country(CountryId::from(1)).unwrap();
        assert_eq!(clock.seconds().iter().sum::<u64>(), seconds, "{headers:?}");
    }
}
