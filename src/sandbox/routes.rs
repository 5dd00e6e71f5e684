//! The routes of the sandbox. Each is listed in the file of its handler.

use http::Method;

use super::server_request::ServerRequest;
use super::server_response::HandlerResult;
use super::server_state::ServerState;
use super::{auth, esim, esim_orders, orders, products, reference, topup_orders, topups, wallets};
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

impl ApiRoute {
    pub(super) const fn new(name: &'static str, quota: QuotaClass, handler: Handler) -> Self {
        let open = matches!(quota, QuotaClass::Login | QuotaClass::Refresh);
        ApiRoute { name, open, quota, handler }
    }

    pub(super) const fn get(name: &'static str, handler: Handler) -> Self {
        ApiRoute::new(name, QuotaClass::Get, handler)
    }
}

static ROUTES: [&[ApiRoute]; 9] = [
    auth::ROUTES,
    products::ROUTES,
    orders::ROUTES,
    topups::ROUTES,
    topup_orders::ROUTES,
    esim::ROUTES,
    esim_orders::ROUTES,
    wallets::ROUTES,
    reference::ROUTES,
];

fn all() -> impl Iterator<Item = &'static ApiRoute> {
    ROUTES.into_iter().flatten()
}

pub(super) fn exists(name: &str) -> bool {
    all().any(|route| route.name == name)
}

/// Returns the route of a request and the id in its path. The id is empty if the route has none.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Option<(&'static ApiRoute, &'a str)> {
    all().find_map(|route| {
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
        for route in all() {
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
