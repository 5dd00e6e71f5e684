//! Log lines at trace level.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::ThreadId;

use log::{Level, LevelFilter, Log, Metadata, Record};
use popup_rewards::{ClientReference, EsimOrderId, Event, NewOrder, OrderId, ProductId, RawCall};
use serde_json::Value;

use super::planted::{ACCESS, ACTIVATION, CARD, PASSWORD, PIN, REFRESH, clean, esim, order, shows_no_secret};
use crate::common::peer::{Peer, Step, json, response, tokens};
use crate::common::until;

struct Line {
    thread: ThreadId,
    level: Level,
    target: String,
    text: String,
}

/// Records every log line of this process.
struct Keeper(Mutex<Vec<Line>>);

static KEEPER: Keeper = Keeper(Mutex::new(Vec::new()));

impl Log for Keeper {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = Line {
            thread: std::thread::current().id(),
            level: record.level(),
            target: record.target().to_owned(),
            text: record.args().to_string(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn flush(&self) {}
}

/// Starts to record log lines.
pub(crate) fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if log::set_logger(&KEEPER).is_ok() {
            log::set_max_level(LevelFilter::Trace);
        }
    });
}

/// Returns the lines of these threads whose target starts with `target`.
fn lines(target: &str, threads: &[ThreadId]) -> Vec<(Level, String, String)> {
    let kept = KEEPER.0.lock().unwrap_or_else(PoisonError::into_inner);
    let is_wanted = |line: &&Line| threads.contains(&line.thread) && line.target.starts_with(target);
    let lines = kept.iter().filter(is_wanted);
    lines.map(|line| (line.level, line.target.clone(), line.text.clone())).collect()
}

/// Checks the lines of this crate's targets, from every thread.
#[track_caller]
pub(crate) fn assert_clean() {
    let kept = KEEPER.0.lock().unwrap_or_else(PoisonError::into_inner);
    for line in kept.iter().filter(|line| line.target.starts_with("popup_rewards")) {
        clean(&line.text);
    }
}

/// Uses a session in every way. Returns the threads involved: this one, and those of the login and the refresh.
fn live() -> Vec<ThreadId> {
    let peer = Peer::start([
        Step::Keep(json(order())),
        Step::Keep(json(order())),
        Step::Keep(json(esim())),
        Step::Keep(response("401 Unauthorized", "", "")),
        Step::Keep(json("1")),
        Step::Reset,
        Step::Reset,
        Step::Keep(json("{}")),
        Step::Echo(|seen| super::errors::echo(seen, "200 OK", "ECHO")),
    ])
    .unwrap();
    let threads = Arc::new(Mutex::new(vec![std::thread::current().id()]));
    let observed = Arc::clone(&threads);
    let observe = move |event: &Event| {
        shows_no_secret(event);
        observed.lock().unwrap_or_else(PoisonError::into_inner).push(std::thread::current().id());
    };
    let session = peer.builder().observer(observe).build().unwrap();
    let reference = ClientReference::new("ref-1").unwrap();
    session.create_order(&NewOrder::new(ProductId::from(2), 5.into(), 1, reference)).unwrap();
    session.get_order(OrderId::from(1)).unwrap();
    session.get_esim_order(EsimOrderId::from(1)).unwrap();
    session.call::<Value>(&RawCall::post("/api/v1/new").json(&CARD).query("code", CARD)).unwrap();
    session.service_status().unwrap();
    session.get_order(OrderId::from(1)).unwrap_err();
    session.refresh().unwrap();
    // Callers may continue before the observer is called.
    let known = || threads.lock().unwrap_or_else(PoisonError::into_inner).clone();
    until("the observer was called twice", || known().len() == 3).unwrap();
    session.logout().unwrap();
    known()
}

#[test]
fn the_log_lines_of_this_crate_hold_no_secret() {
    keep();
    let threads = live();
    let lines = lines("popup_rewards", &threads);
    for (_, target, text) in &lines {
        clean(text);
        assert!(matches!(target.as_str(), "popup_rewards::call" | "popup_rewards::token"), "{target}");
    }
    let texts: Vec<_> = lines.into_iter().map(|(_, _, text)| text).collect();
    for says in [
        "POST /api/v1/orders 200 ",
        " request_id=req-7 reference=ref-1",
        "GET /api/v1/orders/:id 200 ",
        "POST /api/v1/new 401 ",
        "GET /status Network ",
        "request_id=req-7",
        "Minted generation=1 reason=None",
        "Refreshed generation=2 reason=None",
        "LoggedOut",
    ] {
        assert!(texts.iter().any(|text| text.contains(says)), "{says}: {texts:#?}");
    }
    assert_clean();
}

#[test]
fn the_http_library_logs_secrets_only_as_documented() {
    keep();
    let threads = live();
    // The dump has rows of 16 bytes, each with its text at the end.
    let rows = |(_, _, text): &(Level, String, String)| {
        text.chars().skip(text.chars().count() - 16).collect::<String>()
    };
    let dumped: String = lines("ureq_proto::util", &threads).iter().map(rows).collect();
    // The dump holds the heads of requests and responses in full, but not the bodies of requests.
    for secret in [ACCESS, REFRESH, CARD, PIN, ACTIVATION] {
        assert!(dumped.contains(secret), "according to the documentation, the dump holds {secret}");
    }
    assert!(!dumped.contains(PASSWORD));
    assert!(lines("ureq_proto::util", &threads).iter().all(|(level, ..)| *level == Level::Trace));
    // At debug level, ureq logs URLs with their queries.
    let others = |query: &str| {
        let lines = lines("", &threads).into_iter().filter(|(_, target, _)| target != "ureq_proto::util");
        let found = lines.filter(|(_, _, text)| text.replace(query, "").contains("-canary-"));
        found.map(|(level, target, _)| (level, target)).collect::<BTreeSet<_>>()
    };
    assert_eq!(others("nothing"), BTreeSet::from([(Level::Debug, "ureq::run".to_owned())]));
    assert_eq!(others(&format!("?code={CARD}")), BTreeSet::new());
}

#[test]
fn a_failed_logout_on_drop_is_logged_without_the_servers_message() {
    keep();
    let login = Step::Keep(json(tokens(1)));
    let refusal =
        format!(r#"{{"error":{{"name":"Forbidden","code":"FORBIDDEN","message":"denied {PIN}"}}}}"#);
    let json_type = "content-type: application/json\r\n";
    let logout = Step::Keep(response("403 Forbidden", json_type, refusal));
    let peer = Peer::with_auth([login, logout], []).unwrap();
    let session = peer.builder().logout_on_drop(true).build().unwrap();
    session.login().unwrap();
    drop(session);
    let lines = lines("popup_rewards::token", &[std::thread::current().id()]);
    let warnings: Vec<_> = lines.iter().filter(|(level, ..)| *level == Level::Warn).collect();
    assert!(
        matches!(&warnings[..], [(_, _, text)] if text == "the logout on drop failed: Forbidden"),
        "{lines:?}"
    );
}
