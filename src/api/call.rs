//! A call of a route that this crate does not know yet.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{esim, topups, vouchers};
use crate::http::{Method, Quota, Request, Route, Safety};
use crate::model::check;
use crate::{Result, Session};

/// A call of a route that this crate does not know yet, for [`Session::call`].
///
/// ```
/// use popup_rewards::RawCall;
///
/// let call = RawCall::get("/api/v1/products/:id/related").id(3105).query("limit", "5");
/// ```
#[derive(Clone)]
pub struct RawCall(Request);

impl RawCall {
    /// A GET of a path that begins with a slash. It is sent again after a failure.
    ///
    /// The path shows up in log lines: values that should not go into `:id` or the query.
    #[must_use]
    pub fn get(path: &str) -> Self {
        RawCall::new(Method::Get, path, Safety::Safe)
    }

    /// A POST to a path that begins with a slash. It is sent again only if it cannot have arrived; if its response is
    /// lost, the error says [`may_have_executed`](crate::Error::may_have_executed).
    #[must_use]
    pub fn post(path: &str) -> Self {
        RawCall::new(Method::Post, path, Safety::Once)
    }

    /// A PATCH of a path that begins with a slash. It is sent again only if it cannot have arrived; if its response is
    /// lost, the error says [`may_have_executed`](crate::Error::may_have_executed).
    #[must_use]
    pub fn patch(path: &str) -> Self {
        RawCall::new(Method::Patch, path, Safety::Once)
    }

    fn new(method: Method, path: &str, safety: Safety) -> Self {
        let is_path = path.starts_with('/')
            && path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\".contains(&byte));
        // What the response holds is unknown, so it is treated as if it held secrets.
        let route = Route::new(method, path.to_owned().into(), quota(method, path), safety).with_secrets();
        let is_path =
            check::ensure(is_path, || "a path begins with a slash and has no query, spaces or accents");
        let is_free = check::ensure(
            !path.starts_with("/auth/"),
            || "tokens are the session's own: use login, refresh and logout",
        );
        RawCall(Request::new(route).require("path", is_path.and(is_free)))
    }

    /// Fills the first `:id` of the path.
    #[must_use]
    pub fn id(self, id: i64) -> Self {
        RawCall(self.0.id(id))
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(self, name: &str, value: &str) -> Self {
        RawCall(self.0.append(name.to_owned(), value))
    }

    /// Sets the body.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        RawCall(self.0.json(body))
    }

    /// Says that the call changes nothing, or sets the same thing again, so that it can be sent again after
    /// a failure even though it is not a GET.
    #[must_use]
    pub fn may_repeat(mut self) -> Self {
        if self.0.route.safety == Safety::Once {
            self.0.route.safety = Safety::Idempotent;
        }
        self
    }
}

/// An order or a quote counts as one, even if it is sent as a raw call.
fn quota(method: Method, path: &str) -> Quota {
    let orders = [vouchers::ORDERS.place, topups::ORDERS.place, esim::ORDERS.place];
    let quotes = [vouchers::QUOTE, topups::QUOTE, esim::QUOTE];
    let known = orders.into_iter().chain(quotes).find(|route| (route.method, &*route.path) == (method, path));
    match method {
        Method::Get => Quota::Reads,
        _ => known.map_or(Quota::Unlimited, |route| route.quota),
    }
}

impl fmt::Debug for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCall")
            .field("method", &self.0.route.method)
            .field("route", &self.0.route.path)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Calls a route that this crate does not know yet, with this session's login, retries and time limits.
    ///
    /// The response is read into a type that you choose. Members that the type does not name are ignored; an
    /// envelope (`{"success":true,"data":...}`) is taken off. A success without a body, such as a 204, is `null`: read it
    /// as `()`, an `Option` or a `serde_json::Value`.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for a path that is none;
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response does not fit the type; else as the server
    /// or the network failed. After a POST or PATCH, [`may_have_executed`](crate::Error::may_have_executed) says whether
    /// the call may have had its effect all the same.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// let countries: Vec<Country> = session.call(&RawCall::get("/api/v1/countries"))?;
    /// assert!(!countries.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn call<T: DeserializeOwned>(&self, call: &RawCall) -> Result<T> {
        self.fetch_value(&call.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Vertical::{Esims, Topups, Vouchers};

    #[test]
    fn calls_are_counted_as_the_server_counts_them() {
        for (call, expected) in [
            (RawCall::get("/api/v1/orders"), Quota::Reads),
            (RawCall::get("/api/v1/unheard/of"), Quota::Reads),
            (RawCall::post("/api/v1/orders"), Quota::Orders(Vouchers)),
            (RawCall::post("/api/v1/topups/orders"), Quota::Orders(Topups)),
            (RawCall::post("/api/v1/esim/orders"), Quota::Orders(Esims)),
            (RawCall::post("/api/v1/products/:id/charges").id(7), Quota::Quotes(Vouchers)),
            (RawCall::post("/api/v1/topups/charges"), Quota::Quotes(Topups)),
            (RawCall::post("/api/v1/esim/charges"), Quota::Quotes(Esims)),
            (RawCall::post("/api/v1/products/:id/availability").id(7), Quota::Unlimited),
            (RawCall::patch("/api/v1/orders"), Quota::Unlimited),
            (RawCall::post("/api/v1/unheard/of"), Quota::Unlimited),
        ] {
            assert_eq!(call.0.route.quota, expected, "{call:?}");
        }
    }
}
