//! Orders execute exactly once, and the caller gets the order or learns that it may exist.
//!
//! The same for all three verticals, which differ in their routes and in what an order shows of itself.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::Session;
use crate::http::Request;
use crate::{ClientReference, Error, ErrorKind, Result};

/// An order of one vertical, as far as placing and following it goes.
pub(crate) trait Placed: DeserializeOwned {
    /// What was asked for.
    type Asked;
    /// Where orders are listed and placed, and where one is.
    const LIST: &'static str;
    const ONE: &'static str;

    fn id(&self) -> i64;
    fn reference(&self) -> Option<&str>;
    fn status(&self) -> &str;
    fn is_terminal(&self) -> bool;
    /// Whether this can be the order that was asked for, as far as an order tells.
    fn matches(&self, asked: &Self::Asked) -> bool;
}

/// Polling is quick for the time in which most orders are delivered, and then patient.
const QUICK: Duration = Duration::from_secs(5);
const QUICK_FOR: Duration = Duration::from_secs(60);
const PATIENT: Duration = Duration::from_secs(30);

impl Session {
    /// Places an order, and finds out what became of it when the answer does not say.
    ///
    /// The attempts leave a part of the call's time for that question.
    pub(crate) fn place<T: Placed>(&self, request: &Request, asked: &T::Asked) -> Result<T> {
        let Some(reference) = request.reference.clone() else { return self.fetch(request) };
        let deadline = self.inner.deadline();
        let settings = self.inner.settings;
        let reserve = settings.timeout.min(settings.deadline / 4);
        let error = match self.fetch_by::<T>(request, deadline.saturating_sub(reserve)) {
            Ok(order) if order.reference().is_none_or(|found| found == reference.as_str()) => {
                return Ok(order);
            }
            Ok(_) => Error::invalid_response("the server answered with another order")
                .with_client_reference(reference.as_str())
                .with_may_have_executed(true),
            Err(error) => error,
        };
        if !may_exist(&error) {
            return Err(error);
        }
        match self.find_by::<T>(&reference, deadline) {
            Ok(Some(order)) if order.matches(asked) => Ok(order),
            Ok(Some(_)) => Err(error
                .with_kind(ErrorKind::DuplicateReference, "another order already has this client reference")
                .with_may_have_executed(false)),
            Ok(None) => Err(error),
            // Without an answer to the question, the order has to count as placed.
            Err(_) => Err(error.with_may_have_executed(true)),
        }
    }

    /// The whole order with a reference, codes included.
    pub(crate) fn find<T: Placed>(&self, reference: &ClientReference) -> Result<Option<T>> {
        self.find_by(reference, self.inner.deadline())
    }

    fn find_by<T: Placed>(&self, reference: &ClientReference, deadline: Duration) -> Result<Option<T>> {
        let request =
            Request::get(T::LIST).query("client_reference", Some(reference.as_str())).secret_answer();
        let found = self.fetch_page_by::<T>(&request, deadline)?.items;
        if found.is_empty() {
            return Ok(None);
        }
        let only = found.len() == 1;
        let order = found.into_iter().find(|order| match order.reference() {
            Some(found) => found == reference.as_str(),
            // The filter is exact: a single order that does not repeat its reference is the one.
            None => only,
        });
        match order {
            Some(order) => self.fetch_by(&one::<T>(order.id()), deadline).map(Some),
            None => Err(Error::invalid_response("the server listed orders with other client references")),
        }
    }

    pub(crate) fn get_placed<T: Placed>(&self, id: i64) -> Result<T> {
        self.fetch(&one::<T>(id))
    }

    /// Looks at an order until it is done, or until the time is up.
    pub(crate) fn follow<T: Placed>(&self, id: i64, timeout: Duration) -> Result<T> {
        let clock = &self.inner.clock;
        let started = clock.monotonic();
        let mut last = None;
        loop {
            let pause = match self.get_placed::<T>(id) {
                Ok(order) if order.is_terminal() => return Ok(order),
                Ok(order) => {
                    last = Some((order.status().to_owned(), order.reference().map(ToOwned::to_owned)));
                    None
                }
                Err(error) if error.is_retryable() => error.retry_after(),
                Err(error) => return Err(error),
            };
            let passed = clock.monotonic().saturating_sub(started);
            let usual = if passed < QUICK_FOR { QUICK } else { PATIENT };
            let pause = pause.unwrap_or(usual).max(QUICK);
            if passed.saturating_add(pause) > timeout {
                return Err(still_waiting(id, passed, last));
            }
            clock.sleep(pause);
        }
    }
}

fn one<T: Placed>(id: i64) -> Request {
    Request::get(T::ONE).id(id).secret_answer()
}

/// Whether an order may be there although placing it failed: it was lost on the way, or the server refused it for a
/// reason that can be that it is there already. Duplicates have no code of their own.
fn may_exist(error: &Error) -> bool {
    let code = error.code().unwrap_or("BAD_REQUEST");
    let generic = matches!(error.status(), Some(400 | 409 | 422)) && code.eq_ignore_ascii_case("BAD_REQUEST");
    let duplicate = code.to_ascii_uppercase().contains("DUPLICATE");
    error.may_have_executed() || generic || duplicate
}

fn still_waiting(id: i64, passed: Duration, last: Option<(String, Option<String>)>) -> Error {
    let (status, reference) = last.unwrap_or_else(|| ("unknown".to_owned(), None));
    let message = format!("order {id} is still {status} after {} seconds", passed.as_secs());
    let error = Error::new(ErrorKind::Timeout, message).with_may_have_executed(true);
    match reference {
        Some(reference) => error.with_client_reference(&reference),
        None => error,
    }
}
