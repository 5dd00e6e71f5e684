//! Orders on connections that break. The client cannot know whether they arrived.

use std::io::{self, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use popup_rewards::sandbox::{Fault, Sandbox};
use popup_rewards::{Credentials, RetryPolicy, Session};

use crate::common::peer::{json, read_request, tokens};
use crate::common::verticals::{VERTICALS, gift_cards, named, quick};

#[test]
fn a_connection_closed_while_idle_does_not_reach_the_caller() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.retry(RetryPolicy::new().retries(0)).build().unwrap();
        session.countries().unwrap();
        sandbox.close_idle_connections();
        assert!(vertical.create(&session, &named("idle")).unwrap().is_complete);
        assert_eq!(vertical.calls(&sandbox), [1, 0, 0]);
    }
}

#[test]
fn an_order_resent_after_its_connection_broke_is_looked_up() {
    for vertical in VERTICALS {
        let sandbox = Sandbox::start().unwrap();
        let session = quick(&sandbox).0.retry(RetryPolicy::new().retries(0)).build().unwrap();
        // The order reuses this call's connection. The server closes it as if it were idle.
        session.countries().unwrap();
        sandbox.fault(vertical.create_route(), Fault::CloseAfter);
        sandbox.fault(vertical.create_route(), Fault::RateLimited(5));
        assert!(vertical.create(&session, &named("broken")).unwrap().is_complete);
        assert_eq!(vertical.calls(&sandbox), [2, 1, 1]);
        assert_eq!(sandbox.executions_of("broken"), 1);
    }
}

#[test]
fn an_order_may_have_executed_if_the_server_stops_after_reading_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || read_one_order_and_stop(&listener));
    let session = Session::builder(&url, Credentials::new("key", "secret"))
        .retry(RetryPolicy::new().retries(2).first_pause(Duration::from_millis(1)))
        .build()
        .unwrap();
    assert!(session.countries().unwrap().is_empty());
    let error = session.create_order(&gift_cards(3001, 20, 1, named("stopped"))).unwrap_err();
    assert!(error.may_have_executed(), "{error:?}");
    assert_eq!(error.client_reference(), Some("stopped"));
    assert_eq!(server.join().unwrap().unwrap(), "POST /api/v1/orders");
}

/// Serves the login and the countries, then stops at the first order. Returns the order's request line.
fn read_one_order_and_stop(listener: &TcpListener) -> io::Result<String> {
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
fn an_order_has_not_executed_if_no_connection_was_made() {
    // The listener is dropped at once, so nothing listens on this port.
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
