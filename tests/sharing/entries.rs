//! Entries that are damaged, foreign, or from a storage that has lost its last writes.

use popup_rewards::{ErrorKind, EventKind};

use super::memory::Fault;
use super::team::{HOUR, Team};

#[test]
fn a_damaged_entry_costs_a_login_and_is_replaced() {
    for damage in ["flip", "cut", "garbage", "empty"] {
        let team = Team::new();
        team.member().call();
        let mut bytes = team.store.entry();
        let last = bytes.len() - 1;
        match damage {
            "flip" => bytes[last] ^= 1,
            "cut" => bytes.truncate(last),
            "garbage" => bytes = b"not an entry at all".to_vec(),
            _ => bytes.clear(),
        }
        team.store.put(&bytes);
        let second = team.member();
        second.call();
        second.until(EventKind::StoreFailed);
        team.member().call();
        assert_eq!(team.logins(), 2, "{damage}");
    }
}

#[test]
fn an_entry_of_a_newer_format_is_left_alone() {
    let team = Team::new();
    team.member().call();
    let mut bytes = team.store.entry();
    let format = b"popup-rewards\n".len();
    assert_eq!(bytes[format], 1);
    bytes[format] = 2;
    team.store.put(&bytes);
    let second = team.member();
    second.call();
    second.until(EventKind::StoreFailed);
    team.sandbox.advance(2 * HOUR);
    second.call();
    // It logs in and refreshes for itself alone.
    assert_eq!(team.auth_calls(), (2, 1));
    assert_eq!(team.store.entry(), bytes);
    assert_eq!(second.session.forget_stored().unwrap_err().kind(), ErrorKind::Store);
    assert_eq!(team.store.entry(), bytes);
}

#[test]
fn an_entry_of_a_newer_format_that_is_found_under_the_lease_is_left_alone() {
    let team = Team::new();
    team.member().call();
    let mut newer = team.store.entry();
    newer[b"popup-rewards\n".len()] = 2;
    team.sandbox.advance(2 * HOUR);
    let (store, bytes) = (team.store.clone(), newer.clone());
    team.store.at_each_call(move |call| {
        if call == "acquire" {
            store.put(&bytes);
        }
        Fault::None
    });
    let second = team.member();
    second.call();
    second.until(EventKind::StoreFailed);
    assert!(team.store.entry() == newer);
    team.settle();
    // The refresh token of the session is its own.
    team.sandbox.advance(2 * HOUR);
    second.call();
    assert_eq!(team.auth_calls(), (2, 1));
    assert!(team.store.entry() == newer);
}

#[test]
fn another_key_has_another_slot() {
    let team = Team::new();
    team.member().call();
    let entry = team.store.entry();
    team.stranger().call();
    assert_eq!(team.logins(), 2);
    let storage = team.store.storage.lock();
    assert_eq!(storage.entries.len(), 2);
    assert!(storage.entries.values().any(|kept| *kept == entry));
}

#[test]
fn an_entry_shows_no_secret() {
    let team = Team::new();
    let member = team.member();
    let token = member.session.access_token().unwrap();
    team.settle();
    let bytes = team.store.entry();
    let shows = |secret: &str| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
    assert!(bytes.len() > token.expose().len());
    assert!(!shows(token.expose()));
    assert!(!shows(team.sandbox.username().expose()));
    assert!(!shows(team.sandbox.password().expose()));
}

#[test]
fn an_entry_of_another_origin_lends_its_access_token_but_not_its_refresh_token() {
    let team = Team::new();
    team.member().call();
    "second".clone_into(&mut team.store.storage.lock().origin);
    let second = team.member();
    second.call();
    assert_eq!(team.auth_calls(), (1, 0));
    team.sandbox.advance(2 * HOUR);
    second.call();
    assert_eq!(team.auth_calls(), (2, 0));
    team.settle();
    team.sandbox.advance(2 * HOUR);
    team.member().call();
    assert_eq!(team.auth_calls(), (2, 1));
}

#[test]
fn a_session_does_not_adopt_an_entry_that_is_older_than_one_it_has_seen() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    let older = team.store.entry();
    first.session.forget_stored().unwrap();
    // The second session sees the cleared entry, and then the one before it.
    let store = team.store.clone();
    team.store.at_each_call(move |call| {
        if call == "acquire" {
            store.put(&older);
            "restored".clone_into(&mut store.storage.lock().origin);
        }
        Fault::None
    });
    let second = team.member();
    second.call();
    assert_eq!(team.auth_calls(), (2, 0));
    second.until(EventKind::Minted);
    assert!(!second.saw(EventKind::Adopted));
}

#[test]
fn a_store_that_returns_to_an_older_entry_never_presents_its_refresh_token_again() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    let older = team.store.entry();
    team.sandbox.advance(2 * HOUR);
    first.call();
    team.settle();
    team.store.put(&older);
    "restored".clone_into(&mut team.store.storage.lock().origin);
    team.sandbox.advance(2 * HOUR);
    team.member().call();
    first.call();
    assert_eq!(team.auth_calls(), (2, 1));
}

#[test]
fn an_older_entry_that_comes_back_lends_no_refresh_token_to_a_session_that_knows_a_newer_one() {
    let team = Team::new();
    let first = team.member();
    first.call();
    team.settle();
    let older = team.store.entry();
    team.sandbox.advance(2 * HOUR);
    first.call();
    team.settle();
    team.store.put(&older);
    team.sandbox.advance(2 * HOUR);
    first.call();
    assert_eq!(team.auth_calls(), (2, 1));
    assert_eq!(team.sandbox.refresh_tokens_presented_twice(), 0);
}
