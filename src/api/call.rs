//! Calls of routes that this crate does not know.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{esim, topups, vouchers};
use crate::http::{Method, Quota, Request, Route, Safety};
use crate::model::check;
use crate::{Result, Session};

/// A request to a route that this crate does not know, for [`Session::call`].
///
/// ```
/// use popup_rewards::RawCall;
///
/// let call = RawCall::get("/api/v1/products/:id/related").id(3105).query("limit", "5");
/// ```
#[derive(Clone)]
pub struct RawCall(Request);

impl RawCall {
    /// Creates a GET request. The path must begin with a slash. A failed GET is retried.
    ///
    /// The path appears in log lines and errors. Put values that must not into `:id` or the query.
    #[must_use]
    pub fn get(path: &str) -> Self {
        RawCall::new(Method::Get, path, Safety::Safe)
    }

    /// Creates a POST request. The path must begin with a slash. A POST is retried only if it cannot have arrived. If
    /// its response is lost, [`may_have_executed`](crate::Error::may_have_executed) is true.
    #[must_use]
    pub fn post(path: &str) -> Self {
        RawCall::new(Method::Post, path, Safety::Once)
    }

    /// Creates a PATCH request. The path must begin with a slash. A PATCH is retried only if it cannot have arrived.
    /// If its response is lost, [`may_have_executed`](crate::Error::may_have_executed) is true.
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

    /// Replaces the first `:id` in the path.
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

    /// Declares the request idempotent: it is retried after a failure, although it is not a GET.
    #[must_use]
    pub fn may_repeat(mut self) -> Self {
        if self.0.route.safety == Safety::Once {
            self.0.route.safety = Safety::Idempotent;
        }
        self
    }
}

/// A raw call to an order or quote route has that route's quota.
fn quota(method: Method, path: &str) -> Quota {
    let orders = [vouchers::ORDERS.place, topups::ORDERS.place, esim::ORDERS.place];
    let quotes = [vouchers::QUOTE, topups::QUOTE, esim::QUOTE];
    // The path may contain the id itself.
    let template = || path.split('/').map(|part| if part.parse::<u64>().is_ok() { ":id" } else { part });
    let known = orders
        .into_iter()
        .chain(quotes)
        .find(|route| route.method == method && template().eq(route.path.split('/')));
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

/// # Other routes
impl Session {
    /// Calls a route that this crate does not know, with the session's token, retries and time limits.
    ///
    /// Deserializes the response as `T`. The envelope (`{"success":true,"data":...}`) is removed first, and unknown
    /// members are ignored. A success without a body, such as a 204, deserializes like `null`: use `()`, an `Option`
    /// or a `serde_json::Value`.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the path is invalid,
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response is not a `T`,
    /// [`Server`](crate::ErrorKind::Server), [`Network`](crate::ErrorKind::Network) or
    /// [`Timeout`](crate::ErrorKind::Timeout) if the call fails. If a POST or PATCH fails,
    /// [`may_have_executed`](crate::Error::may_have_executed) tells whether the server may have executed it.
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
    use crate::http::Vertical::{Esim, Topup, Voucher};

    #[test]
    fn calls_are_counted_as_the_server_counts_them() {
        for (call, expected) in [
            (RawCall::get("/api/v1/orders"), Quota::Reads),
            (RawCall::get("/api/v1/unheard/of"), Quota::Reads),
            (RawCall::post("/api/v1/orders"), Quota::Orders(Voucher)),
            (RawCall::post("/api/v1/topups/orders"), Quota::Orders(Topup)),
            (RawCall::post("/api/v1/esim/orders"), Quota::Orders(Esim)),
            (RawCall::post("/api/v1/products/:id/charges").id(7), Quota::Quotes(Voucher)),
            (RawCall::post("/api/v1/products/7/charges"), Quota::Quotes(Voucher)),
            (RawCall::post("/api/v1/topups/charges"), Quota::Quotes(Topup)),
            (RawCall::post("/api/v1/esim/charges"), Quota::Quotes(Esim)),
            (RawCall::post("/api/v1/products/:id/availability").id(7), Quota::Unlimited),
            (RawCall::patch("/api/v1/orders"), Quota::Unlimited),
            (RawCall::post("/api/v1/unheard/of"), Quota::Unlimited),
        ] {
            assert_eq!(call.0.route.quota, expected, "{call:?}");
        }
    }
}
