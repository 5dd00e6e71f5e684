//! The API's routes and their handlers.

use http::Method;
use serde_json::json;

use super::reference::{CATEGORIES, COUNTRIES, CURRENCIES, SUBCATEGORIES};
use super::server_request::ServerRequest;
use super::server_response::{HandlerResult, ServerResponse};
use super::server_state::ServerState;
use super::{auth, esim, esim_orders, orders, products, topup_orders, topups, wallets};
use crate::http::Vertical;

pub(super) type Handler = fn(&mut ServerState, &ServerRequest) -> HandlerResult;

pub(super) struct ApiRoute {
    /// Method and path template, such as `GET /api/v1/products/:id`. Tests name the route by it.
    pub(super) name: &'static str,
    /// Whether the route works without an access token.
    pub(super) open: bool,
    pub(super) quota: QuotaClass,
    pub(super) handler: Handler,
}

/// The quota a route counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum QuotaClass {
    Login,
    Refresh,
    Get,
    Order(Vertical),
    Charges(Vertical),
    Unlimited,
}

use QuotaClass::{Charges, Get, Login, Order, Refresh, Unlimited};
use Vertical::{Esim, Topup, Voucher};

const fn route(name: &'static str, quota: QuotaClass, handler: Handler) -> ApiRoute {
    ApiRoute { name, open: matches!(quota, Login | Refresh), quota, handler }
}

const fn get(name: &'static str, handler: Handler) -> ApiRoute {
    route(name, Get, handler)
}

static ROUTES: [ApiRoute; 42] = [
    route("POST /auth/login", Login, auth::login),
    route("POST /auth/refresh", Refresh, auth::refresh),
    route("POST /auth/logout", Unlimited, auth::logout),
    get("GET /api/v1/products", products::list),
    get("GET /api/v1/products/:id", products::get),
    route("POST /api/v1/products/:id/availability", Unlimited, products::availability),
    route("POST /api/v1/products/:id/charges", Charges(Voucher), products::charges),
    route("POST /api/v1/orders", Order(Voucher), orders::create),
    get("GET /api/v1/orders", orders::list),
    get("GET /api/v1/orders/:id", orders::get),
    get("GET /api/v1/topups/products", topups::list),
    get("GET /api/v1/topups/products/:id", topups::get),
    get("GET /api/v1/topups/products/:id/variants", topups::variants),
    get("GET /api/v1/topups/variants/:id", topups::variant),
    route("POST /api/v1/topups/lookup", Unlimited, topups::lookup),
    route("POST /api/v1/topups/charges", Charges(Topup), topups::charges),
    route("POST /api/v1/topups/orders", Order(Topup), topup_orders::create),
    get("GET /api/v1/topups/orders", topup_orders::list),
    get("GET /api/v1/topups/orders/:id", topup_orders::get),
    route("PATCH /api/v1/topups/orders/:id/notification-email", Unlimited, topup_orders::notify),
    get("GET /api/v1/esim/products", esim::list),
    get("GET /api/v1/esim/products/:id", esim::get),
    get("GET /api/v1/esim/products/:id/variants", esim::variants),
    get("GET /api/v1/esim/variants/:id", esim::variant),
    route("POST /api/v1/esim/charges", Charges(Esim), esim::charges),
    route("POST /api/v1/esim/orders", Order(Esim), esim_orders::create),
    get("GET /api/v1/esim/orders", esim_orders::list),
    get("GET /api/v1/esim/orders/:id", esim_orders::get),
    route("PATCH /api/v1/esim/orders/:id/notification-email", Unlimited, esim_orders::notify),
    get("GET /api/v1/wallets", wallets::list),
    get("GET /api/v1/wallets/:id", wallets::get),
    get("GET /api/v1/transactions", wallets::transactions),
    get("GET /api/v1/transactions/:id", wallets::transaction),
    get("GET /api/v1/countries", |_, _| Ok(ServerResponse::ok(&COUNTRIES))),
    get("GET /api/v1/countries/:id", |_, it| it.row_response(COUNTRIES, |row| row.id, "Country")),
    get("GET /api/v1/currencies", |_, _| Ok(ServerResponse::ok(&CURRENCIES))),
    get("GET /api/v1/currencies/:id", |_, it| it.row_response(CURRENCIES, |row| row.id, "Currency")),
    get("GET /api/v1/categories", |_, _| Ok(ServerResponse::ok(&CATEGORIES))),
    get("GET /api/v1/categories/:id", |_, it| it.row_response(CATEGORIES, |row| row.id, "Category")),
    get("GET /api/v1/subcategories", |_, _| Ok(ServerResponse::ok(&SUBCATEGORIES))),
    get("GET /api/v1/subcategories/:id", |_, it| it.row_response(SUBCATEGORIES, |row| row.id, "Subcategory")),
    ApiRoute { open: true, ..get("GET /status", |_, _| Ok(ServerResponse::ok(&json!({ "status": "ok" })))) },
];

pub(super) fn exists(name: &str) -> bool {
    ROUTES.iter().any(|route| route.name == name)
}

/// Returns the route of a request and the id in its path. The id is empty if the route has none.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Option<(&'static ApiRoute, &'a str)> {
    ROUTES.iter().find_map(|route| {
        let (route_method, template) = route.name.split_once(' ')?;
        if route_method != method.as_str() {
            return None;
        }
        match_path(template, path).map(|id| (route, id))
    })
}

/// Returns the id in the path, or `None` if the path does not match the template.
fn match_path<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let mut id = "";
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let segment = segments.next()?;
        if expected == ":id" && !segment.is_empty() {
            id = segment;
        } else if expected != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_by_its_own_name() {
        for route in &ROUTES {
            let (method, path) = route.name.split_once(' ').unwrap();
            let path = path.replace(":id", "31");
            let (found, id) = find(&method.parse().unwrap(), &path).unwrap();
            assert_eq!(found.name, route.name);
            assert_eq!(id, if route.name.contains(":id") { "31" } else { "" });
        }
    }

    #[test]
    fn unknown_routes_are_not_found() {
        for path in ["/", "/api/v1/products/", "/api/v1/products/1/2", "/api/v1/orders//", "/auth/login/x"] {
            assert!(find(&Method::GET, path).is_none(), "{path}");
        }
        assert!(find(&Method::DELETE, "/api/v1/products").is_none());
    }
}
