//! Panic messages, which `unwrap` builds from debug texts.

use std::sync::{Mutex, Once, PoisonError};

use popup_rewards::{ErrorKind, OrderId, Session};

use super::errors::echo;
use super::logs;
use super::planted::{clean, order};
use crate::common::peer::{Peer, Step, json};
use crate::common::until;

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Records the text of every panic, and prints it as usual.
fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current().name().unwrap_or_default().to_owned();
            PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{thread}: {panic}"));
            usual(panic);
        }));
    });
}

/// Returns the texts of the panics on threads with this name.
fn panics(thread: &str) -> Vec<String> {
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    panics.iter().filter(|text| text.starts_with(thread)).cloned().collect()
}

/// Returns the text of a worker's panic, from the hook and from its handle.
fn worker(name: &str, session: &Session, work: fn(Session)) -> String {
    keep();
    logs::keep();
    let session = session.clone();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(session)).unwrap();
    let payload = thread.join().unwrap_err();
    let constant = payload.downcast_ref::<&str>().map(|&text| text.to_owned());
    let text = payload.downcast_ref::<String>().cloned().or(constant).unwrap_or_default();
    let hook = panics(name);
    assert!(!text.is_empty() && hook.iter().any(|panic| panic.contains(&text)), "{text} {hook:?}");
    logs::assert_clean();
    format!("{text} {hook:?}")
}

/// Waits for a panic with this text on a thread of a session, and returns the texts of all such panics.
fn panics_in_a_flight(what: &str) -> String {
    let texts = || panics("popup-rewards-token").join(" ");
    until(what, || texts().contains(what)).unwrap();
    texts()
}

#[test]
fn the_panic_of_an_unwrapped_error_holds_no_secret() {
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
fn a_panic_with_the_debug_text_of_every_value_holds_no_secret() {
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
fn the_panic_of_an_observer_holds_no_secret() {
    keep();
    let peer = Peer::start([Step::Keep(json("[]"))]).unwrap();
    let session = peer.builder().observer(|event| panic!("{event:?}")).build().unwrap();
    session.countries().unwrap();
    clean(&format!("{session:?} {}", panics_in_a_flight("Minted")));
}

#[test]
fn the_panic_of_a_credentials_closure_holds_only_its_own_text() {
    keep();
    let peer = Peer::start([]).unwrap();
    let closure = || -> popup_rewards::Result<_> { panic!("the secrets manager is {}", "down") };
    let session = Session::new(&peer.url(), popup_rewards::Credentials::from_fn(closure)).unwrap();
    let error = session.login().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    clean(&format!("{error:?} {error} {}", panics_in_a_flight("the secrets manager is down")));
    assert!(peer.requests().is_empty());
}
