//! Servers that respond to the lookup of an order in an unexpected way.

use std::time::Duration;

use mockito::{Matcher, Mock, Server, ServerGuard};
use popup_rewards::{Credentials, ErrorKind, Order, RetryPolicy, Session};
use serde_json::{Value, json};

use crate::common::peer::tokens;
use crate::common::verticals::{gift_cards, named};

/// A server that expects a single order and sends a fixed response to it.
struct OneOrderServer {
    server: ServerGuard,
    create: Mock,
}

impl OneOrderServer {
    fn refusing(message: &str) -> Self {
        OneOrderServer::refusing_with(400, "BAD_REQUEST", message)
    }

    fn refusing_with(status: usize, code: &str, message: &str) -> Self {
        let refusal = json!({ "error": { "name": "RefusedError", "code": code, "message": message } });
        OneOrderServer::responding(status, &refusal)
    }

    fn responding(status: usize, body: &Value) -> Self {
        let mut server = Server::new();
        server.mock("POST", "/auth/login").with_body(tokens(1)).create();
        let create = server.mock("POST", "/api/v1/orders").with_status(status).with_body(body.to_string());
        let create = create.expect(1).create();
        OneOrderServer { server, create }
    }

    fn lists(&mut self, orders: &Value, times: usize) -> Mock {
        let query = Matcher::UrlEncoded("client_reference".to_owned(), "mine".to_owned());
        let mock = self.server.mock("GET", "/api/v1/orders").match_query(query);
        mock.with_body(orders.to_string()).expect(times).create()
    }

    fn shows(&mut self, order: &Value, times: usize) -> Mock {
        let path = format!("/api/v1/orders/{}", order["id"]);
        self.server.mock("GET", &*path).with_body(order.to_string()).expect(times).create()
    }

    /// Places an order of two gift cards with the reference `mine`.
    fn order(&self) -> popup_rewards::Result<Order> {
        let policy = RetryPolicy::new().retries(3).first_pause(Duration::from_millis(1));
        let session = Session::builder(&self.server.url(), Credentials::new("key", "secret")).retry(policy);
        let result = session.build()?.create_order(&gift_cards(3105, 20, 2, named("mine")));
        self.create.assert();
        result
    }
}

fn order(id: i64, reference: Option<&str>) -> Value {
    let mut order = json!({ "id": id, "product_id": 3105, "denomination": 20.00, "quantity": 2,
        "status": "DELIVERED", "vouchers": [{ "card_number": "ACME-1" }, { "card_number": "ACME-2" }] });
    if let Some(reference) = reference {
        order["client_reference"] = json!(reference);
    }
    order
}

#[test]
fn a_listing_that_ignores_the_filter_leaves_the_outcome_open() {
    let mut server = OneOrderServer::refusing("Bad request");
    let list = server.lists(&json!([order(7, Some("theirs")), order(8, None)]), 1);
    let one = server.shows(&order(8, None), 1);
    let error = server.order().unwrap_err();
    assert_eq!((error.kind(), error.client_reference()), (ErrorKind::InvalidRequest, Some("mine")));
    // The order without a reference may be ours.
    assert!(error.may_have_executed(), "{error:?}");
    list.assert();
    one.assert();
}

#[test]
fn an_order_is_found_in_a_listing_that_ignores_the_filter() {
    let mut server = OneOrderServer::refusing("Bad request");
    server.lists(&json!([order(7, Some("theirs")), order(8, Some("mine"))]), 1);
    let one = server.shows(&order(8, Some("mine")), 1);
    assert_eq!(server.order().unwrap().id.get(), 8);
    one.assert();
}

#[test]
fn an_order_is_found_on_a_later_page() {
    let mut server = OneOrderServer::refusing("Bad request");
    server.lists(&json!([order(7, Some("mine too")), order(8, Some("mine, not yours"))]), 1);
    let last = server.lists(&json!([order(9, Some("mine"))]), 1);
    server.shows(&order(9, Some("mine")), 1);
    assert_eq!(server.order().unwrap().id.get(), 9);
    last.assert();
}

#[test]
fn a_rounding_error_in_the_denomination_is_ignored() {
    for (denomination, expected) in [("20.000000000000004", true), ("20.000002", false)] {
        let mut server = OneOrderServer::refusing("Bad request");
        let mut noisy = order(7, Some("mine"));
        noisy["denomination"] = json!(denomination);
        server.lists(&json!([noisy]), 1);
        server.shows(&noisy, 1);
        assert_eq!(server.order().is_ok(), expected, "{denomination}");
    }
}

#[test]
fn an_order_listed_without_a_reference_must_show_it_when_read() {
    for (reference, expected) in [(Some("mine"), Ok(7)), (Some("theirs"), Err(false)), (None, Err(true))] {
        let mut server = OneOrderServer::refusing("Bad request");
        server.lists(&json!([order(7, None)]), 1);
        server.lists(&json!([]), 1);
        let one = server.shows(&order(7, reference), 1);
        let order = server.order().map(|order| order.id.get()).map_err(|error| error.may_have_executed());
        assert_eq!(order, expected, "{reference:?}");
        one.assert();
    }
}

#[test]
fn an_order_with_the_member_names_of_an_older_server_is_found() {
    let mut server = OneOrderServer::refusing("Duplicate client_reference");
    let listed = json!([{ "id": 7, "reference_code": "mine", "product_id": 3105, "denomination": "20.00",
        "quantity": 2, "amount": "40.00", "status": "delivered", "placed_at": "2031-03-02T10:05:00Z" }]);
    server.lists(&listed, 1);
    let shown = json!({ "id": 7, "reference_code": "mine", "product_id": 3105, "denomination": "20.00",
        "quantity": 2, "amount": "40.00", "status": "delivered",
        "vouchers": [{ "card_number": "ACME-1" }, { "card_number": "ACME-2" }] });
    server.shows(&shown, 1);
    let order = server.order().unwrap();
    assert_eq!((order.client_reference.as_deref(), order.vouchers.len()), (Some("mine"), 2));
}

#[test]
fn the_lookup_is_repeated_until_the_order_is_listed() {
    let mut server = OneOrderServer::refusing("Duplicate client_reference");
    let early = server.lists(&json!([]), 2);
    let late = server.lists(&json!([order(7, Some("mine"))]), 1);
    server.shows(&order(7, Some("mine")), 1);
    assert_eq!(server.order().unwrap().id.get(), 7);
    early.assert();
    late.assert();
}

#[test]
fn a_duplicate_that_is_never_listed_may_have_executed() {
    // Another process may be placing it right now.
    let mut server = OneOrderServer::refusing("Duplicate client_reference");
    let list = server.lists(&json!([]), 4);
    let error = server.order().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.may_have_executed(), "{error:?}");
    list.assert();
}

#[test]
fn an_order_that_emptied_the_wallet_is_found() {
    // The API does not document the status of this error.
    for status in [400, 402, 403, 409] {
        let mut server =
            OneOrderServer::refusing_with(status, "INSUFFICIENT_FUNDS", "Insufficient wallet balance");
        server.lists(&json!([order(7, Some("mine"))]), 1);
        server.shows(&order(7, Some("mine")), 1);
        assert_eq!(server.order().unwrap().id.get(), 7, "{status}");
    }
}

#[test]
fn a_response_with_another_reference_is_not_returned() {
    let mut server = OneOrderServer::responding(201, &order(7, Some("theirs")));
    server.lists(&json!([order(8, Some("mine"))]), 1);
    server.shows(&order(8, Some("mine")), 1);
    assert_eq!(server.order().unwrap().id.get(), 8);
}

#[test]
fn a_response_with_another_product_value_or_quantity_is_not_returned() {
    for (member, other) in [("product_id", json!(77)), ("denomination", json!(4.99)), ("quantity", json!(9))]
    {
        let mut wrong = order(5, Some("mine"));
        wrong[member] = other;
        let mut server = OneOrderServer::responding(200, &wrong);
        let (list, shown) = (server.lists(&json!([wrong]), 1), server.shows(&wrong, 1));
        let error = server.order().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DuplicateReference, "{member}");
        assert!(error.may_have_executed(), "{member}: {error:?}");
        list.assert();
        shown.assert();
    }
}
