//! Orders execute exactly once. The caller gets the order, or learns that it may exist.
//!
//! Gift cards, top-ups and eSIMs share this code. They differ in their routes and in the members of an order.

mod doubt;
mod find;
mod place;
mod recent;
mod server_clock;
mod wait;

pub(super) use self::doubt::Doubt;
pub(super) use self::recent::Recent;
pub(super) use self::server_clock::ServerClock;
use super::Session;
use super::call::CallError;
use super::fetch::Scope;
use crate::Result;
use crate::http::{self, Request, Route};
use crate::model::Placed;

/// Where the orders of one vertical are placed, listed and read.
pub(crate) struct OrderRoutes {
    pub(crate) place: Route,
    pub(crate) list: Route,
    pub(crate) one: Route,
}

impl Session {
    pub(crate) fn get_placed<T: Placed>(&self, routes: &OrderRoutes, id: i64) -> Result<T> {
        Ok(self.read_order(routes, id, self.scope())?)
    }

    fn read_order<T: Placed>(&self, routes: &OrderRoutes, id: i64, scope: Scope<'_>) -> Result<T, CallError> {
        let request = Request::new(routes.one.clone()).id(id);
        self.read_in(&request, scope, |response| http::one_of(response, id))
    }
}
