//! Every kind of fault: what the client receives, and whether the request executes.

use std::time::Duration;

use anyhow::{Context, Result};
use popup_rewards::sandbox::{Fault, Sandbox};
use serde_json::{Value, json};
use ureq::http::Method;

use super::client::{Client, ClientResponse};

const ORDERS: &str = "POST /api/v1/orders";

/// Starts a sandbox whose next order meets `fault`, and a client.
fn about_to(fault: Fault) -> Result<(Sandbox, Client)> {
    let sandbox = Sandbox::start()?;
    let client = Client::logged_in(&sandbox)?;
    sandbox.fault(ORDERS, fault);
    Ok((sandbox, client))
}

fn order(client: &Client) -> Result<ClientResponse> {
    client.post("/api/v1/orders", &body())
}

fn body() -> Value {
    json!({ "product_id": 3001, "denomination": 20, "quantity": 1, "client_reference": "a" })
}

#[test]
fn a_fault_with_a_status_does_not_execute_the_order() -> Result<()> {
    let cases: [(Fault, u16, &str); 7] = [
        (Fault::Status(400), 400, "BAD_REQUEST"),
        (Fault::Status(401), 401, "UNAUTHORIZED"),
        (Fault::Status(403), 403, "FORBIDDEN"),
        (Fault::Status(404), 404, "NOT_FOUND"),
        (Fault::Status(429), 429, "TOO_MANY_REQUESTS"),
        (Fault::Status(503), 503, "INTERNAL_SERVER_ERROR"),
        (Fault::RateLimited(7), 429, "TOO_MANY_REQUESTS"),
    ];
    for (fault, status, code) in cases {
        let (sandbox, client) = about_to(fault.clone())?;
        assert_eq!(order(&client)?.refusal()?, (status, code.to_owned()), "{fault:?}");
        assert_eq!((sandbox.orders_executed(), sandbox.calls(ORDERS)), (0, 1), "{fault:?}");
        assert_eq!(order(&client)?.status, 201, "{fault:?} must apply once");
    }
    Ok(())
}

#[test]
fn a_429_has_its_retry_delay_in_the_header_or_the_message() -> Result<()> {
    let (sandbox, client) = about_to(Fault::RateLimited(7))?;
    assert_eq!(order(&client)?.header("retry-after"), Some("7"));
    sandbox.fault(ORDERS, Fault::RateLimitedInMessage(9));
    let response = order(&client)?;
    assert_eq!((response.status, response.header("retry-after")), (429, None));
    assert_eq!(response.message()?, "Rate limit exceeded. Retry after 9 seconds.");
    Ok(())
}

#[test]
fn a_gateway_page_or_a_redirect_does_not_execute_the_order() -> Result<()> {
    let (sandbox, client) = about_to(Fault::Html)?;
    let page = order(&client)?;
    assert_eq!((page.status, page.header("content-type")), (502, Some("text/html")));
    assert!(page.text.contains("<html>"));
    sandbox.fault(ORDERS, Fault::Redirect("http://127.0.0.1:9/".to_owned()));
    let redirect = order(&client)?;
    assert_eq!((redirect.status, redirect.header("location")), (302, Some("http://127.0.0.1:9/")));
    assert_eq!(sandbox.orders_executed(), 0);
    Ok(())
}

#[test]
fn an_order_executes_with_close_after_but_not_with_close_before() -> Result<()> {
    for (fault, executed) in [(Fault::CloseBefore, 0), (Fault::CloseAfter, 1)] {
        let (sandbox, client) = about_to(fault)?;
        order(&client).err().context("expected no response")?;
        assert_eq!((sandbox.orders_executed(), sandbox.calls(ORDERS)), (executed, 1));
        assert_eq!(sandbox.executions_of("a"), executed);
    }
    Ok(())
}

#[test]
fn a_cut_body_has_half_of_the_announced_length() -> Result<()> {
    use std::io::{Read, Write};
    let (sandbox, client) = about_to(Fault::CutBody)?;
    let mut stream = std::net::TcpStream::connect(client.url.trim_start_matches("http://"))?;
    let (body, token) = (body().to_string(), client.token.context("no token")?);
    let length = body.len();
    write!(
        stream,
        "POST /api/v1/orders HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (head, body) = response.split_once("\r\n\r\n").context("no head")?;
    assert!(head.starts_with("HTTP/1.1 201"), "{head}");
    let promised = head.to_lowercase();
    let promised = promised.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    let promised: usize = promised.context("no length")?.parse()?;
    assert_eq!(body.len(), promised / 2);
    assert_eq!(sandbox.orders_executed(), 1);
    Ok(())
}

#[test]
fn an_order_executes_before_an_unusable_response() -> Result<()> {
    let cases = [
        (Fault::Garbage, 200),
        (Fault::EmptyOk, 200),
        (Fault::WrongShape, 200),
        (Fault::HugeBody(100_000), 200),
        (Fault::StatusAfter(502), 502),
    ];
    for (fault, status) in cases {
        let (sandbox, client) = about_to(fault.clone())?;
        let response = order(&client)?;
        assert_eq!((response.status, sandbox.orders_executed()), (status, 1), "{fault:?}");
        match fault {
            Fault::Garbage => assert!(response.json().is_err()),
            Fault::EmptyOk => assert_eq!(response.text, ""),
            Fault::WrongShape => assert!(response.json()?.get("id").is_none()),
            Fault::HugeBody(length) => assert_eq!(u64::try_from(response.text.len())?, length),
            _ => assert_eq!(response.refusal()?.0, 502),
        }
    }
    Ok(())
}

#[test]
fn a_body_of_10_gibibytes_can_be_read_in_part() -> Result<()> {
    use std::io::Read;
    let sandbox = Sandbox::start()?;
    sandbox.fault("GET /status", Fault::HugeBody(10 << 30));
    let response = ureq::get(format!("{}/status", sandbox.url())).call()?;
    let mut start = vec![0; 1 << 20];
    response.into_body().into_reader().read_exact(&mut start)?;
    assert!(start.iter().all(|byte| *byte == b' '));
    Ok(())
}

#[test]
fn a_delay_before_or_after_execution_delays_the_response() -> Result<()> {
    let pause = Duration::from_millis(50);
    for fault in [Fault::Delay(pause), Fault::SlowResponse(pause), Fault::EmptyOk.after(pause)] {
        let (sandbox, client) = about_to(fault.clone())?;
        let begun = std::time::Instant::now();
        assert!(order(&client)?.status < 300);
        assert!(begun.elapsed() >= pause, "{fault:?}");
        assert_eq!(sandbox.orders_executed(), 1);
    }
    Ok(())
}

#[test]
fn a_hang_sends_no_response_and_executes_only_with_hang_after() -> Result<()> {
    for (fault, executed) in [(Fault::Hang, 0), (Fault::HangAfter, 1)] {
        let (sandbox, client) = about_to(fault)?;
        let patience = ureq::Agent::config_builder().timeout_global(Some(Duration::from_millis(300))).build();
        let request = ureq::Agent::from(patience).post(format!("{}/api/v1/orders", client.url));
        let token = client.token.context("no token")?;
        let outcome =
            request.header("authorization", format!("Bearer {token}")).send(body().to_string().as_str());
        assert!(matches!(outcome, Err(ureq::Error::Timeout(_))), "{outcome:?}");
        assert_eq!((sandbox.orders_executed(), sandbox.calls(ORDERS)), (executed, 1));
    }
    Ok(())
}

#[test]
fn faults_for_any_route_follow_those_for_the_route_and_can_be_cleared() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let client = Client::new(&sandbox);
    sandbox.fault("*", Fault::Status(500).times(2));
    sandbox.fault("GET /status", Fault::Html);
    let statuses = |count: usize| -> Result<Vec<u16>> {
        (0..count).map(|_| Ok(client.get("/status")?.status)).collect()
    };
    assert_eq!(statuses(4)?, [502, 500, 500, 200]);
    sandbox.fault("GET /status", Fault::Status(500).always());
    assert_eq!(statuses(3)?, [500, 500, 500]);
    sandbox.clear_faults();
    assert_eq!(statuses(1)?, [200]);
    assert_eq!((sandbox.calls("GET /status"), sandbox.calls("*")), (8, 8));
    Ok(())
}

#[test]
fn random_faults_are_reproducible_with_the_same_seed() -> Result<()> {
    let run = |seed: u64| -> Result<Vec<u16>> {
        let sandbox = Sandbox::start()?;
        let client = Client::new(&sandbox);
        sandbox.fault_rate("GET /status", 50, seed, vec![Fault::Status(503), Fault::Html]);
        (0..64).map(|_| Ok(client.get("/status")?.status)).collect()
    };
    let statuses = run(1)?;
    assert_eq!(statuses, run(1)?);
    assert!([200, 502, 503].iter().all(|status| statuses.contains(status)), "{statuses:?}");
    Ok(())
}

#[test]
#[should_panic(expected = "the sandbox has no route \"POST /auth/signin\"")]
fn a_fault_for_an_unknown_route_panics() {
    Sandbox::start().unwrap().fault("POST /auth/signin", Fault::Hang);
}

#[test]
fn a_request_id_is_echoed_or_generated_even_on_errors() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let response = Client::new(&sandbox).get("/nowhere")?;
    assert_eq!(response.header("x-request-id").map(str::len), Some(27));
    let response = ureq::get(format!("{}/status", sandbox.url())).header("x-request-id", "mine").call()?;
    assert_eq!(response.headers()["x-request-id"], "mine");
    let response = Client::new(&sandbox).send(Method::DELETE, "/status", None)?;
    assert_eq!(response.refusal()?, (404, "NOT_FOUND".to_owned()));
    Ok(())
}
