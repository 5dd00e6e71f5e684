//! The shapes of a response that endpoint methods read, and the time limits of a method.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::Session;
use super::call::CallError;
use super::orders::ServerClock;
use crate::http::{self, Listed, Listing, Request, Response, Route};
use crate::model::{Identified, Model};
use crate::{Page, Result};

/// The limits of one method of the session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    /// When the method must return (monotonic).
    pub(crate) deadline: Duration,
    /// When the last attempt may start (monotonic).
    pub(crate) last_start: Duration,
    /// How often the session had been closed when the method began. A method that spans a logout fails.
    pub(crate) closes: u64,
    /// Reads the server's clock from every response.
    pub(super) server_clock: Option<&'a ServerClock>,
}

impl Scope<'_> {
    /// Moves the deadline forward to `deadline`, if that is earlier.
    pub(crate) fn until(mut self, deadline: Duration) -> Self {
        self.deadline = self.deadline.min(deadline);
        self.starting_by(deadline)
    }

    /// Lets no attempt start after `last_start`.
    pub(crate) fn starting_by(mut self, last_start: Duration) -> Self {
        self.last_start = self.last_start.min(last_start);
        self
    }
}

impl Session {
    /// The limits of a method that starts now, with the session's `deadline`.
    pub(crate) fn scope(&self) -> Scope<'static> {
        self.scope_of(self.owner.inner.source.settings.deadline)
    }

    /// The limits of a method that starts now and may take `limit`.
    pub(crate) fn scope_of(&self, limit: Duration) -> Scope<'static> {
        let deadline = self.now().saturating_add(limit);
        Scope { deadline, last_start: deadline, closes: self.owner.inner.cache.closes(), server_clock: None }
    }

    /// The current monotonic reading.
    pub(crate) fn now(&self) -> Duration {
        self.owner.inner.source.clock.monotonic()
    }

    /// Pauses until `until` (monotonic). Fails with `LoggedOut` as soon as the session is closed.
    pub(crate) fn pause_until(&self, until: Duration, scope: Scope<'_>) -> Result<()> {
        self.owner.inner.cache.pause_until(until, scope.closes)
    }

    /// Makes a call within `scope` and reads its response.
    pub(super) fn read_in<T>(
        &self,
        request: &Request,
        scope: Scope<'_>,
        read: impl FnOnce(&Response) -> Result<T>,
    ) -> Result<T, CallError> {
        let reply = self.owner.inner.call(request, scope)?;
        read(reply.response()).map_err(|error| reply.unreadable(error, request))
    }

    /// Fetches one object.
    pub(crate) fn fetch<T: Model>(&self, request: &Request) -> Result<T> {
        Ok(self.read_in(request, self.scope(), http::object_of)?)
    }

    /// Fetches a value of any type that serde can read.
    pub(crate) fn fetch_value<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        Ok(self.read_in(request, self.scope(), http::value_of)?)
    }

    /// Fetches the object with this id.
    pub(crate) fn fetch_one<T>(&self, route: Route, id: i64) -> Result<T>
    where
        T: Model + Identified,
    {
        let request = Request::new(route).id(id);
        Ok(self.read_in(&request, self.scope(), |response| http::one_of(response, id))?)
    }

    /// Fetches a list that has no pages.
    pub(crate) fn fetch_list<T: Model>(&self, request: &Request) -> Result<Vec<T>> {
        Ok(self.read_in(request, self.scope(), http::list_of)?)
    }

    /// Fetches one page of a list.
    pub(crate) fn fetch_page<T: Model>(&self, request: &Request) -> Result<Page<T>> {
        let asked = Listed { page: request.requested_page(), size: request.requested_size(), before: None };
        Ok(self.fetch_page_in(request, asked, self.scope())?.page)
    }

    /// Like `fetch_page`, within `scope`.
    pub(crate) fn fetch_page_in<T: Model>(
        &self,
        request: &Request,
        asked: Listed,
        scope: Scope<'_>,
    ) -> Result<Listing<T>> {
        let mut listing = self.read_in(request, scope, |response| http::page_of(response, asked))?;
        listing.page.unreadable =
            listing.page.unreadable.into_iter().map(|item| item.with_route(&request.route)).collect();
        Ok(listing)
    }

    /// Whether the server has not yet refused large pages of this list.
    pub(crate) fn gives_large_pages(&self, route: &str) -> bool {
        !self.owner.inner.source.small_pages().lock().contains(&route)
    }

    /// Remembers that the server refuses large pages of this list.
    pub(crate) fn refuses_large_pages(&self, route: &'static str) {
        self.owner.inner.source.small_pages().lock().push(route);
    }

    /// Makes a call whose response has nothing but a status.
    pub(crate) fn execute(&self, request: &Request) -> Result<()> {
        Ok(self.read_in(request, self.scope(), http::nothing_of)?)
    }
}
