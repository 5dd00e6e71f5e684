//! A call of a route that this crate does not know yet.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::Request;
use crate::{Error, Result, Session};

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
        RawCall::new(Request::get(path.to_owned()))
    }

    /// A POST to a path that begins with a slash. It is sent again only if it cannot have arrived; if its response is
    /// lost, the error says [`may_have_executed`](crate::Error::may_have_executed).
    #[must_use]
    pub fn post(path: &str) -> Self {
        RawCall::new(Request::post(path.to_owned()))
    }

    /// A PATCH of a path that begins with a slash. It is sent again only if it cannot have arrived; if its response is
    /// lost, the error says [`may_have_executed`](crate::Error::may_have_executed).
    #[must_use]
    pub fn patch(path: &str) -> Self {
        RawCall::new(Request::patch(path.to_owned()))
    }

    fn new(request: Request) -> Self {
        let path = request.path.clone();
        let is_path = path.starts_with('/')
            && path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\".contains(&byte));
        // What the answer holds is unknown, so it is treated as if it held codes.
        RawCall(
            request
                .secret_response()
                .require(is_path, || {
                    Error::invalid_request("a path begins with a slash and has no query, spaces or accents")
                })
                .require(!path.starts_with("/auth/"), || {
                    Error::invalid_request("tokens are the session's own: use login, refresh and logout")
                }),
        )
    }

    /// Fills the first `:id` of the path.
    #[must_use]
    pub fn id(self, id: i64) -> Self {
        RawCall(self.0.id(id))
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(self, name: &str, value: &str) -> Self {
        RawCall(self.0.query(name.to_owned(), Some(value)))
    }

    /// Sets the body.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        RawCall(self.0.json(body))
    }

    /// Says that the call changes nothing, or sets the same thing again, so that it can be sent again after
    /// a failure even though it is not a GET.
    #[must_use]
    pub fn may_repeat(self) -> Self {
        RawCall(self.0.may_repeat())
    }
}

impl fmt::Debug for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCall")
            .field("method", &self.0.method)
            .field("route", &self.0.route)
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
