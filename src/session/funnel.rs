//! The one way every call takes: turn, token, attempt, classification, and what follows from it.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::event::EventKind;
use super::{Access, CALL_LOG, Inner, Session};
use crate::clock::Now;
use crate::http::{
    self, API_LIMIT, Decision, Failure, Fate, Limits, Listed, Outcome, RateClass, Request, Response,
    TimeLimit,
};
use crate::token::{Grant, Need};
use crate::{Error, ErrorKind, Page, Result};

impl Session {
    /// Makes a call that answers with one object.
    pub(crate) fn fetch<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        self.fetch_by(request, self.inner.deadline())
    }

    /// The same, over by a monotonic reading of the caller's.
    pub(super) fn fetch_by<T: DeserializeOwned>(&self, request: &Request, deadline: Duration) -> Result<T> {
        let response = self.inner.call(request, deadline)?;
        http::object_of(&response).map_err(|error| executed(request, self.inner.without_token(error)))
    }

    /// Makes a call that answers with a list that has no pages.
    pub(crate) fn fetch_list<T: DeserializeOwned>(&self, request: &Request) -> Result<Vec<T>> {
        http::list_of(&self.inner.call(request, self.inner.deadline())?)
            .map_err(|error| self.inner.without_token(error))
    }

    /// Makes a call that answers with one page of a list.
    pub(crate) fn fetch_page<T: DeserializeOwned>(&self, request: &Request) -> Result<Page<T>> {
        self.fetch_page_by(request, self.inner.deadline())
    }

    /// The same, over by a monotonic reading of the caller's.
    pub(super) fn fetch_page_by<T: DeserializeOwned>(
        &self,
        request: &Request,
        deadline: Duration,
    ) -> Result<Page<T>> {
        let asked = Listed {
            page: request.number("page").unwrap_or(1),
            limit: request.number("limit").or_else(|| request.number("per_page")),
        };
        http::page_of(&self.inner.call(request, deadline)?, asked)
            .map_err(|error| self.inner.without_token(error))
    }

    /// Makes a call whose answer says nothing beyond its status.
    pub(crate) fn execute(&self, request: &Request) -> Result<()> {
        self.inner.call(request, self.inner.deadline()).map(drop)
    }
}

/// Marks the error of an order the server has accepted, but described in a way that cannot be read.
fn executed(request: &Request, error: Error) -> Error {
    match &request.reference {
        Some(reference) => error.with_client_reference(reference.as_str()).with_may_have_executed(true),
        None => error,
    }
}

/// What a call remembers from one attempt to the next.
struct Course {
    deadline: Duration,
    /// Attempts made, without the one extra that a 401 allows.
    made: u32,
    /// The token must be newer than this: the server has refused that one.
    newer_than: u64,
    /// Whether an attempt may have been executed without our knowing.
    ambiguous: bool,
}

impl Inner {
    /// Makes a call: as many attempts as are safe and fit in the deadline.
    fn call(self: &Arc<Self>, request: &Request, deadline: Duration) -> Result<Response> {
        request.checked()?;
        self.check_process();
        self.counters.call();
        let mut course = Course { deadline, made: 0, newer_than: 0, ambiguous: false };
        self.attempts(request, &mut course).map_err(|error| match &request.reference {
            Some(reference) => {
                error.with_client_reference(reference.as_str()).with_may_have_executed(course.ambiguous)
            }
            None => error,
        })
    }

    fn attempts(self: &Arc<Self>, request: &Request, course: &mut Course) -> Result<Response> {
        loop {
            if let Some(class) = RateClass::of(request) {
                self.limiter.wait_turn(class, &*self.clock, course.deadline)?;
            }
            let grant = self.token_for(request, course)?;
            course.made += 1;
            let (outcome, error) = match self.attempt(request, grant.as_ref(), course.deadline) {
                Ok(response) if response.is_success() => {
                    if let Some(grant) = &grant {
                        self.gate.accept(grant.generation);
                    }
                    return Ok(response);
                }
                Ok(response) => {
                    course.ambiguous |= response.resent;
                    let error = self.refusal(&response, grant.as_ref());
                    if let Some(grant) = grant.as_ref().filter(|_| response.status == 401) {
                        self.after_401(grant.generation, course, error)?;
                        continue;
                    }
                    (outcome_of(&error), error)
                }
                Err(Failure { fate: Fate::NotSent, error }) => (Outcome::NotSent, error),
                Err(Failure { error, .. }) => (Outcome::Unknown { wait: None }, error),
            };
            course.ambiguous |= matches!(outcome, Outcome::Unknown { .. });
            // The token was given up in the meantime, and a logout stays a logout.
            if error.kind() == ErrorKind::LoggedOut {
                return Err(error);
            }
            let left = course.deadline.saturating_sub(self.clock.monotonic());
            let random = self.clock.random();
            match self.settings.retry.decide(course.made, outcome, request.may_repeat, left, random) {
                Decision::GiveUp => return Err(error),
                Decision::RepeatAfter(pause) => {
                    self.counters.retry();
                    self.clock.sleep(pause);
                }
            }
        }
    }

    fn token_for(self: &Arc<Self>, request: &Request, course: &Course) -> Result<Option<Grant<Arc<Access>>>> {
        if !request.with_token {
            return Ok(None);
        }
        let need = Need { newer_than: course.newer_than, ..Need::default() };
        self.gate.acquire(need, || course.deadline, self).map(Some)
    }

    /// One 401 is answered with a newer token and one more attempt; the second is the caller's.
    fn after_401(&self, generation: u64, course: &mut Course, error: Error) -> Result<()> {
        if course.newer_than == 0 {
            course.newer_than = generation;
            course.made = course.made.saturating_sub(1);
            self.counters.retry();
            return Ok(());
        }
        if self.gate.reject(Now::read(&*self.clock), generation, self.clock.random()) {
            self.observe(EventKind::Rejected, Some(&error));
        }
        Err(error)
    }

    fn attempt(
        &self,
        request: &Request,
        grant: Option<&Grant<Arc<Access>>>,
        deadline: Duration,
    ) -> Result<Response, Failure> {
        let started = self.clock.monotonic();
        let usual = match request.time_limit {
            TimeLimit::Usual => self.settings.timeout,
            TimeLimit::Order => self.settings.order_timeout,
        };
        let limits = Limits { timeout: usual.min(deadline.saturating_sub(started)), body: API_LIMIT };
        let result = match grant {
            Some(grant) => grant.access.wire.send(request, Some(grant.access.token.header()), limits),
            None => {
                let wire = Arc::clone(&self.open_wire.lock());
                wire.send(request, None, limits)
            }
        };
        if log::log_enabled!(target: CALL_LOG, log::Level::Debug) {
            let millis = self.clock.monotonic().saturating_sub(started).as_millis();
            let (method, route) = (request.method.as_str(), &request.route);
            match &result {
                Ok(response) => {
                    let (status, id) = (response.status, response.request_id().unwrap_or("-"));
                    log::debug!(target: CALL_LOG, "{method} {route} {status} {millis}ms request_id={id}");
                }
                Err(failure) => {
                    log::debug!(target: CALL_LOG, "{method} {route} {:?} {millis}ms", failure.error.kind());
                }
            }
        }
        result
    }

    /// The error of an answer whose status says success: what it holds may repeat the token all the same.
    fn without_token(&self, error: Error) -> Error {
        match self.gate.held_access() {
            Some(access) => error.redact(access.token.expose()),
            None => error,
        }
    }

    fn refusal(&self, response: &Response, grant: Option<&Grant<Arc<Access>>>) -> Error {
        let error = http::failure_of(response, Now::read(&*self.clock).wall);
        match grant {
            Some(grant) => error.redact(grant.access.token.expose()),
            None => error,
        }
    }
}

/// What an answer other than success means for repeating the call.
fn outcome_of(error: &Error) -> Outcome {
    match error.kind() {
        ErrorKind::RateLimited => Outcome::Limited { wait: error.retry_after() },
        ErrorKind::Server | ErrorKind::Timeout => Outcome::Unknown { wait: error.retry_after() },
        _ => Outcome::Answered,
    }
}
