//! One call as data.

use std::borrow::Cow;
use std::fmt::Display;

use serde::Serialize;
use zeroize::Zeroizing;

use super::route::Route;
use crate::model::check::{self, Check, Input};
use crate::{ClientReference, Error, Result};

/// A request of the API, complete but for the host and the token.
///
/// The builder methods never fail: [`Request::checked`] reports the first rule that the request breaks before
/// anything is sent, so an endpoint method stays one expression.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) route: Route,
    /// The path of the route with its id filled in.
    pub(crate) path: Cow<'static, str>,
    /// What [`set`](Request::set) adds is sorted by name, so equal filters are equal requests.
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
    /// Whether it is sent although the connections are closed.
    pub(crate) passes_closed: bool,
    /// Set on requests that move money.
    pub(crate) reference: Option<ClientReference>,
    /// The broken rules, by the member or parameter that they are about.
    problems: Vec<(&'static str, Cow<'static, str>)>,
}

impl Request {
    pub(crate) fn new(route: Route) -> Self {
        Request {
            path: route.path.clone(),
            route,
            query: Vec::new(),
            body: None,
            passes_closed: false,
            reference: None,
            problems: Vec::new(),
        }
    }

    /// Fills the `:id` of the path.
    pub(crate) fn id(mut self, id: i64) -> Self {
        if let Some((before, after)) = self.path.split_once(":id").filter(|_| id > 0) {
            self.path = format!("{before}{id}{after}").into();
        }
        self.require("id", check::id(id))
    }

    /// Sets a query parameter, in place of an earlier value.
    pub(crate) fn set(mut self, name: &'static str, value: impl Display) -> Self {
        self.replace(name, value);
        self
    }

    /// Sets a query parameter that has to keep a rule.
    pub(crate) fn set_checked(self, name: &'static str, value: impl Display, check: Check) -> Self {
        self.set(name, value).require(name, check)
    }

    /// Adds a query parameter, also beside one of the same name.
    pub(crate) fn append(mut self, name: String, value: &str) -> Self {
        self.query.push((name.into(), value.to_owned()));
        self
    }

    fn replace(&mut self, name: &'static str, value: impl Display) {
        let found = self.query.binary_search_by(|(found, _)| found.as_ref().cmp(name));
        match found.map(|at| self.query.get_mut(at)) {
            Ok(Some(parameter)) => parameter.1 = value.to_string(),
            Ok(None) => {}
            Err(at) => self.query.insert(at, (Cow::Borrowed(name), value.to_string())),
        }
    }

    /// Requests this page of a list; the first is 1.
    pub(crate) fn page(self, page: u32) -> Self {
        self.set_checked("page", page, check::page(page))
    }

    /// Requests pages of this size.
    pub(crate) fn page_size(self, size: u32) -> Self {
        match self.route.paging {
            Some(paging) => self.set_checked(paging.size, size, check::page_size(size, paging.largest)),
            None => self,
        }
    }

    pub(crate) fn set_page(&mut self, page: u32) {
        self.replace("page", page);
    }

    pub(crate) fn set_page_size(&mut self, size: u32) {
        if let Some(paging) = self.route.paging {
            self.replace(paging.size, size);
        }
    }

    /// The page it requests; the first if it names none.
    pub(crate) fn requested_page(&self) -> u32 {
        self.number("page").unwrap_or(1)
    }

    /// The page size it requests, if it names one.
    pub(crate) fn requested_size(&self) -> Option<u32> {
        self.route.paging.and_then(|paging| self.number(paging.size))
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.query.iter().find(|(found, _)| found == name).and_then(|(_, value)| value.parse().ok())
    }

    /// Sets the body, which has to keep its rules.
    pub(crate) fn body(self, body: &impl Input) -> Self {
        self.require("body", body.check()).json(body)
    }

    /// Sets a body that has no rules.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => {
                self.body = Some(Zeroizing::new(bytes));
                self
            }
            Err(_) => self.require("body", Err("the request body cannot be written as JSON".into())),
        }
    }

    /// Sets a body that holds a secret.
    pub(crate) fn secret_body(mut self, body: Zeroizing<Vec<u8>>) -> Self {
        self.body = Some(body);
        self
    }

    /// Says that the request moves money under this reference.
    pub(crate) fn reference(mut self, reference: &ClientReference) -> Self {
        self.reference = Some(reference.clone());
        self
    }

    /// Says that the request ends the session: it is sent even over closed connections.
    pub(crate) fn passes_closed(mut self) -> Self {
        self.passes_closed = true;
        self
    }

    /// Refuses the request if a rule is broken. A later check of the same value replaces this one.
    pub(crate) fn require(mut self, about: &'static str, check: Check) -> Self {
        self.problems.retain(|(found, _)| *found != about);
        self.problems.extend(check.err().map(|problem| (about, problem)));
        self
    }

    /// Fails with the first broken rule.
    pub(crate) fn checked(&self) -> Result<()> {
        match self.problems.first() {
            Some((_, problem)) => Err(Error::invalid_request(problem.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Request {
        Request::new(Route::get("/things").paged("limit", 500))
    }

    #[test]
    fn a_parameter_that_is_set_again_replaces_the_first_and_its_problem() {
        let broken = list().page(0).page_size(501);
        assert_eq!(broken.checked().unwrap_err().to_string(), "the page must be 1 or more");
        let mended = broken.page(1);
        assert_eq!(
            mended.checked().unwrap_err().to_string(),
            "the limit of a page must be 1 to 500 items here"
        );
        let mended = mended.page_size(500);
        assert!(mended.checked().is_ok());
        assert_eq!((mended.requested_page(), mended.requested_size()), (1, Some(500)));
    }

    #[test]
    fn requests_are_equal_whatever_the_order_in_which_their_parameters_were_set() {
        let query = |request: Request| -> Vec<_> {
            request.query.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        let one = list().set("search", "a").page_size(20).page(2);
        let other = list().page(2).set("search", "b").page_size(20).set("search", "a");
        assert!(one == other);
        assert_eq!(query(one), ["limit=20", "page=2", "search=a"]);
    }
}
