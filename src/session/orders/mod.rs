//! Orders execute exactly once, and the caller gets the order or learns that it may exist.
//!
//! The same for all three verticals, which differ in their routes and in what an order shows of itself.

mod doubt;
mod find;
mod place;
mod recent;
mod server_clock;
mod wait;

use time::OffsetDateTime;

pub(super) use self::doubt::Doubt;
pub(super) use self::recent::Recent;
pub(super) use self::server_clock::ServerClock;
use super::Session;
use super::call::CallError;
use super::fetch::Scope;
use crate::http::{self, Request};
use crate::model::{Identified, Model};
use crate::{ClientReference, Result};

/// An order of one vertical, as far as placing it and waiting for it goes.
pub(crate) trait Placed: Model + Identified {
    /// What was asked for.
    type Asked;
    /// Where one order is.
    const ONE: &'static str;

    fn request(asked: &Self::Asked) -> Request;
    /// Lists the orders that have this reference, as far as the server can tell.
    fn listed(reference: &ClientReference) -> Request;
    fn asked_reference(asked: &Self::Asked) -> &ClientReference;

    fn reference(&self) -> Option<&str>;
    fn status(&self) -> &str;
    fn is_terminal(&self) -> bool;
    /// Whether this is known to be the order that was asked for. `since` is the time, on the server's clock, before
    /// which the call cannot have placed it; none if that is not known.
    fn is_it(&self, asked: &Self::Asked, since: Option<OffsetDateTime>) -> bool;
    /// Whether it shows that it is another order than the one that was asked for.
    fn is_another(&self, asked: &Self::Asked, since: Option<OffsetDateTime>) -> bool;
}

impl Session {
    pub(crate) fn get_placed<T: Placed>(&self, id: i64) -> Result<T> {
        Ok(self.read_order(id, self.scope())?)
    }

    fn read_order<T: Placed>(&self, id: i64, scope: Scope<'_>) -> Result<T, CallError> {
        let request = Request::get(T::ONE).id(id).secret_response();
        self.read_in(&request, scope, |response| http::one_of(response, id))
    }
}
