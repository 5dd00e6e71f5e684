//! One endpoint: the facts that hold for each of its calls.
//!
//! Each route stands once, as a constant beside the methods that use it, in `api/`.

use std::borrow::Cow;

use super::rate_limit::{Quota, Vertical};

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

/// What a second execution of the same request would do, in the terms of RFC 9110.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Safety {
    /// The request changes nothing.
    Safe,
    /// A second execution changes nothing more.
    Idempotent,
    /// Each execution has an effect, so it is not retried after a lost response.
    Once,
}

/// How a list is divided into pages. The page size has two names on the wire, and each route knows only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paging {
    pub(crate) size: &'static str,
    pub(crate) largest: u32,
}

/// An endpoint: method, path, and the rules of its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// With placeholders: what logs and errors may show.
    pub(crate) path: Cow<'static, str>,
    pub(crate) quota: Quota,
    pub(crate) safety: Safety,
    pub(crate) paging: Option<Paging>,
    /// Whether the response can hold secrets such as card codes, which are then requested uncompressed.
    pub(crate) has_secrets: bool,
    pub(crate) needs_token: bool,
}

impl Route {
    /// Reads something.
    pub(crate) const fn get(path: &'static str) -> Self {
        Route::new(Method::Get, Cow::Borrowed(path), Quota::Reads, Safety::Safe)
    }

    /// Places an order. Its client reference makes a retry safe.
    pub(crate) const fn order(path: &'static str, vertical: Vertical) -> Self {
        let quota = Quota::Orders(vertical);
        Route::new(Method::Post, Cow::Borrowed(path), quota, Safety::Idempotent).with_secrets()
    }

    /// Computes the charges of an order, and changes nothing.
    pub(crate) const fn quote(path: &'static str, vertical: Vertical) -> Self {
        Route::new(Method::Post, Cow::Borrowed(path), Quota::Quotes(vertical), Safety::Safe)
    }

    /// Any other POST. The server publishes no limit for it.
    pub(crate) const fn post(path: &'static str, safety: Safety) -> Self {
        Route::new(Method::Post, Cow::Borrowed(path), Quota::Unlimited, safety)
    }

    /// Any PATCH. The server publishes no limit for it.
    pub(crate) const fn patch(path: &'static str, safety: Safety) -> Self {
        Route::new(Method::Patch, Cow::Borrowed(path), Quota::Unlimited, safety)
    }

    pub(crate) const fn new(method: Method, path: Cow<'static, str>, quota: Quota, safety: Safety) -> Self {
        Route { method, path, quota, safety, paging: None, has_secrets: false, needs_token: true }
    }

    pub(crate) const fn paged(mut self, size: &'static str, largest: u32) -> Self {
        self.paging = Some(Paging { size, largest });
        self
    }

    pub(crate) const fn with_secrets(mut self) -> Self {
        self.has_secrets = true;
        self
    }

    pub(crate) const fn without_token(mut self) -> Self {
        self.needs_token = false;
        self
    }

    /// Whether a request may be sent again after a lost response.
    pub(crate) fn may_repeat(&self) -> bool {
        self.safety != Safety::Once
    }

    /// Whether a request can have an effect that outlives a lost response.
    pub(crate) fn has_effect(&self) -> bool {
        self.safety != Safety::Safe
    }

    /// The method and the path, as errors show them. A raw call may have an invalid path, which can hold a query or a
    /// password: it ends where a query begins, and one that is a full URL is not shown.
    pub(crate) fn shown(&self) -> Option<String> {
        let path = self.path.split(['?', '#']).next().filter(|path| path.starts_with('/'))?;
        Some(format!("{} {path}", self.method.as_str()))
    }

    /// The name by which the token engine tells routes apart. Routes that this crate does not know share one.
    pub(crate) fn name(&self) -> &'static str {
        match self.path {
            Cow::Borrowed(path) => path,
            Cow::Owned(_) => "another",
        }
    }
}
