//! Orders that go out on a connection which breaks: whether they arrived cannot be known.

use std::io::{self, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{Credentials, RetryPolicy, Session};

use crate::common::peer::{json, read_request, tokens};
use crate::common::verticals::{VERTICALS, cards, named, quick};

#[test]
fn a_connection_closed_while_idle_does_not_reach_the_caller() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.retry(RetryPolicy::new().retries(0)).build().unwrap();
        session.countries().unwrap();
        sandbox.close_idle_connections();
        assert!(vertical.create(&session, &named("idle")).unwrap().is_whole);
        assert_eq!(vertical.calls(&sandbox), [1, 0, 0]);
    }
}

#[test]
fn an_order_sent_again_after_its_connection_broke_may_have_executed_before() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.retry(RetryPolicy::new().retries(0)).build().unwrap();
        // The order goes out on this call's connection, and the server breaks that as if it had been idle.
        session.countries().unwrap();
        sandbox.fault(vertical.create_route(), Fault::CloseAfter);
        sandbox.fault(vertical.create_route(), Fault::RateLimited(5));
        assert!(vertical.create(&session, &named("broken")).unwrap().is_whole);
        assert_eq!(vertical.calls(&sandbox), [2, 1, 1]);
        assert_eq!(sandbox.executions_of("broken"), 1);
    }
}

#[test]
fn a_server_that_is_gone_after_taking_the_order_may_have_executed_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || take_one_order_and_go(&listener));
    let session = Session::builder(&url, Credentials::new("key", "secret"))
        .retry(RetryPolicy::new().retries(2).first_pause(Duration::from_millis(1)))
        .build()
        .unwrap();
    assert!(session.countries().unwrap().is_empty());
    let error = session.create_order(&cards(3001, 20, 1, named("gone"))).unwrap_err();
    assert!(error.may_have_executed(), "{error:?}");
    assert_eq!(error.client_reference(), Some("gone"));
    assert_eq!(server.join().unwrap().unwrap(), "POST /api/v1/orders");
}

/// Responds to a login and to a list of countries, reads an order, and is gone; returns the order's first line.
fn take_one_order_and_go(listener: &TcpListener) -> io::Result<String> {
    loop {
        let (mut stream, _) = listener.accept()?;
        while let Ok(seen) = read_request(&mut stream, 0) {
            let body = match seen.line() {
                "POST /auth/login" => tokens(1),
                "GET /api/v1/countries" => "[]".to_owned(),
                order => return Ok(order.to_owned()),
            };
            stream.write_all(&json(body))?;
        }
    }
}

#[test]
fn nothing_was_executed_if_nothing_was_sent() {
    // Bound and dropped: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sandbox = Sandbox::start().unwrap();
    let session = Session::builder(&format!("http://127.0.0.1:{port}"), sandbox.credentials())
        .retry(RetryPolicy::new().retries(0))
        .build()
        .unwrap();
    for vertical in VERTICALS {
        let error = vertical.create(&session, &named("unsent")).unwrap_err();
        assert!(!error.may_have_executed(), "{error:?}");
        assert_eq!(error.client_reference(), Some("unsent"));
    }
}
