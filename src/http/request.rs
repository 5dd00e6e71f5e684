//! One call as data: what to send, how long it may take, and whether it may be sent again.

use std::borrow::Cow;
use std::fmt::Display;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::{ClientReference, Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Patch,
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
        }
    }
}

/// Which of the session's two time limits holds for one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeLimit {
    /// `timeout`, 30 s.
    Usual,
    /// `order_timeout`, 90 s: the server may hold an order for a minute.
    Order,
}

/// A request of the API, complete but for the host and the token.
///
/// The builder methods never fail: the first problem is kept and reported by [`Request::checked`], before
/// anything is sent, so that an endpoint method stays one expression.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts, each set by a builder method")]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path with placeholders: what logs and errors may show.
    pub(crate) route: Cow<'static, str>,
    pub(crate) path: Cow<'static, str>,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    /// What a route with pages calls the number of items in one.
    size_name: &'static str,
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
    pub(crate) time_limit: TimeLimit,
    /// Whether it may be sent again after a lost response.
    pub(crate) may_repeat: bool,
    /// Whether it can have an effect that outlives a lost response.
    pub(crate) has_effect: bool,
    /// Whether the request carries the session's access token.
    pub(crate) with_token: bool,
    /// Whether the response can hold secrets, which are then requested uncompressed.
    pub(crate) secret_response: bool,
    /// Whether it is sent although the connections are closed.
    pub(crate) passes_closed: bool,
    /// Set on requests that move money.
    pub(crate) reference: Option<ClientReference>,
    problem: Option<Error>,
}

impl Request {
    pub(crate) fn get(route: impl Into<Cow<'static, str>>) -> Self {
        Request::new(Method::Get, route.into()).reads()
    }

    pub(crate) fn post(route: impl Into<Cow<'static, str>>) -> Self {
        Request::new(Method::Post, route.into())
    }

    pub(crate) fn patch(route: impl Into<Cow<'static, str>>) -> Self {
        Request::new(Method::Patch, route.into())
    }

    fn new(method: Method, route: Cow<'static, str>) -> Self {
        Request {
            method,
            path: route.clone(),
            route,
            query: Vec::new(),
            size_name: "limit",
            body: None,
            time_limit: TimeLimit::Usual,
            may_repeat: false,
            has_effect: true,
            with_token: true,
            secret_response: false,
            passes_closed: false,
            reference: None,
            problem: None,
        }
    }

    /// The route as the token engine tells routes apart: those the crate does not know are one.
    pub(crate) fn route_name(&self) -> &'static str {
        match self.route {
            Cow::Borrowed(route) => route,
            Cow::Owned(_) => "another",
        }
    }

    /// Fills the `:id` of the route.
    pub(crate) fn id(mut self, id: i64) -> Self {
        if id <= 0 {
            return self.problem(Error::invalid_request(format!("an id is 1 or more, not {id}")));
        }
        if let Some((before, after)) = self.path.split_once(":id") {
            self.path = format!("{before}{id}{after}").into();
        }
        self
    }

    /// Adds a query parameter if there is a value.
    pub(crate) fn query(mut self, name: impl Into<Cow<'static, str>>, value: Option<impl Display>) -> Self {
        if let Some(value) = value {
            self.query.push((name.into(), value.to_string()));
        }
        self
    }

    /// Says which page of a list is wanted, and of how many items.
    pub(crate) fn paged(mut self, page: Option<u32>, size_name: &'static str, size: Option<u32>) -> Self {
        self.size_name = size_name;
        self.query("page", page).query(size_name, size)
    }

    /// The number of items in a page, if it was set.
    pub(crate) fn page_size(&self) -> Option<u32> {
        self.number(self.size_name)
    }

    pub(crate) fn set_page_size(&mut self, size: u32) {
        self.set_query(self.size_name, size);
    }

    /// Sets a query parameter, in place of an earlier value.
    pub(crate) fn set_query(&mut self, name: &'static str, value: impl Display) {
        self.query.retain(|(found, _)| found != name);
        self.query.push((Cow::Borrowed(name), value.to_string()));
    }

    /// The value of a query parameter that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.query.iter().find(|(found, _)| found == name).and_then(|(_, value)| value.parse().ok())
    }

    /// Sets the body.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => {
                self.body = Some(Zeroizing::new(bytes));
                self
            }
            Err(_) => self.problem(Error::invalid_request("the request body cannot be written as JSON")),
        }
    }

    /// Sets a body that holds a secret, and expects one in the response.
    pub(crate) fn secret_body(mut self, body: Zeroizing<Vec<u8>>) -> Self {
        self.body = Some(body);
        self.secret_response()
    }

    /// Says that the request changes nothing, although it may not be a GET.
    pub(crate) fn reads(mut self) -> Self {
        self.has_effect = false;
        self.may_repeat()
    }

    /// Says that the request sets the same thing again when it is sent again.
    pub(crate) fn may_repeat(mut self) -> Self {
        self.may_repeat = true;
        self
    }

    /// Says that the request moves money, under a reference that makes it safe to send again.
    pub(crate) fn order(mut self, reference: &ClientReference) -> Self {
        self.reference = Some(reference.clone());
        self.may_repeat = true;
        self.time_limit = TimeLimit::Order;
        self.secret_response()
    }

    /// Says that the response can hold secrets, such as card codes.
    pub(crate) fn secret_response(mut self) -> Self {
        self.secret_response = true;
        self
    }

    /// Says that the request ends the session: it is sent although nothing else is any more.
    pub(crate) fn passes_closed(mut self) -> Self {
        self.passes_closed = true;
        self
    }

    pub(crate) fn without_token(mut self) -> Self {
        self.with_token = false;
        self
    }

    /// Refuses the request unless a rule holds; the first broken rule is the one reported.
    pub(crate) fn require(self, holds: bool, otherwise: impl FnOnce() -> Error) -> Self {
        if holds { self } else { self.problem(otherwise()) }
    }

    fn problem(mut self, error: Error) -> Self {
        self.problem.get_or_insert(error);
        self
    }

    /// The first problem met while the request was put together.
    pub(crate) fn checked(&self) -> Result<()> {
        self.problem.clone().map_or(Ok(()), Err)
    }
}
