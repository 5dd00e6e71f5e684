//! Lookups on servers that list other orders too, or not all of them.

use std::time::Duration;

use mockito::{Matcher, Mock, Server, ServerGuard};
use popup_rewards::{Credentials, ErrorKind, Order, Result, RetryPolicy, Session};
use serde_json::{Value, json};

use crate::common::peer::tokens;
use crate::common::verticals::named;

/// A server with a paged list of orders.
struct ListingServer {
    server: ServerGuard,
    pages: Vec<Mock>,
    others: Mock,
}

impl ListingServer {
    fn of(pages: &[Value]) -> Self {
        let mut server = Server::new();
        // Must be created first: mockito prefers a mock that still expects a request, and then the one created last.
        let others = server.mock("GET", Matcher::Any).with_status(501).expect(0).create();
        server.mock("POST", "/auth/login").with_body(tokens(1)).create();
        let pages = (1..).zip(pages).map(|(page, orders)| {
            let target = format!("/api/v1/orders?client_reference=ord-1&limit=500&page={page}");
            server.mock("GET", &*target).with_body(orders.to_string()).expect(1).create()
        });
        ListingServer { pages: pages.collect(), others, server }
    }

    fn shows(mut self, id: i64, reference: Option<&str>) -> Self {
        let path = format!("/api/v1/orders/{id}");
        self.pages.push(
            self.server.mock("GET", &*path).with_body(order(id, reference).to_string()).expect(1).create(),
        );
        self
    }

    /// Finds `ord-1`, and checks that every page was read and nothing else.
    fn find(self) -> Result<Option<Order>> {
        let session = Session::builder(&self.server.url(), Credentials::new("key", "secret"))
            .retry(RetryPolicy::new().first_pause(Duration::from_millis(1)))
            .build()?;
        let found = session.find_order(&named("ord-1"));
        self.pages.iter().for_each(Mock::assert);
        self.others.assert();
        found
    }
}

fn order(id: i64, reference: Option<&str>) -> Value {
    json!({ "id": id, "product_id": 3105, "denomination": 20, "quantity": 1, "status": "DELIVERED",
        "client_reference": reference })
}

#[test]
fn find_reads_the_pages_of_a_prefix_filter_up_to_the_order() {
    let first = json!([order(1, Some("ord-10")), order(2, Some("ord-11"))]);
    let second = json!([order(3, Some("ord-12")), order(4, Some("ord-1"))]);
    let found = ListingServer::of(&[first, second]).shows(4, Some("ord-1")).find().unwrap();
    assert_eq!(found.unwrap().id.get(), 4);
}

#[test]
fn find_returns_none_only_after_the_last_page() {
    let first = json!([order(1, Some("ord-10")), order(2, Some("ord-11"))]);
    let second = json!([order(3, Some("ord-12"))]);
    assert!(ListingServer::of(&[first.clone(), second, json!([])]).find().unwrap().is_none());
    // A server that ignores the page number has no further pages.
    assert!(ListingServer::of(&[first.clone(), first]).find().unwrap().is_none());
}

#[test]
fn find_reads_each_order_that_is_listed_without_a_reference() {
    let listed = json!([order(1, None), order(2, None)]);
    let found = ListingServer::of(std::slice::from_ref(&listed))
        .shows(1, Some("ord-7"))
        .shows(2, Some("ord-1"))
        .find()
        .unwrap();
    assert_eq!(found.unwrap().id.get(), 2);
    let found =
        ListingServer::of(&[listed, json!([])]).shows(1, Some("ord-7")).shows(2, Some("ord-8")).find();
    assert!(found.unwrap().is_none());
}

#[test]
fn an_order_may_exist_if_the_listing_cannot_be_read_in_full() {
    let unreadable = json!([order(1, Some("ord-10")), { "id": [], "product_id": 2 }]);
    let without_reference: Vec<Value> = (1..=11).map(|id| order(id, None)).collect();
    let without_reference = (1..=10)
        .fold(ListingServer::of(&[without_reference.into()]), |server, id| server.shows(id, Some("ord-7")));
    for (case, server) in [
        ("an unreadable item", ListingServer::of(&[unreadable, json!([order(3, Some("ord-9"))]), json!([])])),
        ("an order that has no reference", ListingServer::of(&[json!([order(1, None)])]).shows(1, None)),
        ("an order that shows another reference than its listing", {
            ListingServer::of(&[json!([order(1, Some("ord-1"))])]).shows(1, Some("ord-2"))
        }),
        ("more orders than one lookup reads", without_reference),
    ] {
        let error = server.find().unwrap_err();
        assert_eq!(
            (error.kind(), error.client_reference()),
            (ErrorKind::InvalidResponse, Some("ord-1")),
            "{case}"
        );
        assert!(error.may_have_executed(), "{case}: {error:?}");
    }
}
