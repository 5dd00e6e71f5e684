//! Servers that answer the look for an order with something else than expected.

use std::time::Duration;

use mockito::{Matcher, Mock, Server, ServerGuard};
use popup_rewards::{Credentials, ErrorKind, Order, RetryPolicy, Session};
use serde_json::{Value, json};

use crate::common::peer::tokens;
use crate::common::verticals::{cards, named};

/// A server that refuses every order as a duplicate may be refused.
struct Stranger {
    server: ServerGuard,
    create: Mock,
}

impl Stranger {
    fn refusing(message: &str) -> Self {
        Stranger::answering(400, "BAD_REQUEST", message)
    }

    fn answering(status: usize, code: &str, message: &str) -> Self {
        let mut server = Server::new();
        server.mock("POST", "/auth/login").with_body(tokens(1)).create();
        let refusal = json!({ "error": { "name": "RefusedError", "code": code, "message": message } });
        let create = server.mock("POST", "/api/v1/orders").with_status(status).with_body(refusal.to_string());
        let create = create.expect(1).create();
        Stranger { server, create }
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

    /// Places an order of two cards under the reference `mine`.
    fn order(&self) -> popup_rewards::Result<Order> {
        let policy = RetryPolicy::new().retries(3).first_pause(Duration::from_millis(1));
        let session = Session::builder(&self.server.url(), Credentials::new("key", "secret")).retry(policy);
        let result = session.build()?.create_order(&cards(3105, 20, 2, named("mine")));
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
fn a_server_that_ignores_the_filter_is_not_believed() {
    let mut stranger = Stranger::refusing("Bad request");
    let list = stranger.lists(&json!([order(7, Some("theirs")), order(8, None)]), 1);
    let one = stranger.shows(&order(8, None), 1);
    let error = stranger.order().unwrap_err();
    assert_eq!((error.kind(), error.client_reference()), (ErrorKind::InvalidRequest, Some("mine")));
    // Whose order the other one is was not found out.
    assert!(error.may_have_executed(), "{error:?}");
    list.assert();
    one.assert();
}

#[test]
fn a_server_that_ignores_the_filter_may_still_list_the_order() {
    let mut stranger = Stranger::refusing("Bad request");
    stranger.lists(&json!([order(7, Some("theirs")), order(8, Some("mine"))]), 1);
    let one = stranger.shows(&order(8, Some("mine")), 1);
    assert_eq!(stranger.order().unwrap().id.get(), 8);
    one.assert();
}

#[test]
fn the_order_may_be_on_a_later_page() {
    let mut stranger = Stranger::refusing("Bad request");
    stranger.lists(&json!([order(7, Some("mine too")), order(8, Some("mine, not yours"))]), 1);
    let last = stranger.lists(&json!([order(9, Some("mine"))]), 1);
    stranger.shows(&order(9, Some("mine")), 1);
    assert_eq!(stranger.order().unwrap().id.get(), 9);
    last.assert();
}

#[test]
fn the_noise_of_a_float_does_not_make_another_order() {
    for (denomination, expected) in [("20.000000000000004", true), ("20.000002", false)] {
        let mut stranger = Stranger::refusing("Bad request");
        let mut noisy = order(7, Some("mine"));
        noisy["denomination"] = json!(denomination);
        stranger.lists(&json!([noisy]), 1);
        stranger.shows(&noisy, 1);
        assert_eq!(stranger.order().is_ok(), expected, "{denomination}");
    }
}

#[test]
fn a_single_order_without_a_reference_is_ours_only_if_it_says_so_itself() {
    for (reference, expected) in [(Some("mine"), Ok(7)), (Some("theirs"), Err(false)), (None, Err(true))] {
        let mut stranger = Stranger::refusing("Bad request");
        stranger.lists(&json!([order(7, None)]), 1);
        stranger.lists(&json!([]), 1);
        let one = stranger.shows(&order(7, reference), 1);
        let order = stranger.order().map(|order| order.id.get()).map_err(|error| error.may_have_executed());
        assert_eq!(order, expected, "{reference:?}");
        one.assert();
    }
}

#[test]
fn an_order_of_an_older_server_is_recognized() {
    let mut stranger = Stranger::refusing("Duplicate client_reference");
    let listed = json!([{ "id": 7, "reference_code": "mine", "product_id": 3105, "denomination": "20.00",
        "quantity": 2, "amount": "40.00", "status": "delivered", "placed_at": "2031-03-02T10:05:00Z" }]);
    stranger.lists(&listed, 1);
    let shown = json!({ "id": 7, "reference_code": "mine", "product_id": 3105, "denomination": "20.00",
        "quantity": 2, "amount": "40.00", "status": "delivered",
        "vouchers": [{ "card_number": "ACME-1" }, { "card_number": "ACME-2" }] });
    stranger.shows(&shown, 1);
    let order = stranger.order().unwrap();
    assert_eq!((order.client_reference.as_deref(), order.vouchers.len()), (Some("mine"), 2));
}

#[test]
fn an_order_that_is_listed_late_is_waited_for() {
    let mut stranger = Stranger::refusing("Duplicate client_reference");
    let early = stranger.lists(&json!([]), 2);
    let late = stranger.lists(&json!([order(7, Some("mine"))]), 1);
    stranger.shows(&order(7, Some("mine")), 1);
    assert_eq!(stranger.order().unwrap().id.get(), 7);
    early.assert();
    late.assert();
}

#[test]
fn an_order_that_is_never_listed_although_it_is_named_a_duplicate_may_exist() {
    // Another process may be placing it at this moment.
    let mut stranger = Stranger::refusing("Duplicate client_reference");
    let list = stranger.lists(&json!([]), 4);
    let error = stranger.order().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.may_have_executed(), "{error:?}");
    list.assert();
}

#[test]
fn a_wallet_that_the_order_itself_has_emptied_does_not_hide_it() {
    // Under which status this comes is not documented.
    for status in [400, 402, 403, 409] {
        let mut stranger = Stranger::answering(status, "INSUFFICIENT_FUNDS", "Insufficient wallet balance");
        stranger.lists(&json!([order(7, Some("mine"))]), 1);
        stranger.shows(&order(7, Some("mine")), 1);
        assert_eq!(stranger.order().unwrap().id.get(), 7, "{status}");
    }
}

#[test]
fn an_answer_about_another_order_is_not_handed_over() {
    let mut stranger = Stranger::refusing("never asked for");
    stranger.server.reset();
    stranger.server.mock("POST", "/auth/login").with_body(tokens(1)).create();
    let theirs = order(7, Some("theirs")).to_string();
    stranger.create =
        stranger.server.mock("POST", "/api/v1/orders").with_status(201).with_body(theirs).create();
    stranger.lists(&json!([order(8, Some("mine"))]), 1);
    stranger.shows(&order(8, Some("mine")), 1);
    assert_eq!(stranger.order().unwrap().id.get(), 8);
}

#[test]
fn an_order_in_the_response_is_the_one_that_was_asked_for_or_looked_up() {
    for (member, other) in [("product_id", json!(77)), ("denomination", json!(4.99)), ("quantity", json!(9))]
    {
        let mut wrong = order(5, Some("mine"));
        wrong[member] = other;
        let mut server = Server::new();
        server.mock("POST", "/auth/login").with_body(tokens(1)).create();
        let create = server.mock("POST", "/api/v1/orders").with_body(wrong.to_string()).expect(1).create();
        let mut stranger = Stranger { server, create };
        let (list, shown) = (stranger.lists(&json!([wrong]), 1), stranger.shows(&wrong, 1));
        let error = stranger.order().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DuplicateReference, "{member}");
        assert!(error.may_have_executed(), "{member}: {error:?}");
        list.assert();
        shown.assert();
    }
}
