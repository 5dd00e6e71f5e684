//! Finding an order by its client reference.

use super::{OrderRoutes, Session};
use crate::http::Request;
use crate::model::Placed;
use crate::page::Walk;
use crate::session::fetch::Scope;
use crate::{ClientReference, Error, Result};

/// How many listed orders without a reference one lookup reads in full, to see whether the order itself has it.
const MOST_NAMELESS: usize = 10;

impl Session {
    /// Finds an order by its client reference and returns it in full, with its codes. `None` means that every item of
    /// every page was read; after an error the order may exist.
    pub(crate) fn find<T: Placed>(
        &self,
        routes: &OrderRoutes,
        reference: &ClientReference,
    ) -> Result<Option<T>> {
        let found = self.find_in::<T>(routes, reference, self.scope());
        found.map_err(|error| error.with_client_reference(reference.as_str()).with_may_have_executed(true))
    }

    /// Like `find`, within `scope`. A server may ignore the filter, or match the beginning of a reference, so every
    /// page is read until the order is found.
    pub(super) fn find_in<T: Placed>(
        &self,
        routes: &OrderRoutes,
        reference: &ClientReference,
        scope: Scope<'_>,
    ) -> Result<Option<T>> {
        let wanted = reference.as_str();
        let mut walk = Walk::<T>::new(
            Request::new(routes.list.clone().with_secrets()).set("client_reference", reference),
        );
        let mut nameless = 0;
        let mut all_read = true;
        while let Some(page) = walk.next_page(self, scope)? {
            all_read &= page.iter().all(Result::is_ok);
            let orders: Vec<T> = page.into_iter().filter_map(Result::ok).collect();
            if let Some(listed) = orders.iter().find(|order| order.reference() == Some(wanted)) {
                let read: T = self.read_order(routes, listed.id(), scope)?;
                return match read.reference() {
                    Some(other) if other != wanted => {
                        Err(unreadable(routes, "lists an order under another reference"))
                    }
                    _ => Ok(Some(read)),
                };
            }
            for listed in orders.iter().filter(|order| order.reference().is_none()) {
                nameless += 1;
                if nameless > MOST_NAMELESS {
                    return Err(unreadable(routes, "lists orders without their client references"));
                }
                let read: T = self.read_order(routes, listed.id(), scope)?;
                match read.reference() {
                    Some(found) if found == wanted => return Ok(Some(read)),
                    Some(_) => {}
                    None => return Err(unreadable(routes, "shows an order without its client reference")),
                }
            }
        }
        if all_read { Ok(None) } else { Err(unreadable(routes, "lists an order that cannot be read")) }
    }
}

fn unreadable(routes: &OrderRoutes, what: &str) -> Error {
    Error::invalid_response(format!("the server {what}, so it is not known whether the order exists"))
        .with_route(&routes.list)
}
