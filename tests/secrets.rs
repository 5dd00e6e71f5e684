//! No secret remains in memory after a session has ended.
//!
//! Each test runs itself in a second process as the client, once over plain HTTP and once over TLS. The first process is
//! the server, which knows every secret. The client searches all of its own writable memory for them.
#![cfg(target_os = "linux")]

mod secrets {
    pub(crate) mod client;
    pub(crate) mod drawn;
    pub(crate) mod framing;
    pub(crate) mod scan;
    pub(crate) mod server;
}

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use popup_rewards::store::{EncryptedFileStore, StoreKey};
use popup_rewards::{ClientReference, ErrorKind, NewOrder, OrderId, OrderStatus, ProductId, Secret, Session};
use rust_decimal::Decimal;

use secrets::client::{self, Client, server_does};
use secrets::server::Transport;

macro_rules! scenario {
    ($name:ident, $run:expr) => {
        scenario!($name over [Transport::PlainHttp, Transport::Tls], $run);
    };
    ($name:ident over $transports:expr, $run:expr) => {
        #[test]
        fn $name() -> Result<()> {
            client::run(stringify!($name), &$transports, $run)
        }
    };
}

scenario!(a_logout_after_a_hundred_calls_leaves_no_token, |client| {
    let session = client.session()?;
    for _ in 0..100 {
        session.countries()?;
    }
    for secret in ["access token 0", "refresh token 0"] {
        client.expect_one(secret)?;
    }
    client.expect_no("password")?;
    session.logout()?;
    client.expect_nothing()?;
    // The session can log in again, because it still has the credentials.
    session.login()?;
    session.logout()?;
    client.expect_nothing()?;
    drop(session);
    client.expect_nothing()
});

scenario!(an_auth_call_leaves_no_secret_in_its_open_connection, |client| {
    let session = client.session()?;
    session.login()?;
    client.expect_no("password")?;
    client.expect_one("access token 0")?;
    client.expect_one("refresh token 0")?;
    session.refresh()?;
    client.expect_no("token 0")?;
    client.expect_one("refresh token 1")?;
    session.logout()?;
    client.expect_nothing()
});

scenario!(forget_wipes_the_tokens_of_every_pair, |client| {
    let session = client.session()?;
    session.login()?;
    session.refresh()?;
    session.refresh()?;
    session.countries()?;
    ensure!(session.status().generation == 3, "expected three pairs");
    session.forget();
    client.expect_nothing()?;
    drop(session);
    client.expect_nothing()
});

scenario!(the_drop_of_the_last_clone_leaves_no_secret, |client| {
    let session = client.session()?;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let session = session.clone();
            scope.spawn(move || {
                for _ in 0..20 {
                    session.countries().unwrap();
                }
            });
        }
    });
    let last = session.clone();
    drop(session);
    client.expect_one("access token 0")?;
    drop(last);
    client.expect_nothing()
});

scenario!(a_token_store_leaves_no_copy_of_what_it_holds, |client| {
    let folder = std::env::temp_dir().join(format!("popup-secrets-{}", std::process::id()));
    let session = |client: &Client| {
        let store = EncryptedFileStore::open(folder.join("tokens"), StoreKey::new([5; 32]))?;
        client.session_with(|builder| builder.token_store(store))
    };
    let first = session(client)?;
    first.countries()?;
    // Waits until the pair is saved.
    drop(first);
    client.expect_nothing()?;
    let second = session(client)?;
    second.countries()?;
    ensure!(second.stats().logins == 0, "the second session logged in");
    client.expect_one("access token 0")?;
    client.expect_no("refresh token 0")?;
    second.refresh()?;
    // The thread of the flight still saves the new pair.
    let refreshed = Instant::now();
    while client.expect_no("token 0").is_err() && refreshed.elapsed() < Duration::from_secs(5) {}
    client.expect_no("token 0")?;
    client.expect_one("access token 1")?;
    drop(second);
    client.expect_nothing()?;
    session(client)?.logout()?;
    client.expect_nothing()?;
    Ok(std::fs::remove_dir_all(&folder)?)
});

thread_local! {
    static HELD: RefCell<Option<Session>> = const { RefCell::new(None) };
}

scenario!(a_session_that_ends_with_its_thread_leaves_no_secret, |client| {
    let session = client.session_with(|builder| builder.logout_on_drop(true))?;
    let user =
        std::thread::spawn(move || HELD.with_borrow_mut(|held| held.insert(session).countries().map(drop)));
    ensure!(matches!(user.join(), Ok(Ok(()))));
    client.expect_nothing()
});

scenario!(an_access_token_is_wiped_with_its_last_clone, |client| {
    let session = client.session()?;
    let token = session.access_token()?;
    let kept = token.clone();
    session.logout()?;
    drop((token, session));
    client.expect_one("access token 0")?;
    drop(kept);
    client.expect_nothing()
});

/// Logs out and checks that no secret remains.
fn ends(client: &mut Client, session: Session) -> Result<()> {
    session.logout()?;
    drop(session);
    client.expect_nothing()
}

fn expect_no_code(client: &mut Client) -> Result<()> {
    ["card number", "PIN", "claim URL"].into_iter().try_for_each(|code| client.expect_no(code))
}

fn order(reference: &str) -> Result<NewOrder> {
    Ok(NewOrder::new(ProductId::from(3105), Decimal::from(20), 2, ClientReference::new(reference)?))
}

scenario!(the_codes_of_an_order_are_wiped_with_the_order, |client| {
    let session = client.session()?;
    let placed = session.create_order(&order("first")?)?;
    let read = session.get_order(OrderId::from(88101))?;
    ensure!(placed.status == OrderStatus::Delivered && read.vouchers.len() == 2);
    for voucher in placed.vouchers.iter().chain(&read.vouchers) {
        ensure!(voucher.card_number.as_ref().map(Secret::expose).is_some_and(|number| number.len() == 19));
    }
    drop(placed);
    client.expect_one("card number 0")?;
    client.expect_one("claim URL 1")?;
    drop(read);
    expect_no_code(client)?;
    ends(client, session)
});

scenario!(a_refused_login_leaves_no_password, |client| {
    server_does("refuse logins")?;
    let session = client.session()?;
    let error = session.countries().unwrap_err();
    ensure!(error.kind() == ErrorKind::InvalidCredentials, "{error:?}");
    drop((session, error));
    client.expect_nothing()
});

scenario!(a_truncated_login_response_leaves_no_part_of_a_token, |client| {
    server_does("cut logins")?;
    let session = client.session_with(|builder| builder.deadline(Duration::from_secs(1)))?;
    let error = session.login().unwrap_err();
    ensure!(matches!(error.kind(), ErrorKind::Network | ErrorKind::Timeout), "{error:?}");
    drop((session, error));
    client.expect_nothing()
});

scenario!(a_call_that_times_out_leaves_no_secret, |client| {
    let short = Duration::from_millis(300);
    let session = client.session_with(|builder| builder.timeout(short).deadline(short))?;
    session.login()?;
    server_does("hang")?;
    let error = session.countries().unwrap_err();
    ensure!(error.kind() == ErrorKind::Timeout, "{error:?}");
    session.forget();
    client.expect_no("token")?;
    drop((session, error));
    client.expect_nothing()
});

scenario!(a_truncated_order_response_leaves_no_part_of_a_code, |client| {
    let session = client.session_with(|builder| builder.deadline(Duration::from_secs(1)))?;
    session.login()?;
    server_does("cut orders")?;
    let error = session.create_order(&order("cut")?).unwrap_err();
    ensure!(error.may_have_executed(), "{error:?}");
    drop(error);
    expect_no_code(client)?;
    session.forget();
    drop(session);
    client.expect_nothing()
});

scenario!(a_refused_token_is_wiped_when_it_is_replaced, |client| {
    let session = client.session()?;
    session.login()?;
    server_does("refuse the current token")?;
    session.countries()?;
    ensure!(session.status().generation == 2, "the refused token was not replaced");
    client.expect_no("token 0")?;
    client.expect_one("access token 1")?;
    ends(client, session)
});

scenario!(a_worker_that_panics_leaves_no_secret, |client| {
    let session = client.session()?;
    session.login()?;
    let worker = session.clone();
    let panicked = std::thread::spawn(move || {
        let token = worker.access_token().unwrap();
        let order = worker.create_order(&order("worker").unwrap()).unwrap();
        panic!("after {} vouchers with {} bytes of token", order.vouchers.len(), token.expose().len());
    });
    ensure!(panicked.join().is_err());
    client.expect_no("card number")?;
    ends(client, session)
});

scenario!(an_observer_that_panics_leaves_no_secret, |client| {
    let session = client.session_with(|builder| builder.observer(|event| panic!("{:?}", event.kind)))?;
    session.login()?;
    session.forget();
    client.expect_no("token")?;
    drop(session);
    client.expect_nothing()
});

/// Logs in, places an order, refreshes and logs out.
fn run_session(client: &mut Client) -> Result<()> {
    let session = client.session()?;
    session.countries()?;
    drop(session.create_order(&order("session")?)?);
    expect_no_code(client)?;
    session.refresh()?;
    client.expect_no("token 0")?;
    ends(client, session)
}

scenario!(a_session_over_tls_1_2_leaves_no_secret over [Transport::Tls12], run_session);

scenario!(chunked_responses_leave_no_secret, |client| {
    server_does("send chunks")?;
    run_session(client)
});

scenario!(responses_that_end_with_the_connection_leave_no_secret, |client| {
    server_does("send no length")?;
    run_session(client)
});

scenario!(responses_compressed_without_a_request_leave_no_secret, |client| {
    server_does("compress")?;
    run_session(client)
});

scenario!(an_order_with_malformed_text_leaves_no_code, |client| {
    let session = client.session()?;
    session.login()?;
    server_does("break the text of orders")?;
    let placed = session.create_order(&order("malformed")?)?;
    ensure!(placed.vouchers.len() == 2);
    client.expect_one("card number 0")?;
    client.expect_one("claim URL 1")?;
    drop(placed);
    expect_no_code(client)?;
    ends(client, session)
});

scenario!(an_unreadable_order_leaves_no_code, |client| {
    let session = client.session()?;
    session.login()?;
    server_does("change the shape of orders")?;
    let error = session.create_order(&order("unreadable")?).unwrap_err();
    ensure!(error.kind() == ErrorKind::InvalidResponse && error.may_have_executed(), "{error:?}");
    expect_no_code(client)?;
    session.logout()?;
    drop((session, error));
    client.expect_nothing()
});

scenario!(a_token_quoted_in_a_server_error_is_redacted, |client| {
    let session = client.session()?;
    session.login()?;
    server_does("repeat the token")?;
    let error = session.countries().unwrap_err();
    ensure!(error.kind() == ErrorKind::Forbidden, "{error:?}");
    session.forget();
    client.expect_no("token")?;
    ensure!(error.server_message().is_some_and(|message| message.contains("[redacted]")), "{error:?}");
    drop(session);
    client.expect_nothing()
});

scenario!(the_search_finds_the_secrets_of_a_careless_client over [Transport::PlainHttp], |client| {
    client.log_in_carelessly()?;
    let found = client.found()?;
    for secret in ["password", "access token 0", "refresh token 0"] {
        if !found.iter().any(|copy| copy.name == secret) {
            bail!("the {secret} was not found, although it was not wiped: {found:#?}");
        }
    }
    Ok(())
});
