//! Every error of a call names its route: the method and the path with placeholders.

use popup_rewards::{
    ClientReference, Error, ErrorKind, ListProducts, NewOrder, OrderId, ProductId, RawCall, Result,
    RetryPolicy, Session,
};
use serde_json::Value;

use crate::common::peer::{Peer, Step, json, response, tokens};

/// Returns a session on a server that makes these responses to calls.
fn session(responses: impl IntoIterator<Item = Vec<u8>>) -> (Peer, Session) {
    let peer = Peer::start(responses.into_iter().map(Step::Keep)).unwrap();
    let session = peer.builder().retry(RetryPolicy::new().retries(0)).build().unwrap();
    (peer, session)
}

fn order() -> NewOrder {
    NewOrder::new(ProductId::from(2), 5.into(), 1, ClientReference::new("ref-1").unwrap())
}

#[track_caller]
fn names(error: &Error, route: &str) {
    assert_eq!(error.route(), Some(route), "{error:?}");
    assert!(error.to_string().starts_with(&format!("{route}: ")), "{error}");
    assert!(format!("{error:?}").contains(&format!("route: {route:?}")), "{error:?}");
}

#[test]
fn a_refusal_names_the_route_but_not_the_id() {
    let body = r#"{"error":{"code":"NOT_FOUND","message":"no such product"}}"#;
    let (_peer, session) = session([response("404 Not Found", "", body)]);
    let error = session.get_product(ProductId::from(4711)).unwrap_err();
    names(&error, "GET /api/v1/products/:id");
    assert_eq!(
        error.to_string(),
        "GET /api/v1/products/:id: there is no such object, or this client may not see it (404 NOT_FOUND): \
         no such product"
    );
}

#[test]
fn an_error_without_a_response_names_the_route() {
    let (peer, session) = session([json("{}")]);
    names(&session.get_order(OrderId::from(0)).unwrap_err(), "GET /api/v1/orders/:id");
    names(&session.countries().unwrap_err(), "GET /api/v1/countries");
    drop(peer);
    names(&session.countries().unwrap_err(), "GET /api/v1/countries");
    session.forget();
    let error = session.countries().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoggedOut);
    names(&error, "GET /api/v1/countries");
}

#[test]
fn the_error_of_a_login_refresh_or_logout_names_that_route() {
    type Method = fn(&Session) -> Result<()>;
    let forbidden = || Step::Keep(response("403 Forbidden", "", ""));
    let peer = Peer::with_auth([forbidden()], []).unwrap();
    let error = peer.session().unwrap().countries().unwrap_err();
    names(&error, "POST /auth/login");
    let later: [(Method, _); 2] =
        [(Session::refresh, "POST /auth/refresh"), (Session::logout, "POST /auth/logout")];
    for (method, route) in later {
        let peer = Peer::with_auth([Step::Keep(json(tokens(1))), forbidden()], []).unwrap();
        let session = peer.session().unwrap();
        session.login().unwrap();
        names(&method(&session).unwrap_err(), route);
    }
}

#[test]
fn items_pages_and_lookups_name_the_route_of_the_list() {
    let (_peer, session) = session([json(r#"[{"id":"x"}]"#), json(r#"[{"id":"x"}]"#), json("{}")]);
    let page = session.list_products(&ListProducts::new().search("canary")).unwrap();
    names(page.unreadable[0].error(), "GET /api/v1/products");
    let errors: Vec<Error> = session.products(&ListProducts::new()).map(Result::unwrap_err).collect();
    names(&errors[0], "GET /api/v1/products");
    names(&session.find_order(order().reference()).unwrap_err(), "GET /api/v1/orders");
}

#[test]
fn a_walk_or_lookup_that_makes_no_sense_names_the_route_of_the_list() {
    let items = |from: i64| {
        let items: Vec<_> = (from..from + 3).map(|id| format!(r#"{{"id":{id},"name":"x"}}"#)).collect();
        response("200 OK", "x-page: 7\r\nx-total: 90\r\nx-limit: 3\r\n", format!("[{}]", items.join(",")))
    };
    let (_peer, other) = session([items(1), items(1), items(1)]);
    let error = other.products(&ListProducts::new()).find_map(Result::err).unwrap();
    names(&error, "GET /api/v1/products");
    let unnamed = r#"{"id":1,"product_id":2,"denomination":5,"quantity":1,"status":"NEW"}"#;
    let (_peer, nameless) = session([json(format!("[{unnamed}]")), json(unnamed)]);
    names(&nameless.find_order(order().reference()).unwrap_err(), "GET /api/v1/orders");
}

#[test]
fn an_order_that_fails_names_its_own_route_and_not_that_of_the_lookup() {
    let found =
        r#"{"id":1,"product_id":2,"denomination":5,"quantity":1,"client_reference":"ref-2","status":"NEW"}"#;
    let (_peer, lost) = session([json(found), json("[]")]);
    names(&lost.create_order(&order()).unwrap_err(), "POST /api/v1/orders");
}

#[test]
fn a_raw_call_names_its_path_without_a_query_or_a_password() {
    let refuse = || response("404 Not Found", "", "");
    let (_peer, session) = session([refuse(), refuse()]);
    for (path, route) in [
        ("/api/v1/products/:id/related", Some("GET /api/v1/products/:id/related")),
        ("/api/v1/products/3105/related", Some("GET /api/v1/products/3105/related")),
        ("/api/v1/products?token=canary", Some("GET /api/v1/products")),
        ("/api/v1/products#canary", Some("GET /api/v1/products")),
        ("https://user:canary@api.example.com/api/v1/products", None),
        ("?token=canary", None),
    ] {
        let call = RawCall::get(path).id(4711).query("search", "canary");
        let error = session.call::<Value>(&call).unwrap_err();
        assert_eq!(error.route(), route, "{error:?}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("4711"), "{error:?}");
    }
}
