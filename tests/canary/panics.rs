//! What panics say: their messages are built from Debug texts by whoever calls `unwrap`.

use std::sync::{Mutex, Once, PoisonError};

use popup_rewards::{ErrorKind, OrderId, Session};

use super::errors::echo;
use super::logs;
use super::planted::{clean, order};
use crate::common::peer::{Peer, Step, json};
use crate::common::until;

static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps the text of every panic, and prints it as usual.
fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current().name().unwrap_or_default().to_owned();
            SAID.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{thread}: {panic}"));
            usual(panic);
        }));
    });
}

/// What panics of the threads with this name said.
fn said(thread: &str) -> Vec<String> {
    let said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    said.iter().filter(|said| said.starts_with(thread)).cloned().collect()
}

/// The text of the panic of a worker, from the hook and from its handle.
fn worker(name: &str, session: &Session, work: fn(Session)) -> String {
    keep();
    logs::keep();
    let session = session.clone();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(session)).unwrap();
    let payload = thread.join().unwrap_err();
    let constant = payload.downcast_ref::<&str>().map(|&text| text.to_owned());
    let text = payload.downcast_ref::<String>().cloned().or(constant).unwrap_or_default();
    let hook = said(name);
    assert!(!text.is_empty() && hook.iter().any(|said| said.contains(&text)), "{text} {hook:?}");
    logs::of_ours_are_clean();
    format!("{text} {hook:?}")
}

/// What the panics on threads of sessions said; one of them has to say this.
fn said_in_a_flight(what: &str) -> String {
    let said = || said("popup-rewards-token").join(" ");
    until(what, || said().contains(what)).unwrap();
    said()
}

#[test]
fn a_worker_that_unwraps_an_error_says_no_secret() {
    let failing = || Step::Echo(|seen| echo(seen, "403 Forbidden", "ECHO"));
    let peer = Peer::start([failing(), failing()]).unwrap();
    let session = peer.session().unwrap();
    let text = worker("unwraps-an-api-error", &session, |session| {
        session.get_order(OrderId::from(1)).unwrap();
    });
    assert!(text.contains("Forbidden"));
    clean(&text);
    let peer = Peer::with_auth([failing()], []).unwrap();
    let text = worker("unwraps-a-login-error", &peer.session().unwrap(), |session| session.login().unwrap());
    assert!(text.contains("Forbidden"));
    clean(&text);
}

#[test]
fn a_worker_that_panics_with_all_it_has_says_no_secret() {
    let peer = Peer::start([Step::Keep(json(order()))]).unwrap();
    let text = worker("panics-with-everything", &peer.session().unwrap(), |session| {
        let order = session.get_order(OrderId::from(1)).unwrap();
        let token = session.access_token().unwrap();
        panic!("{session:?} {:?} {:?} {order:?} {token:?}", session.status(), session.stats());
    });
    assert!(text.contains("Session {") && text.contains("Order {"));
    clean(&text);
}

#[test]
fn an_observer_that_panics_in_the_middle_of_a_login_says_no_secret() {
    keep();
    let peer = Peer::start([Step::Keep(json("[]"))]).unwrap();
    let session = peer.builder().observer(|event| panic!("{event:?}")).build().unwrap();
    session.countries().unwrap();
    clean(&format!("{session:?} {}", said_in_a_flight("Minted")));
}

#[test]
fn a_credentials_closure_that_panics_says_only_its_own() {
    keep();
    let peer = Peer::start([]).unwrap();
    let ask = || -> popup_rewards::Result<_> { panic!("the secrets manager is {}", "down") };
    let session = Session::new(&peer.url(), popup_rewards::Credentials::from_fn(ask)).unwrap();
    let error = session.login().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    clean(&format!("{error:?} {error} {}", said_in_a_flight("the secrets manager is down")));
    assert!(peer.requests().is_empty());
}
