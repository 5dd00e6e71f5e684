//! Token answers that cannot be used: a typed error, nothing of what they held, and a live token kept.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use parking_lot::Mutex;
use popup_rewards::{Clock, Credentials, ErrorKind, RetryPolicy, Session, SystemClock};

/// A text that no error may hold; it stands wherever a bad answer has room for it.
const PLANTED: &str = "pl4nt3d-v4lu3";

/// A server that answers every auth call with the body it was given last, and everything else with an empty list.
struct Server {
    url: String,
    answer: Arc<Mutex<Vec<u8>>>,
    auth_calls: Arc<AtomicU64>,
}

impl Server {
    fn start(answer: &str) -> Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let answer = Arc::new(Mutex::new(answer.as_bytes().to_vec()));
        let auth_calls = Arc::new(AtomicU64::new(0));
        let (given, counted) = (Arc::clone(&answer), Arc::clone(&auth_calls));
        // It ends with the test process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &given, &counted).unwrap_or_default();
            }
        });
        Ok(Server { url, answer, auth_calls })
    }

    fn answer(&self, body: &str) {
        *self.answer.lock() = body.as_bytes().to_vec();
    }
}

/// One request, one answer, and the end of the connection.
fn serve(mut stream: TcpStream, answer: &Mutex<Vec<u8>>, auth_calls: &AtomicU64) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = stream.read(&mut piece)?;
        request.extend(piece.iter().take(read));
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let length =
            text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let head = text.find("\r\n\r\n").map(|end| end + 4);
        if read == 0 || head.is_some_and(|head| request.len() >= head + length.unwrap_or(0)) {
            break;
        }
    }
    let body = if request.starts_with(b"POST /auth/") {
        auth_calls.fetch_add(1, Ordering::SeqCst);
        answer.lock().clone()
    } else {
        b"[]".to_vec()
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

#[derive(Clone)]
struct Ahead(SystemClock, Arc<AtomicU64>);

impl Ahead {
    fn by(&self) -> Duration {
        Duration::from_secs(self.1.load(Ordering::Relaxed))
    }
}

impl Clock for Ahead {
    fn monotonic(&self) -> Duration {
        self.0.monotonic() + self.by()
    }

    fn wall(&self) -> SystemTime {
        self.0.wall() + self.by()
    }
}

fn session(server: &Server) -> Result<(Session, Arc<AtomicU64>)> {
    let ahead = Arc::new(AtomicU64::new(0));
    let session = Session::builder(&server.url, Credentials::new("key", "secret"))
        .clock(Ahead(SystemClock::new(), Arc::clone(&ahead)))
        .retry(RetryPolicy::new().retries(0))
        .build()?;
    Ok((session, ahead))
}

/// Answers of the right kind in the wrong form.
fn bad_answers() -> Vec<(&'static str, String)> {
    let end = "2099-01-01T00:00:00Z";
    let pair = |access: &str, refresh: &str, expires: &str| {
        format!(
            r#"{{"success":true,"data":{{"access_token":{access},"refresh_token":{refresh},"access_expires_at":{expires},"note":"{PLANTED}"}}}}"#
        )
    };
    let quoted = |text: &str| format!("\"{text}\"");
    let (good, when) = (quoted(PLANTED), quoted(end));
    vec![
        ("no access token", format!(r#"{{"success":true,"data":{{"refresh_token":"{PLANTED}"}}}}"#)),
        ("no data", format!(r#"{{"success":true,"note":"{PLANTED}"}}"#)),
        ("a null access token", pair("null", &good, &when)),
        ("a number for a token", pair("184467440737095516150", &good, &when)),
        ("an object for a token", pair(&format!(r#"{{"{PLANTED}":1}}"#), &good, &when)),
        ("an empty access token", pair("\"\"", &good, &when)),
        ("a token with a line break", pair(&quoted(&format!("{PLANTED}\\nX-Injected: 1")), &good, &when)),
        ("a token with a space", pair(&quoted(&format!("{PLANTED} {PLANTED}")), &good, &when)),
        ("a token that is not ASCII", pair(&quoted(&format!("{PLANTED}\\u00e9")), &good, &when)),
        ("a token longer than a header", pair(&quoted(&PLANTED.repeat(2_000)), &good, &when)),
        ("an answer longer than any", pair(&quoted(&PLANTED.repeat(20_000)), &good, &when)),
        ("an end in the past", pair(&good, &good, &quoted("1999-01-01T00:00:00Z"))),
        ("a list", format!(r#"["{PLANTED}"]"#)),
        ("a text", quoted(PLANTED)),
        ("null", "null".to_owned()),
        ("nothing", String::new()),
        ("half an answer", format!(r#"{{"success":true,"data":{{"access_token":"{PLANTED}"#)),
        ("not JSON", format!("<html>{PLANTED}</html>")),
        ("lists without an end", format!("{}{PLANTED}", "[".repeat(60_000))),
    ]
}

/// Everything an error shows, its causes included.
fn shown(error: &popup_rewards::Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text} {error} {error:?}");
        cause = error.source();
    }
    text
}

fn until(what: &str, reached: impl Fn() -> bool) -> Result<()> {
    for _ in 0..20_000 {
        if reached() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(1));
    }
    anyhow::bail!("{what}: the instant did not come")
}

#[test]
fn a_login_answer_that_cannot_be_used_is_an_error_without_a_word_of_it() -> Result<()> {
    for (what, answer) in bad_answers() {
        let server = Server::start(&answer)?;
        let (session, _) = session(&server)?;
        let error = session.countries().err().with_context(|| format!("{what} was taken"))?;
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{what}");
        assert!(!shown(&error).contains(PLANTED), "{what}: {}", shown(&error));
        assert_eq!(session.status().generation, 0, "{what}");
    }
    Ok(())
}

#[test]
fn a_refresh_answer_that_cannot_be_used_leaves_the_live_token_in_use() -> Result<()> {
    for (what, answer) in bad_answers() {
        let server = Server::start(r#"{"data":{"access_token":"a.b.c","refresh_token":"r"}}"#)?;
        let (session, ahead) = session(&server)?;
        session.countries()?;
        server.answer(&answer);
        ahead.store(56 * 60, Ordering::Relaxed);
        session.countries().with_context(|| format!("{what} showed"))?;
        until(what, || server.auth_calls.load(Ordering::SeqCst) == 2 && !session.status().renewing)?;
        let token = session.access_token()?;
        assert_eq!((token.expose(), session.status().generation), ("a.b.c", 1), "{what}");
        assert_eq!(server.auth_calls.load(Ordering::SeqCst), 2, "{what}");
        // Asked for, the same answer shows: the token that lives is still there afterwards.
        ahead.fetch_add(1, Ordering::Relaxed);
        let error = session.refresh().err().with_context(|| format!("{what} was taken"))?;
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{what}");
        assert!(!shown(&error).contains(PLANTED), "{what}: {}", shown(&error));
        assert_eq!(session.access_token()?.expose(), "a.b.c", "{what}");
    }
    Ok(())
}

#[test]
fn a_pair_without_a_usable_refresh_token_serves_and_the_next_flight_logs_in() -> Result<()> {
    for (what, refresh) in [
        ("none", String::new()),
        ("null", r#","refresh_token":null"#.to_owned()),
        ("an empty text", r#","refresh_token":"""#.to_owned()),
        ("a list", format!(r#","refresh_token":["{PLANTED}"]"#)),
    ] {
        let server = Server::start(&format!(r#"{{"data":{{"access_token":"a.b.c"{refresh}}}}}"#))?;
        let (session, _) = session(&server)?;
        session.countries().with_context(|| what.to_owned())?;
        session.refresh().with_context(|| what.to_owned())?;
        assert_eq!((session.stats().logins, session.stats().refreshes), (2, 0), "{what}");
    }
    Ok(())
}

#[test]
fn answers_with_extra_missing_and_odd_but_usable_fields_are_taken() -> Result<()> {
    for (what, rest) in [
        ("no end", String::new()),
        ("a null end", r#","access_expires_at":null"#.to_owned()),
        ("a leap second", r#","access_expires_at":"2099-11-22T23:59:60Z""#.to_owned()),
        ("seconds for an end", r#","access_expires_at":4070908800"#.to_owned()),
        ("an end without a zone", r#","access_expires_at":"2099-01-01 00:00:00""#.to_owned()),
        ("a text for an end", format!(r#","access_expires_at":"{PLANTED}""#)),
        ("an end that is no date", r#","access_expires_at":"2099-13-01T00:00:00Z""#.to_owned()),
        ("an offset", r#","access_expires_at":"2099-11-22T23:59:59.5+14:00""#.to_owned()),
        ("an empty end", r#","access_expires_at":"""#.to_owned()),
        ("an end in the year 10000", r#","access_expires_at":"10000-01-01T00:00:00Z""#.to_owned()),
        ("the last second there is", r#","access_expires_at":"9999-12-31T23:59:59Z""#.to_owned()),
        ("a field nobody knows", format!(r#","scope":{{"{PLANTED}":[1,null]}}"#)),
    ] {
        let server =
            Server::start(&format!(r#"{{"data":{{"access_token":"a.b.c","refresh_token":"r"{rest}}}}}"#))?;
        let (session, _) = session(&server)?;
        session.countries().with_context(|| what.to_owned())?;
        assert!(session.access_token()?.expires_at().year() <= 9999, "{what}");
    }
    Ok(())
}
