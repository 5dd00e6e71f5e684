//! Orders execute exactly once, and the caller gets the order or learns that it may exist.
//!
//! The same for all three verticals, which differ in their routes and in what an order shows of itself.

use rust_decimal::Decimal;
use serde::de::DeserializeOwned;

use super::Session;
use super::call::Scope;
use crate::http::{Decision, Outcome, Request};
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
    /// Whether this is the order that was asked for, as far as an order tells.
    fn likeness(&self, asked: &Self::Asked) -> Likeness;
}

/// How much an order that was found by its reference looks like the one that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    Same,
    /// The price is another than expected: a large discount, a wallet in another currency, or another order.
    Doubtful,
    Other,
}

impl Likeness {
    /// Judges an order that shows the price after the discount, and not the amount that was asked for.
    pub(crate) fn of(same_product: bool, net: Decimal, asked: Decimal) -> Self {
        match same_product {
            false => Likeness::Other,
            true if net <= asked && net + net >= asked => Likeness::Same,
            true => Likeness::Doubtful,
        }
    }
}

impl Session {
    /// Places an order, and finds out what became of it when the answer does not say.
    ///
    /// The attempts leave a part of the call's time for that question.
    pub(crate) fn place<T: Placed>(&self, request: &Request, asked: &T::Asked) -> Result<T> {
        let Some(reference) = request.reference.clone() else { return self.fetch(request) };
        let scope = self.scope();
        let settings = self.owner.inner.source.settings;
        let reserve = settings.timeout.min(settings.deadline / 4);
        let error = match self.fetch_in::<T>(request, scope.until(scope.deadline.saturating_sub(reserve))) {
            Ok(order) if order.reference().is_none_or(|found| found == reference.as_str()) => {
                return Ok(order);
            }
            Ok(_) => Error::invalid_response("the server answered with another order")
                .with_client_reference(reference.as_str())
                .with_may_have_executed(true),
            Err(error) => error,
        };
        let on_its_way = error.may_have_executed() || names_a_duplicate(&error);
        if !on_its_way && !may_hide_an_order(&error) {
            return Err(error);
        }
        match self.settle::<T>(&reference, on_its_way, scope) {
            Ok(Some(order)) => match order.likeness(asked) {
                Likeness::Same => Ok(order),
                // After a lost answer, an order at another price is ours more likely than anybody else's.
                Likeness::Doubtful if error.may_have_executed() => Ok(order),
                likeness => Err(error
                    .with_kind(
                        ErrorKind::DuplicateReference,
                        "another order already has this client reference",
                    )
                    .with_may_have_executed(likeness == Likeness::Doubtful)),
            },
            Ok(None) => Err(error.with_may_have_executed(on_its_way)),
            // Without an answer to the question, the order has to count as placed.
            Err(_) => Err(error.with_may_have_executed(true)),
        }
    }

    /// Looks for an order whose placing failed. One that may still be on its way is looked for again, as often as
    /// the retry policy allows: a server can list an order later than it has taken it.
    fn settle<T: Placed>(
        &self,
        reference: &ClientReference,
        on_its_way: bool,
        scope: Scope,
    ) -> Result<Option<T>> {
        let retry = self.owner.inner.source.settings.retry;
        let mut looks = 0;
        loop {
            let found = self.find_in(reference, scope)?;
            if found.is_some() || !on_its_way {
                return Ok(found);
            }
            looks += 1;
            let left = scope.deadline.saturating_sub(self.now());
            match retry.decide(looks, Outcome::Unknown { wait: None }, true, left, 1.0) {
                Decision::GiveUp => return Ok(None),
                Decision::RepeatAfter(pause) => self.pause_until(self.now().saturating_add(pause), scope)?,
            }
        }
    }

    /// The whole order with a reference, codes included.
    pub(crate) fn find<T: Placed>(&self, reference: &ClientReference) -> Result<Option<T>> {
        self.find_in(reference, self.scope())
    }

    fn find_in<T: Placed>(&self, reference: &ClientReference, scope: Scope) -> Result<Option<T>> {
        let request =
            Request::get(T::LIST).query("client_reference", Some(reference.as_str())).secret_response();
        let listed = self.fetch_page_in::<T>(&request, scope)?.items;
        if listed.is_empty() {
            return Ok(None);
        }
        let only = listed.len() == 1;
        let candidate = listed.into_iter().find(|order| match order.reference() {
            Some(found) => found == reference.as_str(),
            // A list may leave the reference out; the order itself has it.
            None => only,
        });
        let whole = candidate.map(|order| self.fetch_in::<T>(&one::<T>(order.id()), scope)).transpose()?;
        // A server that does not know the filter lists whatever there is.
        match whole.filter(|order| order.reference() == Some(reference.as_str())) {
            Some(order) => Ok(Some(order)),
            None => Err(Error::invalid_response("the server listed orders with other client references")),
        }
    }

    pub(crate) fn get_placed<T: Placed>(&self, id: i64) -> Result<T> {
        self.fetch(&one::<T>(id))
    }
}

pub(super) fn one<T: Placed>(id: i64) -> Request {
    Request::get(T::ONE).id(id).secret_response()
}

/// Whether a refusal can be the server's way to say that the order is there already, placed by an earlier call.
///
/// Duplicates have no code of their own. A server may also look at the wallet, which that order has emptied, or at
/// the product, which is gone by now, before it looks at the reference. Only a request that could never have been
/// accepted tells that there is nothing to find.
fn may_hide_an_order(error: &Error) -> bool {
    let hopeless = ["VALIDATION_FAILURE", "SYNTAX_ERROR"];
    let refused = error.kind() == ErrorKind::InsufficientFunds
        || matches!(error.status(), Some(400 | 402 | 404 | 409 | 422));
    refused && error.code().is_none_or(|code| !hopeless.iter().any(|it| code.eq_ignore_ascii_case(it)))
}

/// Whether a refusal names the cause. The message is no more than a hint, so it is only taken as a reason to be more
/// careful: the order it speaks of can belong to a call that is still running, and cannot be found yet.
fn names_a_duplicate(error: &Error) -> bool {
    let texts = [error.code(), error.server_message()];
    error.status().is_some_and(|status| status < 500)
        && texts.into_iter().flatten().any(|text| text.to_ascii_lowercase().contains("duplicate"))
}
